/**
 * Reputations of addresses and networks, as Suricata's files have them: categories with their numbers, and in each what an
 * address is worth, 0 to 127.
 */
import type { NumberTest } from './numbers.ts';
import { v4, v6 } from './sets.ts';

const CATEGORIES_MAX = 60;
const VALUE_MAX = 127;
const V4_CHARS = 4;

/** One of a category: the first bits that its addresses share, and what they are worth. */
export interface ReputationNetwork {
  readonly isV6: boolean;
  readonly bits: number;
  /** One character for each byte; what lies behind the bits is 0. */
  readonly address: string;
  readonly value: number;
}

export interface Reputation {
  readonly categories: ReadonlyMap<string, number>;
  /** By address, one character for each byte: what it is worth in each category; where its list says nothing, 0. */
  readonly hosts: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly networks: ReadonlyMap<number, readonly ReputationNetwork[]>;
  /** Lines that say nothing. */
  readonly badLines: number;
}

/** What a rule asks; test null: that there is none. */
export interface ReputationQuestion {
  readonly reputation: Reputation;
  readonly category: number;
  readonly side: 'any' | 'src' | 'dst' | 'both';
  readonly test: NumberTest | null;
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !/^[\r #\t]/.test(line));

export function readReputation(categories: string, files: readonly string[]): Reputation {
  const names = new Map<string, number>();
  const hosts = new Map<string, Map<number, number>>();
  const networks = new Map<number, ReputationNetwork[]>();
  let badLines = 0;
  for (const line of linesOf(categories)) {
    const [, number, name] = /^(\d{1,2}),([^,\r]+)/.exec(line) ?? [];
    if (name === undefined || Number(number) >= CATEGORIES_MAX) badLines += 1;
    else if (!names.has(name)) names.set(name, Number(number));
  }
  for (const line of files.flatMap(linesOf)) {
    const [, place, category, value] = /^([^,]+),(\d{1,2}),(\d{1,3})(?:[,\r]|$)/.exec(line) ?? [];
    if (/^ip,/.test(line)) continue;
    const [address, bits, more] = (place ?? '').split('/');
    const bytes = address!.includes(':') ? v6(address!) : v4(address!);
    const isRight = Number(category) < CATEGORIES_MAX && Number(value) <= VALUE_MAX && more === undefined;
    if (!isRight || bytes === null || !isLength(bits, bytes)) badLines += 1;
    else if (bits === undefined) note(hosts, bytes, Number(category), Number(value));
    else {
      const list = networks.get(Number(category)) ?? [];
      const network = networkOf(bytes, Number(bits), Number(value));
      // What is there already stays.
      if (!list.some((one) => one.address === network.address && one.bits === network.bits)) list.push(network);
      networks.set(Number(category), list);
    }
  }
  return { categories: names, hosts, networks, badLines };
}

const isLength = (bits: string | undefined, bytes: string): boolean =>
  bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bytes.length * 8);

function note(hosts: Map<string, Map<number, number>>, address: string, category: number, value: number): void {
  const known = hosts.get(address);
  if (known === undefined) hosts.set(address, new Map([[category, value]]));
  else known.set(category, value);
}

function networkOf(bytes: string, bits: number, value: number): ReputationNetwork {
  return { isV6: bytes.length !== V4_CHARS, bits, address: masked(bytes, bits), value };
}

export function masked(address: string, bits: number): string {
  const kept = Array.from({ length: address.length }, (_, i) => {
    const left = Math.min(8, Math.max(0, bits - i * 8));
    return address.charCodeAt(i) & (0xff00 >> left) & 0xff;
  });
  return String.fromCharCode(...kept);
}
