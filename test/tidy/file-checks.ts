/** Files as such: their length, whether anything uses them, whether their tests run. */
import { basename, posix } from 'node:path';
import { ENTRY_POINTS, FILE_LINES_DISCUSSED, FILE_LINES_MAX, README_LINES_MAX } from './import-rules.ts';
import { isGenerated, type SourceTree, type Violation } from './source-tree.ts';

const SOURCE = /\.(?:ts|mts|js|mjs|css|html|c|h|sol)$/;

const lineCount = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);

/** Too long is a violation; worth a discussion is a warning. */
export function checkLength(tree: SourceTree): { readonly violations: Violation[]; readonly warnings: Violation[] } {
  const violations: Violation[] = [];
  const warnings: Violation[] = [];
  for (const path of tree.paths) {
    if (path === 'README.md') {
      const lines = lineCount(tree.read(path));
      if (lines > README_LINES_MAX) violations.push({ path, says: `${lines} lines; at most ${README_LINES_MAX}` });
    }
    if (!SOURCE.test(path) || isGenerated(path)) continue;
    const lines = lineCount(tree.read(path));
    if (lines > FILE_LINES_MAX) violations.push({ path, says: `${lines} lines; at most ${FILE_LINES_MAX}` });
    else if (lines > FILE_LINES_DISCUSSED)
      warnings.push({ path, says: `${lines} lines; ${FILE_LINES_DISCUSSED} is the aim` });
  }
  return { violations, warnings };
}

/** A source file that no entry point reaches, by imports or by naming it as a path. */
export function checkOrphans(tree: SourceTree): Violation[] {
  const reached = new Set<string>();
  const queue = [...tree.sources.keys()].filter((path) => isEntryPoint(tree, path));
  for (const path of queue) {
    if (reached.has(path)) continue;
    reached.add(path);
    const file = tree.sources.get(path);
    if (file === undefined) continue;
    for (const item of file.imports) if (item.target !== undefined) queue.push(item.target);
    for (const name of file.namedFiles) queue.push(...filesNamed(tree, path, name));
  }
  return [...tree.sources.keys()]
    .filter((path) => !reached.has(path))
    .map((path) => ({ path, says: 'nothing imports it and it is no entry point' }));
}

function isEntryPoint(tree: SourceTree, path: string): boolean {
  if (ENTRY_POINTS.some((pattern) => pattern.test(path))) return true;
  const starters = tree.paths.filter((candidate) => /^(?:package\.json|bin\/[^/]+|\.ci\/[^/]+)$/.test(candidate));
  return starters.some((starter) => tree.read(starter).includes(path));
}

/** What a string such as './worker.ts', 'test/support/child.ts' or 'child.ts' may mean. */
function filesNamed(tree: SourceTree, from: string, name: string): string[] {
  const relative = posix.normalize(posix.join(posix.dirname(from), name));
  if (tree.sources.has(relative)) return [relative];
  const tail = name.replace(/^(?:\.\.?\/)+/, '');
  if (basename(tail) === 'index.ts' && !tail.includes('/')) return [];
  return [...tree.sources.keys()].filter((path) => path === tail || path.endsWith(`/${tail}`));
}

/** Tests that the command does not run: it takes test/**\/*.test.ts and nothing else. */
export function checkTestsRun(tree: SourceTree): Violation[] {
  const violations: Violation[] = [];
  for (const path of tree.paths) {
    const isRun = /^test\/.*\.test\.ts$/.test(path);
    if (/(?:^|\/)[^/]*[.-](?:test|spec)\.[cm]?[jt]sx?$/.test(path) && !isRun)
      violations.push({ path, says: 'named like a test, but only test/**/*.test.ts is run' });
    const file = tree.sources.get(path);
    if (file === undefined) continue;
    const usesTap = /^import t\b.*from 'tap'/m.test(file.text) && !/^import type t\b/m.test(file.text);
    const calls = /(?<![.\w])t\s*\.\s*test\s*\(/.test(file.code);
    if (usesTap && calls && !isRun && !isSuite(file.code))
      violations.push({ path, says: 'holds tests, but no pattern runs it' });
    if (file.imports.some((item) => item.specifier === 'node:test')) violations.push({ path, says: 'tests use tap' });
  }
  return violations;
}

/** A conformance suite takes a factory and is called by a test; its cases are in an exported function. */
function isSuite(code: string): boolean {
  return /^export\s+(?:async\s+)?function\b|^export\s+const\s+\w+[^=]*=\s*(?:async\s*)?\(/m.test(code);
}
