/**
 * `npm ci` refuses a lockfile that lacks one optional package of another platform, though it would never install it here.
 * A registry that carries some platforms only lets `npm install` write such a file without a word.
 */
import type { SourceTree, Violation } from './source-tree.ts';

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export function checkLockfile(tree: SourceTree): Violation[] {
  const path = 'package-lock.json';
  if (!tree.paths.includes(path)) return [{ path, says: 'is missing: npm ci needs it' }];
  const { packages } = JSON.parse(tree.read(path)) as Lockfile;
  const names = new Set(Object.keys(packages).map((place) => place.split('node_modules/').at(-1)));
  const violations: Violation[] = [];
  for (const [place, { optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (names.has(name)) continue;
      const entry = 'an entry with version, cpu, os (and libc), optional: true, as its siblings have';
      violations.push({ path, says: `lacks ${name} ${version} (of ${place}), so npm ci fails; write ${entry}` });
    }
  }
  return violations;
}
