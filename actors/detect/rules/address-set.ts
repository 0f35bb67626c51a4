/**
 * The addresses of one side of a rule. What is negated is taken out of what is named; where a family has negations
 * alone, out of all of that family, and the other family stays out: `!10.0.0.0/8` means no IPv6.
 */
import { type GroupPart, groupParts } from './group-items.ts';
import { difference, holds, type Range, union } from './ranges.ts';
import { shown, wrong } from './rule-mistake.ts';

export interface AddressSet {
  readonly isAny: boolean;
  /** A negation was written in it. */
  readonly hasNegation: boolean;
  readonly v4: readonly Range<number>[];
  readonly v6: readonly Range<bigint>[];
}

const ALL_V4: Range<number> = [0, 0xffff_ffff];
const ALL_V6: Range<bigint> = [0n, (1n << 128n) - 1n];
const ANY_ADDRESS: AddressSet = { isAny: true, hasNegation: false, v4: [ALL_V4], v6: [ALL_V6] };

interface Ranges {
  readonly v4: readonly Range<number>[];
  readonly v6: readonly Range<bigint>[];
}

export function addressSet(text: string, names: ReadonlyMap<string, string>): AddressSet {
  if (text === 'any') return ANY_ADDRESS;
  const parts = groupParts('address', text, names);
  const { v4, v6 } = rangesOf(parts, text);
  const isAny = v4[0]?.[1] === ALL_V4[1] && v4[0][0] === 0 && v6[0]?.[1] === ALL_V6[1] && v6[0][0] === 0n;
  return { isAny, hasNegation: parts.some((one) => !('text' in one) || one.isNegated), v4, v6 };
}

/** A list behind `!` is worked out by itself, and what it holds is negated. */
function rangesOf(parts: readonly GroupPart[], text: string): Ranges {
  const sides = { true: { v4: [], v6: [] }, false: { v4: [], v6: [] } } as {
    readonly [side in 'true' | 'false']: { v4: Range<number>[]; v6: Range<bigint>[] };
  };
  for (const part of parts) {
    if (!('text' in part)) {
      const { v4, v6 } = rangesOf(part, text);
      for (const range of v4) sides.true.v4.push(range);
      for (const range of v6) sides.true.v6.push(range);
      continue;
    }
    const { text: item, isNegated } = part;
    const side = sides[isNegated ? 'true' : 'false'];
    if (item.toLowerCase() === 'any') {
      if (isNegated) wrong('address', `!${item} leaves no address`);
      side.v4.push(ALL_V4);
      side.v6.push(ALL_V6);
    } else if (item.includes(':')) side.v6.push(v6Range(item));
    else side.v4.push(v4Range(item));
  }
  const negated = union(sides.true.v4);
  if (negated[0]?.[0] === ALL_V4[0] && negated[0][1] === ALL_V4[1])
    wrong('address', `every address of IPv4 is negated in ${shown(text)}`);
  const v4 = family(union(sides.false.v4), negated, ALL_V4);
  const v6 = family(union(sides.false.v6), union(sides.true.v6), ALL_V6);
  if (v4.length === 0 && v6.length === 0) wrong('address', `no address is left of ${shown(text)}`);
  return { v4, v6 };
}

function family<N extends number | bigint>(
  named: readonly Range<N>[],
  negated: readonly Range<N>[],
  all: Range<N>,
): readonly Range<N>[] {
  return difference(named.length === 0 && negated.length > 0 ? [all] : named, negated);
}

export const holdsV4 = (set: AddressSet, address: number): boolean => set.isAny || holds(set.v4, address);
export const holdsV6 = (set: AddressSet, address: bigint): boolean => set.isAny || holds(set.v6, address);

function v4Range(item: string): Range<number> {
  const [from, to, more] = item.split('-');
  if (to !== undefined && more === undefined) {
    const range: Range<number> = [v4(from!.trim()), v4(to.trim())];
    if (range[0] > range[1]) wrong('address', `the range ${shown(item)} ends before it begins`);
    return range;
  }
  const [address, mask, rest] = item.split('/');
  const base = v4(address!.trim());
  if (mask === undefined) return [base, base];
  if (rest !== undefined) wrong('address', `"${shown(item)}" is no network`);
  const bits = mask.includes('.') ? bitsOf(v4(mask), item) : prefix(mask, 32, item);
  const size = 2 ** (32 - bits);
  const low = base - (base % size);
  return [low, low + size - 1];
}

/** Strictly four decimal numbers. */
function v4(text: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1);
  if (parts === undefined || parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith('0'))))
    return wrong('address', `"${shown(text)}" is no address`);
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

function bitsOf(mask: number, item: string): number {
  const zeros = 0xffff_ffff - mask + 1;
  const bits = 32 - Math.log2(zeros);
  if (!Number.isInteger(bits)) wrong('address', `the mask of ${shown(item)} has holes`);
  return bits;
}

function prefix(text: string, max: number, item: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > max)
    wrong('address', `"${shown(item)}" has no prefix length up to ${max}`);
  return Number(text);
}

function v6Range(item: string): Range<bigint> {
  const [from, to, more] = item.split('-');
  if (to !== undefined && more === undefined) {
    const range: Range<bigint> = [v6(from!.trim()), v6(to.trim())];
    if (range[0] > range[1]) wrong('address', `the range ${shown(item)} ends before it begins`);
    return range;
  }
  const [address, mask, rest] = item.split('/');
  const base = v6(address!.trim());
  if (mask === undefined) return [base, base];
  if (rest !== undefined) wrong('address', `"${shown(item)}" is no network`);
  const size = 1n << BigInt(128 - prefix(mask, 128, item));
  const low = base - (base % size);
  return [low, low + size - 1n];
}

function v6(text: string): bigint {
  const halves = text.split('::');
  const head = groups(halves[0]!, text);
  const tail = halves.length === 2 ? groups(halves[1]!, text) : [];
  const missing = 8 - head.length - tail.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0))
    return wrong('address', `"${shown(text)}" is no address`);
  return [...head, ...Array<number>(missing).fill(0), ...tail].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

function groups(text: string, whole: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group, i, all) => {
    if (i === all.length - 1 && group.includes('.')) {
      const low = v4(group);
      return [Math.floor(low / 65_536), low % 65_536];
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return wrong('address', `"${shown(whole)}" is no address`);
    return [Number.parseInt(group, 16)];
  });
}
