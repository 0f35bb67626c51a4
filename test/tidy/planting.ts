/**
 * Small trees with planted violations: a rule is proven when the violation is found, and the same tree without it is
 * left alone.
 */
import t from 'tap';
import { readSourceTree, type SourceTree, type Violation, violationText } from './source-tree.ts';

export type Files = Readonly<Record<string, string>>;

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

export function plant(t: TestFolder, files: Files): SourceTree {
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

export function finds(
  title: string,
  check: (tree: SourceTree) => readonly Violation[],
  files: Files,
  expected: RegExp,
): void {
  t.test(`found: ${title}`, async (t) => {
    t.match(check(plant(t, files)).map(violationText).join('\n'), expected);
  });
}

export function allows(title: string, check: (tree: SourceTree) => readonly Violation[], files: Files): void {
  t.test(`allowed: ${title}`, async (t) => {
    t.same(check(plant(t, files)).map(violationText), []);
  });
}
