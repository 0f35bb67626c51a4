// Length, orphans, tests that do not run, texts, documents and the lockfile: each rule against a planted violation.
import t from 'tap';
import { checkLength, checkOrphans, checkTestsRun } from './file-checks.ts';
import { checkLockfile } from './lockfile-checks.ts';
import { allows, type Files, finds, plant } from './planting.ts';
import { type SourceTree, type Violation, violationText } from './source-tree.ts';
import { checkDocuments, checkText } from './text-checks.ts';

const lengthViolations = (tree: SourceTree): readonly Violation[] => checkLength(tree).violations;
const WORD = ['TO', 'DO'].join('');

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
