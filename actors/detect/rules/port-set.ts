/** The ports of one side of a rule: single ones, ranges `a:b`, `:b`, `a:`, lists, negations and variables. */
import { groupItems } from './group-items.ts';
import { difference, holds, type Range, union } from './ranges.ts';
import { shown, wrong } from './rule-mistake.ts';

export interface PortSet {
  readonly isAny: boolean;
  readonly ranges: readonly Range<number>[];
  /** The same ports, cut wherever an item of the group begins or ends. */
  readonly pieces: readonly Range<number>[];
}

const ALL: Range<number> = [0, 65_535];
export const ANY_PORT: PortSet = { isAny: true, ranges: [ALL], pieces: [ALL] };

export function portSet(text: string, names: ReadonlyMap<string, string>): PortSet {
  if (text === 'any') return ANY_PORT;
  const named: Range<number>[] = [];
  const negated: Range<number>[] = [];
  for (const { text: item, isNegated } of groupItems('port', text, names)) {
    const range = item.toLowerCase() === 'any' ? ALL : portRange(item);
    if (isNegated && range === ALL) wrong('port', '!any holds no port');
    (isNegated ? negated : named).push(range);
  }
  const ranges = difference(union(named.length === 0 ? [ALL] : named), union(negated));
  if (ranges.length === 0) wrong('port', `no port is left of ${shown(text)}`);
  const pieces = cut(ranges, [...named, ...negated]);
  return { isAny: ranges[0]![0] === 0 && ranges[0]![1] === 65_535, ranges, pieces };
}

function cut(ranges: readonly Range<number>[], items: readonly Range<number>[]): readonly Range<number>[] {
  if (items.length < 2) return ranges;
  const starts = [...new Set(items.flatMap(([low, high]) => [low, high + 1]))].sort((a, b) => a - b);
  const pieces: Range<number>[] = [];
  let next = 0;
  for (const [low, high] of ranges) {
    let from = low;
    while (next < starts.length && starts[next]! <= low) next += 1;
    for (; next < starts.length && starts[next]! <= high; next += 1) {
      pieces.push([from, starts[next]! - 1]);
      from = starts[next]!;
    }
    pieces.push([from, high]);
  }
  return pieces;
}

export const holdsPort = (set: PortSet, port: number): boolean => set.isAny || holds(set.ranges, port);

function portRange(item: string): Range<number> {
  const match = /^(\d{0,5})\s*(:?)\s*(\d{0,5})$/.exec(item);
  const [, from, colon, to] = match ?? [];
  if (match === null || (from === '' && to === '' && colon === '')) return wrong('port', `"${shown(item)}" is no port`);
  const low = from === '' ? 0 : Number(from);
  const high = colon === '' ? low : to === '' ? 65_535 : Number(to);
  if (low > 65_535 || high > 65_535) wrong('port', `"${shown(item)}" is above 65535`);
  if (low > high) wrong('port', `the range ${shown(item)} ends before it begins`);
  return [low, high];
}
