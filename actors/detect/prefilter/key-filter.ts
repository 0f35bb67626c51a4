/**
 * Which keys of a length are in a buffer: a table of bits, asked once for each byte. A key is some bytes in a row, each with
 * bit 0x20 set, so that letters are alike in both cases. Where the table says that a key may be there, a second one is
 * asked, which knows the two bytes before it, too; only then the patterns are looked at.
 */
import type { KeyTable } from './key-table.ts';
import type { PatternStore } from './pattern-store.ts';

const HASH = 0x9e3779b1 | 0;
const BEFORE_HASH = 0xc2b2ae35 | 0;
const SECOND_HASH = 0x27d4eb2f | 0;
const BITS_MIN = 13;
/** Tables of 128 and 64 KiB, which stay in the processor's second cache. */
const BITS_MAX = 20;
const SECOND_BITS_MAX = 19;
const BITS_PER_KEY = 32;

export const CASE = 0x20;

export class KeyFilter {
  readonly #words: Int32Array;
  readonly #shift: number;
  readonly #second: Int32Array;
  readonly #secondShift: number;
  readonly #table: KeyTable;
  readonly #store: PatternStore;
  readonly #keyBytes: 3 | 4;

  constructor(keys: number, keyBytes: 3 | 4, table: KeyTable, store: PatternStore) {
    const bits = Math.min(BITS_MAX, Math.max(BITS_MIN, Math.ceil(Math.log2(BITS_PER_KEY * keys))));
    this.#words = new Int32Array(1 << (bits - 5));
    this.#shift = 32 - bits + 5;
    const secondBits = Math.min(SECOND_BITS_MAX, bits);
    this.#second = new Int32Array(1 << (secondBits - 5));
    this.#secondShift = 32 - secondBits + 5;
    this.#table = table;
    this.#store = store;
    this.#keyBytes = keyBytes;
  }

  /** `before`: the two bytes before the key in a pattern; null: it has none, or any. */
  add(key: number, before: number | null): void {
    const hash = Math.imul(key, HASH);
    this.#words[hash >>> this.#shift]! |= 1 << (hash & 31);
    const second = secondHash(key, before ?? 0);
    this.#second[second >>> this.#secondShift]! |= 1 << (second & 31);
  }

  /** The patterns in the store that the buffer has are taken. Two bytes a turn: the second one's key needs the first. */
  scan(buffer: Uint8Array): void {
    const keyBytes = this.#keyBytes;
    const { length } = buffer;
    if (length < keyBytes) return;
    const words = this.#words;
    const shift = this.#shift;
    const mask = keyBytes === 4 ? -1 : 0xff_ffff;
    let key = 0;
    let at = 0;
    for (; at < keyBytes - 1; at += 1) key = (key << 8) | buffer[at]! | CASE;
    for (; at + 1 < length; at += 2) {
      const first = ((key << 8) | buffer[at]! | CASE) & mask;
      key = ((first << 8) | buffer[at + 1]! | CASE) & mask;
      const a = Math.imul(first, HASH);
      const b = Math.imul(key, HASH);
      const isA = (words[a >>> shift]! >>> (a & 31)) & 1;
      const isB = (words[b >>> shift]! >>> (b & 31)) & 1;
      if ((isA | isB) !== 0) {
        if (isA !== 0) this.#ask(first, buffer, at + 1);
        if (isB !== 0) this.#ask(key, buffer, at + 2);
      }
    }
    if (at < length) this.#ask(((key << 8) | buffer[at]! | CASE) & mask, buffer, length);
  }

  /** `end`: where the key ends in the buffer. */
  #ask(key: number, buffer: Uint8Array, end: number): void {
    const start = end - this.#keyBytes;
    const before = start < 2 ? 0 : ((buffer[start - 2]! | CASE) << 8) | buffer[start - 1]! | CASE;
    if (!this.#mayFollow(key, before) && !this.#mayFollow(key, 0)) return;
    const table = this.#table;
    const store = this.#store;
    const place = table.placeOf(key);
    if (place === -1 || table.isDone(place, store.scan)) return;
    const isOver = store.budget <= 0;
    let isDone = true;
    for (let pattern = table.firstOf(place); pattern !== -1; pattern = table.nexts[pattern]!) {
      store.budget -= 1;
      if (!store.take(pattern, buffer, end - table.offsets[pattern]!, isOver)) isDone = false;
    }
    if (isDone) table.setDone(place, store.scan);
  }

  #mayFollow(key: number, before: number): boolean {
    const hash = secondHash(key, before);
    return ((this.#second[hash >>> this.#secondShift]! >>> (hash & 31)) & 1) !== 0;
  }
}

/** `before`: 0 for none; two bytes with bit 0x20 set are never that. */
function secondHash(key: number, before: number): number {
  const mixed = Math.imul(key, SECOND_HASH) ^ Math.imul(before, BEFORE_HASH);
  return Math.imul(mixed ^ (mixed >>> 15), HASH);
}
