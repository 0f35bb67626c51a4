// The linter's rules that the project leans on most are proven by planted faults, with the project's own settings.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { repositoryRoot } from '../support/needs.ts';

const settings = JSON.parse(readFileSync(join(repositoryRoot, 'biome.json'), 'utf8'));
// The planted files lie in no clone and are ignored by none.
const planted = JSON.stringify({ ...settings, vcs: { enabled: false } });

function lint(t: Pick<typeof import('tap').default, 'testdir'>, text: string, name = 'planted.ts'): string {
  const folder = t.testdir({
    'biome.json': planted,
    'other.ts': 'export async function work(): Promise<void> {}\n',
    [name]: text,
  });
  const biome = join(repositoryRoot, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const result = spawnSync(process.execPath, [biome, 'lint', '--reporter=json', '.'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const report = JSON.parse(result.stdout) as { readonly diagnostics: readonly { readonly category: string }[] };
  return report.diagnostics.map(({ category }) => category).join('\n');
}

const WORK = "import { work } from './other.ts';\n";
const FOUND: Readonly<Record<string, readonly [text: string, rule: RegExp]>> = {
  'a promise of another file that nobody awaits': [
    `${WORK}export function run(): void {\n  work();\n}\n`,
    /noFloatingPromises/,
  ],
  'a promise of an interface that nobody awaits': [
    'export interface Port {\n  write(): Promise<void>;\n}\nexport function run(port: Port): void {\n  port.write();\n}\n',
    /noFloatingPromises/,
  ],
  'a promise as a condition': [
    `${WORK}export function run(): number {\n  return work() ? 1 : 2;\n}\n`,
    /noMisusedPromises/,
  ],
  'an async callback where nobody awaits it': [
    `${WORK}export function run(list: number[]): void {\n  list.forEach(async () => {\n    await work();\n  });\n}\n`,
    /noMisusedPromises/,
  ],
  any: ['export function run(a: any): void {\n  a();\n}\n', /noExplicitAny/],
  'a compiler error that is ignored': ['// @ts-ignore\nexport const a: number = 1;\n', /noTsIgnore/],
  'a type imported as a value': ["import { type Port } from './other.ts';\nexport type A = Port;\n", /useImportType/],
  'an unused variable': ['export function run(): void {\n  const a = 1;\n}\n', /noUnusedVariables/],
  'a thrown sentence': ["export function run(): void {\n  throw 'no';\n}\n", /useThrowOnlyError/],
};

for (const [title, [text, rule]] of Object.entries(FOUND)) {
  t.test(`found: ${title}`, async (t) => {
    t.match(lint(t, text), rule);
  });
}

t.test('found: a file name in another case', async (t) => {
  t.match(lint(t, 'export const a = 1;\n', 'FileName.ts'), /useFilenamingConvention/);
});

t.test('allowed: a promise that is awaited, returned or explicitly left alone', async (t) => {
  t.equal(
    lint(
      t,
      `${WORK}export async function run(): Promise<void> {\n  await work();\n  void work();\n  return work();\n}\n`,
    ),
    '',
  );
});
