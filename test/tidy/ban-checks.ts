/** Names and modules that are banned outside their homes, each with its reason and its replacement. */
import { BANS, type Ban } from './import-rules.ts';
import { isGenerated, lineOf, type SourceFile, type SourceTree, type Violation } from './source-tree.ts';

export function checkBans(tree: SourceTree): Violation[] {
  const violations: Violation[] = [];
  for (const file of tree.sources.values()) {
    for (const ban of BANS) {
      if (holds(ban, file.path)) violations.push(...breaches(ban, file));
    }
    violations.push(...checkFloatingBuiltins(file));
  }
  return violations;
}

function holds(ban: Ban, path: string): boolean {
  const isWithin = ban.within === undefined || ban.within.some((prefix) => path.startsWith(prefix));
  return isWithin && !ban.homes.some((prefix) => path.startsWith(prefix));
}

function breaches(ban: Ban, file: SourceFile): Violation[] {
  const says = `${ban.name}: ${ban.reason}. Instead: ${ban.instead}`;
  if (ban.in === 'import') {
    return file.imports
      .filter((item) => ban.pattern.test(item.specifier))
      .map((item) => ({ path: file.path, line: item.line, says }));
  }
  const pattern = new RegExp(ban.pattern, `g${ban.pattern.flags}`);
  return [...file.code.matchAll(pattern)].map((match) => ({
    path: file.path,
    line: lineOf(file.code, match.index + match[0].search(/\S/)),
    says,
  }));
}

const PROMISE_MODULES = /^node:(?:fs|timers|stream|dns|readline)\/promises$/;

/**
 * The linter finds promises that nobody awaits, but its type inference does not see into node: modules. So a statement
 * that begins with a call of something imported from one of their promise modules is found here.
 */
function checkFloatingBuiltins(file: SourceFile): Violation[] {
  if (isGenerated(file.path)) return [];
  const names: string[] = [];
  for (const match of file.text.matchAll(/^import\s+(?:\{([^}]*)\}|\*\s+as\s+(\w+))\s+from\s+'([^']+)'/gm)) {
    const [, list, namespace, specifier = ''] = match;
    if (PROMISE_MODULES.test(specifier)) {
      if (namespace !== undefined) names.push(`${namespace}\\s*\\.\\s*\\w+`);
      for (const item of (list ?? '').split(',')) {
        const name = item
          .trim()
          .split(/\s+as\s+/)
          .at(-1);
        if (name !== undefined && /^\w+$/.test(name)) names.push(name);
      }
    } else if (specifier === 'node:events' && /\bonce\b/.test(list ?? '')) names.push('once');
  }
  if (names.length === 0) return [];
  const pattern = new RegExp(`(?:^|[;{})])[^\\S\\n]*\\n?[^\\S\\n]*(?:${names.join('|')})\\s*\\(`, 'gm');
  const violations: Violation[] = [];
  for (const match of file.code.matchAll(pattern)) {
    const start = match.index + match[0].search(/[\w$]/);
    // A line that goes on with an expression begins no statement; nor does the member of a chain or an argument.
    if (!/(?:^|[;{})])\s*$/.test(file.code.slice(0, start).trimEnd())) continue;
    const says = 'floating promise of a built-in module: nobody awaits it, so its failure is unseen. Instead: await it';
    violations.push({ path: file.path, line: lineOf(file.code, start), says });
  }
  return violations;
}
