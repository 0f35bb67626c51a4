// Each rule is proven here: a small tree with one planted violation must be found, and the same tree without it not.
import t from 'tap';
import { checkBans } from './ban-checks.ts';
import { checkLength, checkOrphans, checkTestsRun } from './file-checks.ts';
import { checkCycles, checkImports } from './import-checks.ts';
import { checkLockfile } from './lockfile-checks.ts';
import { readSourceTree, type SourceTree, type Violation, violationText } from './source-tree.ts';
import { checkDocuments, checkText } from './text-checks.ts';

type Files = Readonly<Record<string, string>>;

const MANIFEST = JSON.stringify({
  dependencies: { kafkajs: '1', lmdb: '1', fastify: '1' },
  devDependencies: { mqtt: '1', tap: '1' },
});
const FOUNDATION: Files = {
  'package.json': MANIFEST,
  'engine/index.ts': "export * from './batch/index.ts';\n",
  'engine/base/index.ts': "export * from './errors.ts';\n",
  'engine/base/errors.ts': 'export const code = 1;\n',
  'engine/batch/index.ts': "export * from './cursor.ts';\n",
  'engine/batch/cursor.ts': "export { code } from '../base/index.ts';\n",
  'engine/simulate/index.ts': 'export const simulated = 1;\n',
  'actors/decode/index.ts': "export { code } from '../../engine/index.ts';\n",
  'schemas/generated/enmon.ts': 'export const frame = 1;\n',
};

type TestFolder = Pick<typeof t, 'testdir'>;
type Folder = { [name: string]: string | Folder };

function plant(t: TestFolder, files: Files): SourceTree {
  const folder: Folder = {};
  for (const [path, text] of Object.entries({ ...FOUNDATION, ...files })) {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    let inner = folder;
    for (const part of parts) {
      const next = inner[part] ?? {};
      if (typeof next === 'string') throw new Error(`${path} lies below a file`);
      inner[part] = next;
      inner = next;
    }
    inner[name] = text;
  }
  return readSourceTree(t.testdir(folder));
}

function finds(title: string, check: (tree: SourceTree) => readonly Violation[], files: Files, expected: RegExp): void {
  t.test(`found: ${title}`, async (t) => {
    t.match(check(plant(t, files)).map(violationText).join('\n'), expected);
  });
}

function allows(title: string, check: (tree: SourceTree) => readonly Violation[], files: Files): void {
  t.test(`allowed: ${title}`, async (t) => {
    t.same(check(plant(t, files)).map(violationText), []);
  });
}

const lengthViolations = (tree: SourceTree): readonly Violation[] => checkLength(tree).violations;
const WORD = ['TO', 'DO'].join('');

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

const BANNED: Readonly<Record<string, string>> = {
  'Date.now': 'const a = Date.now();',
  'new Date() without an argument': 'const a = new Date();',
  'new Date without brackets': 'const a = new Date;',
  'performance.now': 'const a = performance.now();',
  'process.hrtime': 'const a = process.hrtime.bigint();',
  setTimeout: 'setTimeout(() => {}, 1);',
  setInterval: 'globalThis.setInterval(run, 1);',
  'a timer module': "import { setTimeout as delay } from 'node:timers/promises';",
  'Math.random': 'const a = Math.random();',
  randomBytes: "import { randomBytes } from 'node:crypto';\nconst a = randomBytes(8);",
  'crypto.randomUUID': 'const a = crypto.randomUUID();',
  'node:net': "import { connect } from 'node:net';",
  'http without its prefix': "import { request } from 'http';",
  fetch: "const a = await fetch('x');",
  'node:fs': "import { readFileSync } from 'node:fs';",
  'node:fs/promises, dynamically': "const fs = await import('node:fs/promises');",
  'node:child_process': "import { spawn } from 'node:child_process';",
  'process.env': 'const a = process.env.HOME;',
  'process.exit': 'process.exit(1);',
  'console.log': "console.log('x');",
  'a device word': 'const imeiLength = 15; const enmon = 1;',
  'an async listener': "emitter.on('x', async () => {});",
  'Date.now inside a template': `const a = \`at \${Date.now()}\`;`,
  'Date.now after a regular expression with a quote': "const a = /'/.test(b);\nconst c = Date.now();",
};
for (const [title, text] of Object.entries(BANNED))
  finds(`${title} in the engine`, checkBans, { 'engine/window/a.ts': text }, /^engine\/window\/a\.ts:\d+ {2}\S/);

allows('what looks like a banned name and is none', checkBans, {
  'engine/window/a.ts': [
    "// Date.now() and Math.random() are banned; see console.log('x')",
    'const text = \'Date.now()\' + "Math.random()" + `setTimeout(`;',
    'const date = new Date(clock.nowMs());',
    'clock.setTimeout(run, 5); this.#console.log(1);',
    'interface Port { fetch(count: number): void; }',
    "emitter.on('x', () => {});",
    'const half = a / 2 / b; // Date.now',
  ].join('\n'),
});
allows('time, chance and files at home', checkBans, {
  'engine/base/clock.ts': 'export const now = () => Date.now();',
  'engine/base/random.ts': 'export const random = () => Math.random();',
  'engine/log/embedded/a.ts': "import { readFileSync } from 'node:fs';",
  'bridges/http/index.ts': "import { createServer } from 'node:http';",
  'cli/main.ts': 'console.log(process.env.HOME);',
});
finds(
  'a test that sleeps',
  checkBans,
  { 'test/a.test.ts': 'await new Promise((resolve) => setTimeout(resolve, 100));' },
  /sleeping tests/,
);
finds('a test that sleeps by a module', checkBans, { 'test/a.test.ts': 'await delay(100);' }, /sleeping tests/);

const FLOATING: Readonly<Record<string, string>> = {
  'a named one': "import { rm } from 'node:fs/promises';\nexport function f() {\n  rm('x');\n}",
  'one of a namespace': "import * as fs from 'node:fs/promises';\nexport const f = () => { fs.rm('x'); };",
  'one renamed': "import { setTimeout as delay } from 'node:timers/promises';\nif (a) {\n  delay(5);\n}",
  once: "import { once } from 'node:events';\nrun();\nonce(process, 'exit');",
};
for (const [title, text] of Object.entries(FLOATING))
  finds(`a floating promise of a built-in module, ${title}`, checkBans, { 'cli/a.ts': text }, /floating promise/);
allows('promises of built-in modules that are awaited, returned, passed on or void', checkBans, {
  'cli/a.ts': [
    "import { rm } from 'node:fs/promises';",
    "import { once } from 'node:events';",
    "await rm('x');",
    "const a = rm('x');",
    'const b = await Promise.all([',
    "  rm('x'),",
    "  once(process, 'exit'),",
    ']);',
    "const c = () => rm('x');",
    "export const d = () =>\n  rm('x');",
    "void rm('x');",
    'const e =\n  rm(a);',
    "store.rm('x');",
  ].join('\n'),
});

finds('a file of 501 lines', lengthViolations, { 'cli/a.ts': 'a;\n'.repeat(501) }, /501 lines/);
allows('a file of 500 lines, a long generated one', lengthViolations, {
  'cli/a.ts': 'a;\n'.repeat(500),
  'schemas/generated/b.ts': 'a;\n'.repeat(900),
});
finds('a README that is too long', lengthViolations, { 'README.md': 'a\n'.repeat(121) }, /README\.md {2}121 lines/);
t.test('found: a file of 301 lines, as a warning', async (t) => {
  t.match(checkLength(plant(t, { 'cli/a.ts': 'a;\n'.repeat(301) })).warnings.map(violationText), [/301 lines/]);
});

const USED: Files = {
  'test/all.test.ts':
    "import '../actors/decode/index.ts';\nimport '../engine/simulate/index.ts';\nimport '../schemas/generated/enmon.ts';",
};
finds('an orphan', checkOrphans, { ...USED, 'cli/left-over.ts': '' }, /cli\/left-over\.ts {2}nothing imports it/);
finds(
  'two orphans that hold each other',
  checkOrphans,
  { ...USED, 'cli/a.ts': "import './b.ts';", 'cli/b.ts': "import './a.ts';" },
  /cli\/a\.ts[\s\S]*cli\/b\.ts/,
);
allows('a file named as a path, by a URL, or in package.json', checkOrphans, {
  ...USED,
  'cli/main.ts':
    "spawn(node, ['cli/child.ts']);\nnew Worker(new URL('./worker.ts', import.meta.url));\njoin(folder, 'other.ts');",
  'cli/child.ts': '',
  'cli/worker.ts': '',
  'cli/parts/other.ts': '',
  'cli/started.ts': '',
  'package.json': JSON.stringify({ scripts: { a: 'bin/node24 cli/started.ts' } }),
});

finds('a test outside test/', checkTestsRun, { 'cli/a.test.ts': '' }, /only test\/\*\*\/\*\.test\.ts is run/);
finds('a test in another language', checkTestsRun, { 'test/a.test.mjs': '' }, /only test/);
finds(
  'a test whose name no pattern matches',
  checkTestsRun,
  { 'test/a.ts': "import t from 'tap';\nt.test('x', () => {});" },
  /no pattern runs it/,
);
finds(
  'a test of another runner',
  checkTestsRun,
  { 'test/a.test.ts': "import test from 'node:test';" },
  /tests use tap/,
);
allows('a suite that a test calls', checkTestsRun, {
  'engine/testkit/suite.ts': "import type t from 'tap';\nexport function suite(t: X) { t.test('a', () => {}); }",
});

finds('an open end without an issue', checkText, { 'cli/a.ts': `// ${WORD}: later` }, /cli\/a\.ts:1 {2}an open end/);
allows('an open end with its issue', checkText, { 'cli/a.ts': `// ${WORD} #12: later\n// ${WORD} (#12)` });
finds(
  "a developer's path",
  checkText,
  { 'docs/a.md': `see ${['', 'home', 'ana', 'x'].join('/')}` },
  /one developer's machine/,
);
allows('paths and addresses of everybody', checkText, {
  'docs/a.md': 'see https://example.org/home/x and /tmp/x and shared/home/y',
});
finds(
  'a registry in the lockfile',
  checkText,
  { 'package-lock.json': '{\n  "resolved": "https://r.example/a.tgz"\n}' },
  /package registry/,
);
allows('a link in the lockfile', checkText, { 'package-lock.json': '{ "resolved": "tools/node24", "link": true }' });
finds('a private key', checkText, { 'test/a.pem': ['-----BEGIN', 'EC PRIVATE KEY-----'].join(' ') }, /a private key/);
finds('a conflict', checkText, { 'docs/a.md': `a\n${'<'.repeat(7)} HEAD\nb` }, /a\.md:2 {2}a conflict/);

finds('a link that leads nowhere', checkDocuments, { 'README.md': 'see [this](docs/gone.md)' }, /leads nowhere/);
finds(
  'a link to no heading',
  checkDocuments,
  { 'README.md': 'see [this](docs/a.md#none)', 'docs/a.md': '# One' },
  /no heading/,
);
finds(
  'a file named that is not there',
  checkDocuments,
  { 'docs/a.md': 'see `engine/batch/gone.ts`' },
  /names engine\/batch\/gone\.ts/,
);
allows('links that lead somewhere', checkDocuments, {
  'README.md':
    '[a](docs/a.md) [b](docs/a.md#two-words-here) [c](https://x.example) [d](#top) `engine/batch/cursor.ts` `engine/batch/`\n# Top\n```\n[x](gone.md)\n```',
  'docs/a.md': '# One\n## Two words, here',
});

const LOCKED = {
  'node_modules/tool': { optionalDependencies: { 'tool-linux': '1.0.0', 'tool-darwin': '1.0.0' } },
  'node_modules/tool-linux': {},
};
finds(
  'a lockfile without one platform',
  checkLockfile,
  { 'package-lock.json': JSON.stringify({ packages: LOCKED }) },
  /lacks tool-darwin 1\.0\.0/,
);
allows('a lockfile with all of them', checkLockfile, {
  'package-lock.json': JSON.stringify({ packages: { ...LOCKED, 'node_modules/tool-darwin': {} } }),
});
