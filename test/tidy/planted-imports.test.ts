// Arrows, entrances, homes of libraries and cycles: each rule against a planted violation.
import { checkCycles, checkImports } from './import-checks.ts';
import { allows, finds } from './planting.ts';

allows('a tree in order', checkImports, {
  'test/engine/batch/cursor.test.ts': "import { code } from '../../../engine/batch/cursor.ts';\nimport t from 'tap';",
  'bench/micro/a.ts': "import { simulated } from '../../engine/simulate/index.ts';",
  'bridges/mqtt/index.ts': "import { frame } from '../../schemas/generated/enmon.ts';",
  'cli/main.ts': "import '../actors/decode/index.ts';\nimport '../engine/index.ts';",
  'engine/log/index.ts': "export * from './kafka/index.ts';",
  'engine/log/kafka/index.ts': "import { Kafka } from 'kafkajs';\nimport '../port.ts';",
  'engine/log/port.ts': "import type { code } from '../batch/index.ts';",
  'schemas/base.ts': "export { code } from '../engine/base/index.ts';",
});

finds(
  'an arrow up inside engine/',
  checkImports,
  { 'engine/base/a.ts': "import '../batch/index.ts';" },
  /base must not import engine\/batch/,
);
finds(
  'an arrow up among types',
  checkImports,
  { 'engine/base/a.ts': "import type { X } from '../batch/index.ts';" },
  /must not import engine\/batch/,
);
finds(
  'an arrow up in a re-export over several lines',
  checkImports,
  { 'engine/base/a.ts': "export {\n  a,\n  b,\n} from '../batch/index.ts';" },
  /a\.ts:1 {2}engine\/base must not/,
);
finds(
  'an arrow up in import()',
  checkImports,
  { 'engine/base/a.ts': "const x = await import('../batch/index.ts');" },
  /must not import engine\/batch/,
);
finds(
  'an arrow up by a URL',
  checkImports,
  { 'engine/base/a.ts': "new URL('../batch/index.ts', import.meta.url);" },
  /must not import engine\/batch/,
);
finds(
  'an unknown folder of engine/',
  checkImports,
  { 'engine/helpers/a.ts': "import '../base/index.ts';" },
  /not in ENGINE_ORDER/,
);
finds(
  'a folder of engine/ that imports the front door',
  checkImports,
  { 'engine/batch/a.ts': "import '../index.ts';" },
  /its own front door/,
);
finds(
  'engine/ that knows an actor',
  checkImports,
  { 'engine/batch/a.ts': "import '../../actors/decode/index.ts';" },
  /engine\/ must not import actors\//,
);
finds(
  'engine/ that knows generated schemas',
  checkImports,
  { 'engine/batch/a.ts': "import '../../schemas/generated/enmon.ts';" },
  /engine\/ must not import schemas\//,
);
finds(
  'an actor that knows a bridge',
  checkImports,
  { 'actors/verify/index.ts': "import '../../bridges/mqtt/index.ts';", 'bridges/mqtt/index.ts': '' },
  /actors\/ must not import bridges\//,
);
finds(
  'an actor that knows another',
  checkImports,
  { 'actors/verify/index.ts': "import '../decode/index.ts';" },
  /they meet in a topic/,
);
finds(
  'a top folder without rules',
  checkImports,
  { 'stuff/a.ts': "import '../engine/index.ts';" },
  /not in TOP_FOLDERS/,
);
finds(
  'simulate in production',
  checkImports,
  { 'engine/testkit/index.ts': '', 'cli/main.ts': "import '../engine/simulate/index.ts';" },
  /only tests and benchmarks|engine\/ is entered by/,
);
finds(
  'simulate behind the front door',
  checkImports,
  { 'engine/index.ts': "export * from './simulate/index.ts';" },
  /only tests and benchmarks/,
);
finds(
  'engine/ entered by another file',
  checkImports,
  { 'actors/verify/index.ts': "import '../../engine/batch/index.ts';" },
  /engine\/ is entered by engine\/index\.ts/,
);
finds(
  'a folder of engine/ entered by another file',
  checkImports,
  { 'engine/log/a.ts': "import '../batch/cursor.ts';" },
  /engine\/batch\/ is entered by its index\.ts/,
);
finds(
  'a component entered by another file',
  checkImports,
  { 'cli/main.ts': "import '../bridges/mqtt/broker.ts';", 'bridges/mqtt/broker.ts': '' },
  /bridges\/mqtt\/ is entered by its index/,
);
finds(
  'an inner folder with a door entered past it',
  checkImports,
  { 'engine/log/a.ts': "import './kafka/b.ts';", 'engine/log/kafka/b.ts': '', 'engine/log/kafka/index.ts': '' },
  /kafka\/ is entered by its index/,
);
finds('a file that is not there', checkImports, { 'cli/main.ts': "import './gone.ts';" }, /no such file/);
finds(
  'a library away from home',
  checkImports,
  { 'engine/batch/a.ts': "import { Kafka } from 'kafkajs';" },
  /kafkajs may be imported in engine\/log\/kafka only/,
);
finds(
  'a library whose file is named, away from home',
  checkImports,
  { 'cli/main.ts': "import x from 'lmdb/dist/x.js';" },
  /lmdb may be imported/,
);
finds(
  'a library without a home',
  checkImports,
  { 'cli/main.ts': "import x from 'left-pad';" },
  /no home in LIBRARY_HOMES/,
);
finds(
  'a development library in production',
  checkImports,
  { 'services/fleet/index.ts': "import x from 'mqtt';" },
  /not in the dependencies/,
);
finds(
  'a test with an undeclared library',
  checkImports,
  { 'test/a.test.ts': "import x from 'left-pad';" },
  /not in package\.json/,
);
allows('an import inside a comment or a string', checkImports, {
  'engine/base/a.ts':
    "// import '../batch/index.ts'\n/* import '../batch/index.ts' */\nconst a = \"import '../batch/index.ts'\";\nconst b = `import '../batch/index.ts'`;",
});

finds(
  'a cycle of three files, one arrow a type',
  checkCycles,
  {
    'cli/a.ts': "import './b.ts';",
    'cli/b.ts': "import type { C } from './c.ts';",
    'cli/c.ts': "import './a.ts';",
  },
  /cycle of imports: cli\/a\.ts, cli\/b\.ts, cli\/c\.ts/,
);
finds('a file that imports itself', checkCycles, { 'cli/a.ts': "import './a.ts';" }, /imports itself/);
allows('two ways to one file', checkCycles, {
  'cli/a.ts': "import './b.ts';\nimport './c.ts';",
  'cli/b.ts': "import './c.ts';",
  'cli/c.ts': '',
});
