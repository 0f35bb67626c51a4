/**
 * Which rules about addresses alone may match a packet, found by its addresses: what is asked of a packet does not grow
 * with a list of ten thousand bad addresses. Each rule stands under the addresses of the side that has fewer of them, as
 * prefixes, so that the index grows with what the rules name and a look asks once for each length of a prefix in use.
 */
import type { Packet } from '../packet/index.ts';
import type { Steps } from '../rules/finished.ts';
import type { Addresses, Header } from './header.ts';
import type { Signature } from './signature.ts';

const V4_BITS = 32;
const WORD = 0x1_0000_0000;

/** The rules of one side under their prefixes. */
class Side {
  /** By the length of the prefix; the key of IPv6 is a text. */
  readonly #v4: (Map<number, Signature[]> | undefined)[] = [];
  readonly #v6: (Map<string, Signature[]> | undefined)[] = [];
  readonly #v4Lengths: number[] = [];
  readonly #v6Lengths: number[] = [];

  add(signature: Signature, { v4, v6 }: Addresses): void {
    for (let i = 0; i < v4.length; i += 2)
      for (const { length, prefix } of prefixesV4(v4[i]!, v4[i + 1]!))
        addTo(mapOf(this.#v4, this.#v4Lengths, length), prefix, signature);
    for (let i = 0; i < v6.length; i += 8)
      for (const { length, prefix } of prefixesV6(wide(v6, i), wide(v6, i + 4)))
        addTo(mapOf(this.#v6, this.#v6Lengths, length), prefix, signature);
  }

  findV4(address: number, into: Signature[], count: number): number {
    let found = count;
    for (const length of this.#v4Lengths) found = put(this.#v4[length]!.get(prefixV4(address, length)), into, found);
    return found;
  }

  findV6(a: number, b: number, c: number, d: number, into: Signature[], count: number): number {
    let found = count;
    for (const length of this.#v6Lengths) found = put(this.#v6[length]!.get(prefixV6(a, b, c, d, length)), into, found);
    return found;
  }
}

export class AddressIndex {
  /** Rules that name no address. */
  readonly #always: Signature[] = [];
  readonly #sources = new Side();
  readonly #destinations = new Side();
  /** What the last look found, in the order of the rules: reused. */
  readonly #found: Signature[] = [];

  constructor(rules: readonly Signature[] = []) {
    for (const signature of rules) this.#add(signature);
  }

  /** One rule a step. */
  static *making(rules: readonly Signature[]): Steps<AddressIndex> {
    const index = new AddressIndex();
    for (const signature of rules) {
      index.#add(signature);
      yield 1;
    }
    return index;
  }

  #add(signature: Signature): void {
    const { source, destination } = signature.header;
    if (source === null && destination === null) this.#always.push(signature);
    else if (destination === null || (source !== null && sizeOf(source) <= sizeOf(destination)))
      this.#sources.add(signature, source!);
    else this.#destinations.add(signature, destination);
  }

  /** How many may match. None that can is missing. */
  find(packet: Packet): number {
    const found = this.#found;
    let count = put(this.#always, found, 0);
    if (packet.ipVersion !== 6) {
      count = this.#sources.findV4(packet.src0 >>> 0, found, count);
      count = this.#destinations.findV4(packet.dst0 >>> 0, found, count);
    } else {
      count = this.#sources.findV6(packet.src0, packet.src1, packet.src2, packet.src3, found, count);
      count = this.#destinations.findV6(packet.dst0, packet.dst1, packet.dst2, packet.dst3, found, count);
    }
    found.length = count;
    if (count > 1) found.sort(byOrder);
    return count;
  }

  /** Of those that the last look found. */
  at(index: number): Signature {
    return this.#found[index]!;
  }
}

const byOrder = (a: Signature, b: Signature): number => a.order - b.order;

function put(rules: readonly Signature[] | undefined, into: Signature[], count: number): number {
  if (rules === undefined) return count;
  for (let i = 0; i < rules.length; i += 1) into[count + i] = rules[i]!;
  return count + rules.length;
}

type ByPrefix<K> = Map<K, Signature[]>;

function mapOf<K>(maps: (ByPrefix<K> | undefined)[], lengths: number[], length: number): ByPrefix<K> {
  const known = maps[length];
  if (known !== undefined) return known;
  const map: ByPrefix<K> = new Map();
  maps[length] = map;
  lengths.push(length);
  return map;
}

function addTo<K>(map: Map<K, Signature[]>, key: K, signature: Signature): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [signature]);
  else known.push(signature);
}

/** More addresses of IPv4 are not few: a rule for all but some matches nearly every packet, however it is found. */
const NARROW_MAX = 2 ** 24;

/** Whether one side of the header names few addresses. */
export const isNarrow = ({ source, destination }: Header): boolean =>
  (source !== null && sizeOf(source) <= NARROW_MAX) || (destination !== null && sizeOf(destination) <= NARROW_MAX);

/** Of IPv4; a set of IPv6 alone has none. */
function sizeOf({ v4 }: Addresses): number {
  let size = 0;
  for (let i = 0; i < v4.length; i += 2) size += v4[i + 1]! - v4[i]! + 1;
  return size;
}

const prefixV4 = (address: number, length: number): number => (length === 0 ? 0 : address >>> (V4_BITS - length));

/** The words above the prefix are zero in it. */
function prefixV6(a: number, b: number, c: number, d: number, length: number): string {
  const part = (word: number, from: number): number => {
    const bits = Math.min(Math.max(length - from, 0), 32);
    return bits === 0 ? 0 : (word >>> (32 - bits)) * 2 ** (32 - bits);
  };
  return `${part(a, 0)} ${part(b, 32)} ${part(c, 64)} ${part(d, 96)}`;
}

/** The fewest prefixes that are the range together. */
function* prefixesV4(low: number, high: number): Generator<{ readonly length: number; readonly prefix: number }> {
  for (let at = low; at <= high; ) {
    let bits = 0;
    while (bits < V4_BITS && at % 2 ** (bits + 1) === 0 && at + 2 ** (bits + 1) - 1 <= high) bits += 1;
    yield { length: V4_BITS - bits, prefix: prefixV4(at, V4_BITS - bits) };
    at += 2 ** bits;
  }
}

function* prefixesV6(low: bigint, high: bigint): Generator<{ readonly length: number; readonly prefix: string }> {
  const word = (value: bigint, shift: bigint): number => Number((value >> shift) & 0xffff_ffffn);
  for (let at = low; at <= high; ) {
    let bits = 0n;
    while (bits < 128n && at % (1n << (bits + 1n)) === 0n && at + (1n << (bits + 1n)) - 1n <= high) bits += 1n;
    const length = 128 - Number(bits);
    yield { length, prefix: prefixV6(word(at, 96n), word(at, 64n), word(at, 32n), word(at, 0n), length) };
    at += 1n << bits;
  }
}

function wide(words: Uint32Array, at: number): bigint {
  let value = 0n;
  for (let i = 0; i < 4; i += 1) value = value * BigInt(WORD) + BigInt(words[at + i]!);
  return value;
}
