/** requires: the version, features and keywords that a rule asks for. What is spoken here is Suricata 7.0.10's language. */
import { shown, wrong } from '../rule-mistake.ts';

const LANGUAGE_VERSION = [7, 0, 10] as const;
type Version = readonly number[];

const OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
  '>=': (order) => order >= 0,
  '>': (order) => order > 0,
  '<=': (order) => order <= 0,
  '<': (order) => order < 0,
};

/** What is not met; null: all is. `isKeyword`: whether it is read here. */
export function requirement(text: string, isKeyword: (name: string) => boolean): string | null {
  let unmet: string | null = null;
  let hasVersion = false;
  for (const part of text.split(',').map((one) => one.trim())) {
    const [, name, value] = /^(\S+)\s+(.+)$/s.exec(part) ?? [];
    if (name === 'feature') unmet ??= `the feature ${shown(value!)}`;
    else if (name === 'keyword') {
      if (!isKeyword(value!)) unmet ??= `the keyword ${shown(value!)}`;
    } else if (name === 'version') {
      if (hasVersion) wrong('requires', 'version is there twice');
      hasVersion = true;
      if (!holds(value!)) unmet ??= `the version ${shown(value!)}`;
    } else if (name === undefined) wrong('requires', `"${shown(part)}" is no requirement`);
    else unmet ??= `${shown(name)}`;
  }
  return unmet;
}

/** `>= 7.0.3 < 8 | >= 8.0.1`: one of the alternatives, of which everything. */
function holds(text: string): boolean {
  const alternatives = text.split('|').map((one) => comparisons(one.trim()));
  return alternatives.some((all) => all.every(([operator, version]) => OPERATORS[operator]!(order(version))));
}

function comparisons(text: string): (readonly [string, Version])[] {
  const found: (readonly [string, Version])[] = [];
  let rest = text;
  while (rest !== '') {
    const [whole, operator, version] = /^\s*(>=|<=|>|<)\s*(\d+(?:\.\d+){0,2})\S*\s*/.exec(rest) ?? [];
    if (whole === undefined) return wrong('requires', `"${shown(text)}" is no comparison of versions`);
    found.push([operator!, version!.split('.').map(Number)]);
    rest = rest.slice(whole.length);
  }
  if (found.length === 0) wrong('requires', 'the version is missing');
  return found;
}

/** How the language's version compares with another. */
function order(other: Version): number {
  for (const [i, ours] of LANGUAGE_VERSION.entries()) if (ours !== (other[i] ?? 0)) return ours - (other[i] ?? 0);
  return 0;
}
