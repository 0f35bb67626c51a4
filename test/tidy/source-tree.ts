/** The repository as the tidy checks see it: every text file, and of the TypeScript ones what they import. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { blank } from './blanked.ts';

export interface Import {
  readonly specifier: string;
  /** Path from the root of the file that is meant; undefined for a package. */
  readonly target: string | undefined;
  /** 1-based. */
  readonly line: number;
}

export interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Without comments and the contents of strings. */
  readonly code: string;
  readonly imports: readonly Import[];
  /** String literals that end like a source file's name: what a program starts by its path. */
  readonly namedFiles: readonly string[];
}

export interface SourceTree {
  readonly root: string;
  /** Every file below the root that the project owns, sorted. */
  readonly paths: readonly string[];
  /** The TypeScript files, by path. */
  readonly sources: ReadonlyMap<string, SourceFile>;
  read(path: string): string;
}

export interface Violation {
  readonly path: string;
  readonly line?: number;
  readonly says: string;
}

/** `target` holds what Maven and pip have fetched, `build` what make has made of the firmware. */
const IGNORED_FOLDERS: readonly string[] = ['node_modules', '.git', '.tap', 'target', 'build'];
/** Ignored by git, at the root only. */
const IGNORED_AT_ROOT: readonly string[] = ['dist', 'data'];
/** `.git` is a file where the tree is a worktree beside another one. */
const IGNORED_FILES: readonly string[] = ['.env', '.git'];

export function readSourceTree(root: string): SourceTree {
  const paths = [...walk(root, '')].toSorted();
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const sources = new Map<string, SourceFile>();
  for (const path of paths) {
    if (/\.m?ts$/.test(path) && !path.endsWith('.d.ts')) sources.set(path, readSource(path, read(path)));
  }
  return { root, paths, sources, read };
}

function* walk(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) {
      const isIgnored = IGNORED_FOLDERS.includes(entry.name) || (folder === '' && IGNORED_AT_ROOT.includes(entry.name));
      if (!isIgnored) yield* walk(root, path);
    } else if (entry.isFile() && !entry.name.endsWith('.log') && !IGNORED_FILES.includes(entry.name)) {
      yield path;
    }
  }
}

/** import … from, export … from, import '…', import('…'), new URL('…', import.meta.url), import.meta.resolve('…') */
const IMPORT =
  /\b(?:import|export)\b[^'"`;()]*?\bfrom\s*(['"])([^'"\n]+)\1|\bimport\s*(['"])([^'"\n]+)\3|\bimport\s*\(\s*(['"`])([^'"`\n]+)\5|\bnew\s+URL\s*\(\s*(['"])(\.[^'"\n]+\.m?ts)\7|\bimport\s*\.\s*meta\s*\.\s*resolve\s*\(\s*(['"])([^'"\n]+)\9/g;

export function readSource(path: string, text: string): SourceFile {
  const { code, withoutComments } = blank(text);
  const imports: Import[] = [];
  for (const match of withoutComments.matchAll(IMPORT)) {
    // An import inside a string, such as a test's fixture, is none.
    if (code[match.index] === ' ') continue;
    const specifier = match[2] ?? match[4] ?? match[6] ?? match[8] ?? match[10] ?? '';
    const isRelative = specifier.startsWith('.');
    const target = isRelative ? posix.normalize(posix.join(posix.dirname(path), specifier)) : undefined;
    imports.push({ specifier, target, line: lineOf(text, match.index) });
  }
  const namedFiles = [...withoutComments.matchAll(/['"`]([\w@./-]+\.m?ts)['"`]/g)].map((match) => match[1] ?? '');
  return { path, text, code, imports, namedFiles };
}

export function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** The package of a bare specifier; undefined for Node's own modules. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || specifier.startsWith('#')) return undefined;
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
  return builtinModules.includes(name) ? undefined : name;
}

export const topFolder = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');

export function isFolder(root: string, path: string): boolean {
  const full = join(root, path);
  return existsSync(full) && statSync(full).isDirectory();
}

export const isGenerated = (path: string): boolean => path.split('/').includes('generated');

export function violationText({ path, line, says }: Violation): string {
  return `${path}${line === undefined ? '' : `:${line}`}  ${says}`;
}
