import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ERROR_TABLE } from '../../engine/base/errors.ts';
import { errorsDocument } from '../../tools/generate-errors.ts';
import { repositoryRoot } from '../support/needs.ts';
import { readSourceTree } from './source-tree.ts';

const tree = readSourceTree(repositoryRoot);
const codes = Object.keys(ERROR_TABLE);
const isNamed = (code: string, text: string): boolean => new RegExp(`['"\`]${code}['"\`]|\\b${code}\\b`).test(text);

t.test('the document is what the table says', async (t) => {
  t.equal(readFileSync(join(repositoryRoot, 'docs', 'reference', 'errors.md'), 'utf8'), errorsDocument());
});

t.test('the document has one row for each code, with every column', async (t) => {
  const rows = errorsDocument({
    B_CODE: { kind: 'bug', retriable: true, meaning: 'One | two.', remedy: 'None.' },
    A_CODE: { kind: 'input', retriable: false, meaning: 'Three.', remedy: 'Four.' },
  })
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  t.same(rows, ['| `A_CODE` | input | no | Three. | Four. |', '| `B_CODE` | bug | yes | One \\| two. | None. |']);
});

t.test('each row says what happened and what to do, in sentences', async (t) => {
  for (const [code, row] of Object.entries(ERROR_TABLE)) {
    t.match(code, /^[A-Z]+(?:_[A-Z]+)*$/);
    t.match(row.meaning, /^\S.*\.$/s, code);
    t.match(row.remedy, /^\S.*\.$/s, code);
    if (row.retriable) t.equal(row.kind, 'operating', `${code}: only what the world does may pass by itself`);
  }
});

t.test('each code is used by the program', async (t) => {
  const programs = [...tree.sources.values()].filter(
    ({ path }) => !/^(?:test|bench|tools)\//.test(path) && path !== 'engine/base/errors.ts',
  );
  const unused = codes.filter((code) => !programs.some(({ text }) => isNamed(code, text)));
  t.same(unused, []);
});

t.test('each code is provoked by a test', async (t) => {
  const texts = tree.paths
    .filter((path) => /^test\/.*(?:\.test\.ts|\.yaml|\.json)$/.test(path) || /^engine\/testkit\/.*\.ts$/.test(path))
    .map((path) => tree.read(path));
  const unproven = codes.filter((code) => !texts.some((text) => isNamed(code, text)));
  t.same(unproven, []);
});
