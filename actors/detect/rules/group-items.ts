/** Groups of a header: items with commas, lists in brackets, `!` before an item or a list, `$` before a variable's name. */
import { shown, wrong } from './rule-mistake.ts';

export interface GroupItem {
  readonly text: string;
  readonly isNegated: boolean;
}

/** An item, or a list behind `!`: other lists are part of that around them. */
export type GroupPart = GroupItem | readonly GroupPart[];

/** Variables name variables: as deep as nobody writes them, and a ring of names ends here. */
const DEPTH_MAX = 64;
const ITEMS_MAX = 65_536;

export function groupParts(part: 'address' | 'port', text: string, names: ReadonlyMap<string, string>): GroupPart[] {
  let count = 0;
  const parts: GroupPart[] = [];
  collect(text, parts, false, 0);
  return parts;

  function collect(group: string, into: GroupPart[], isNegated: boolean, depth: number): void {
    if (depth > DEPTH_MAX) wrong(part, `lists and variables are nested deeper than ${DEPTH_MAX}`);
    // Suricata takes blanks before an address and not behind it.
    const item = part === 'address' ? group.trimStart() : group.trim();
    if (item.trim() === '') wrong(part, 'an item of a list is empty');
    if (/\s$/.test(item)) wrong(part, `a blank stands behind "${shown(item)}"`);
    if (item.startsWith('!')) {
      const rest = item.slice(1).trim();
      if (rest.startsWith('!')) wrong(part, 'a negation follows a negation');
      collect(rest, into, true, depth + 1);
    } else if (item.startsWith('[')) {
      if (!item.endsWith(']')) wrong(part, `"${shown(item)}" goes on behind its bracket`);
      const parts = atCommas(item.slice(1, -1));
      // A comma behind the last one is none too many.
      if (parts.length > 1 && parts.at(-1) === '') parts.pop();
      const inner = isNegated ? opened(into) : into;
      for (const one of parts) collect(one, inner, false, depth + 1);
    } else if (item.startsWith('$')) {
      const value = names.get(item.slice(1));
      if (value === undefined)
        wrong(part, `the variable ${shown(item)} is not set: vars.${part}-groups.${shown(item.slice(1))}`);
      const inner = isNegated ? opened(into) : into;
      collect(value.includes(',') && !value.trim().match(/^!?\[/) ? `[${value}]` : value, inner, false, depth + 1);
    } else {
      if (count >= ITEMS_MAX) wrong(part, `a group has more than ${ITEMS_MAX} items`);
      count += 1;
      into.push({ text: item, isNegated });
    }
  }

  function opened(into: GroupPart[]): GroupPart[] {
    const list: GroupPart[] = [];
    into.push(list);
    return list;
  }

  function atCommas(list: string): string[] {
    const all: string[] = [];
    let depth = 0;
    let from = 0;
    for (let at = 0; at < list.length; at += 1) {
      const char = list[at];
      if (char === '[') depth += 1;
      else if (char === ']') depth -= 1;
      else if (char === ',' && depth === 0) {
        all.push(list.slice(from, at));
        from = at + 1;
      }
      if (depth < 0) wrong(part, 'a bracket is closed that was not opened');
    }
    if (depth > 0) wrong(part, 'a bracket is not closed');
    all.push(list.slice(from));
    return all;
  }
}

/** Flat: each item with whether an odd number of negations stands before it. */
export const groupItems = (part: 'address' | 'port', text: string, names: ReadonlyMap<string, string>): GroupItem[] =>
  flat(groupParts(part, text, names), false);

const flat = (parts: readonly GroupPart[], isOdd: boolean): GroupItem[] =>
  parts.flatMap((one) =>
    'text' in one ? [{ text: one.text, isNegated: one.isNegated !== isOdd }] : flat(one, !isOdd),
  );
