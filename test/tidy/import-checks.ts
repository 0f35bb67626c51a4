/** Who imports whom: the arrows between folders, the entrances, the homes of libraries, cycles. */
import {
  DEVELOPMENT_FOLDERS,
  ENGINE_ORDER,
  ENGINE_SIDE_DOORS,
  ENGINE_TEST_ONLY,
  FREE_ENTRY,
  ISOLATED,
  LIBRARY_HOMES,
  OPEN_FOLDERS,
  TOP_FOLDERS,
} from './import-rules.ts';
import { type Import, packageOf, type SourceFile, type SourceTree, topFolder, type Violation } from './source-tree.ts';

export function checkImports(tree: SourceTree): Violation[] {
  const violations: Violation[] = [];
  for (const file of tree.sources.values()) {
    for (const item of file.imports) {
      for (const says of importFaults(tree, file, item)) violations.push({ path: file.path, line: item.line, says });
    }
  }
  return violations;
}

function importFaults(tree: SourceTree, file: SourceFile, item: Import): string[] {
  if (item.target === undefined) return libraryFaults(tree, file.path, item.specifier);
  if (item.target.startsWith('..')) return [`leaves the repository: ${item.specifier}`];
  if (!tree.paths.includes(item.target)) return [`no such file: ${item.specifier}`];
  const faults = [arrowFault(file.path, item.target), entranceFault(tree, file.path, item.target)];
  return faults.filter((fault) => fault !== undefined);
}

/** Whether the arrow from one file to another goes the right way. */
function arrowFault(from: string, to: string): string | undefined {
  const [fromTop, toTop] = [topFolder(from), topFolder(to)];
  if (fromTop === '') return undefined;
  const allowed = TOP_FOLDERS[fromTop];
  if (allowed === undefined) return `${fromTop}/ is not in TOP_FOLDERS of test/tidy/import-rules.ts`;
  if (fromTop === 'engine' && toTop === 'engine') return engineArrowFault(from, to);
  if (fromTop !== toTop) {
    if (!allowed.includes(toTop) && !allowed.includes('*')) return `${fromTop}/ must not import ${toTop}/ (${to})`;
    if (toTop === 'engine') return testOnlyFault(from, to);
    return undefined;
  }
  const [fromPart, toPart] = [component(from), component(to)];
  if (ISOLATED.includes(fromTop) && fromPart !== undefined && toPart !== undefined && fromPart !== toPart)
    return `${fromTop}/${fromPart} must not import ${fromTop}/${toPart}: they meet in a topic`;
  return undefined;
}

/** The second part of a path with at least three. */
function component(path: string): string | undefined {
  const parts = path.split('/');
  return parts.length > 2 ? parts[1] : undefined;
}

function engineArrowFault(from: string, to: string): string | undefined {
  const [fromFolder, toFolder] = [component(from), component(to)];
  const order: readonly string[] = ENGINE_ORDER;
  for (const folder of [fromFolder, toFolder]) {
    if (folder !== undefined && !order.includes(folder)) return `engine/${folder}/ is not in ENGINE_ORDER`;
  }
  if (toFolder === undefined)
    return fromFolder === undefined ? undefined : 'engine/ must not import its own front door';
  if (fromFolder === undefined) return testOnlyFault(from, to);
  if (order.indexOf(toFolder) <= order.indexOf(fromFolder)) return undefined;
  return `engine/${fromFolder} must not import engine/${toFolder}, which stands below it`;
}

function testOnlyFault(from: string, to: string): string | undefined {
  const folder = component(to);
  if (folder === undefined || !ENGINE_TEST_ONLY.includes(folder) || FREE_ENTRY.includes(topFolder(from)))
    return undefined;
  return `only tests and benchmarks import engine/${folder}`;
}

/** A folder is entered by its index.ts; engine/ as a whole by engine/index.ts. */
function entranceFault(tree: SourceTree, from: string, to: string): string | undefined {
  if (FREE_ENTRY.includes(topFolder(from))) return undefined;
  const open = OPEN_FOLDERS.find(({ folder }) => to.startsWith(`${folder}/`));
  if (open !== undefined) return undefined;
  if (ENGINE_SIDE_DOORS[topFolder(from)]?.includes(to) === true) return undefined;
  if (topFolder(to) === 'engine' && topFolder(from) !== 'engine' && to !== 'engine/index.ts')
    return `engine/ is entered by engine/index.ts, not by ${to}`;
  const entered = enteredFolder(from, to);
  if (entered === undefined || to === `${entered}/index.ts`) return undefined;
  // A mere grouping inside a component, such as generated files, has no door; a component always has one.
  const isComponent = entered.split('/').length <= 2;
  if (!isComponent && !tree.paths.includes(`${entered}/index.ts`)) return undefined;
  return `${entered}/ is entered by its index.ts, not by ${to}`;
}

/** The outermost folder that holds `to` and not `from`, a component's folder where there is one. */
function enteredFolder(from: string, to: string): string | undefined {
  const parts = to.split('/').slice(0, -1);
  for (let length = 1; length <= parts.length; length += 1) {
    const folder = parts.slice(0, length).join('/');
    if (from.startsWith(`${folder}/`)) continue;
    // actors/, bridges/ and the like are shelves: what is entered is the component on them.
    const isShelf = length === 1 && parts.length > 1;
    if (!isShelf) return folder;
  }
  return undefined;
}

function libraryFaults(tree: SourceTree, path: string, specifier: string): string[] {
  const name = packageOf(specifier);
  if (name === undefined) return [];
  const declared = readDependencies(tree);
  const isDevelopment = DEVELOPMENT_FOLDERS.some((folder) => path.startsWith(`${folder}/`)) || topFolder(path) === '';
  if (isDevelopment) {
    return declared.all.has(name) ? [] : [`${name} is not in package.json`];
  }
  const faults: string[] = [];
  const homes = LIBRARY_HOMES[name];
  if (homes === undefined) faults.push(`${name} has no home in LIBRARY_HOMES of test/tidy/import-rules.ts`);
  else if (!homes.some((home) => path.startsWith(`${home}/`))) {
    faults.push(`${name} may be imported in ${homes.join(', ')} only; a second home needs a decision record`);
  }
  if (!declared.production.has(name)) faults.push(`${name} is not in the dependencies of package.json`);
  return faults;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifests = new WeakMap<SourceTree, { readonly production: Set<string>; readonly all: Set<string> }>();

function readDependencies(tree: SourceTree): { readonly production: Set<string>; readonly all: Set<string> } {
  const known = manifests.get(tree);
  if (known !== undefined) return known;
  const manifest = JSON.parse(tree.read('package.json')) as Manifest;
  const production = new Set(Object.keys(manifest.dependencies ?? {}));
  const read = { production, all: new Set([...production, ...Object.keys(manifest.devDependencies ?? {})]) };
  manifests.set(tree, read);
  return read;
}

/** Cycles among files, types included: each strongly connected set with more than one member, or an import of itself. */
export function checkCycles(tree: SourceTree): Violation[] {
  // Tarjan, Depth-first search and linear graph algorithms (1972).
  const indexOf = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const violations: Violation[] = [];
  const targets = (path: string): string[] =>
    (tree.sources.get(path)?.imports ?? [])
      .map((item) => item.target)
      .filter((target) => target !== undefined && tree.sources.has(target)) as string[];

  const visit = (path: string): void => {
    indexOf.set(path, indexOf.size);
    lowest.set(path, indexOf.size - 1);
    stack.push(path);
    for (const target of targets(path)) {
      if (!indexOf.has(target)) {
        visit(target);
        lowest.set(path, Math.min(lowest.get(path) ?? 0, lowest.get(target) ?? 0));
      } else if (stack.includes(target)) {
        lowest.set(path, Math.min(lowest.get(path) ?? 0, indexOf.get(target) ?? 0));
      }
    }
    if (lowest.get(path) !== indexOf.get(path)) return;
    const members = stack.splice(stack.indexOf(path));
    if (members.length > 1) violations.push({ path, says: `cycle of imports: ${members.toSorted().join(', ')}` });
    else if (targets(path).includes(path)) violations.push({ path, says: 'imports itself' });
  };
  for (const path of tree.sources.keys()) if (!indexOf.has(path)) visit(path);
  return violations;
}
