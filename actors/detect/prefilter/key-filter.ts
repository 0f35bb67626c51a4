/**
 * Which keys of a length are in a buffer: a table of bits, asked once for each byte. A key is some bytes in a row, the first one
 * lowest, each with bit 0x20 set, so that letters are alike in both cases. Where the table says that a key may be there, a second one is
 * asked, which knows the two bytes before it, too; only then the patterns are looked at.
 */
import type { KeyTable } from './key-table.ts';
import type { PatternStore } from './pattern-store.ts';

const HASH = 0x9e3779b1 | 0;
const BEFORE_HASH = 0xc2b2ae35 | 0;
const SECOND_HASH = 0x27d4eb2f | 0;
const BITS_MIN = 15;
/** Tables of 128 and 64 KiB, which stay in the processor's second cache. */
const BITS_MAX = 20;
const SECOND_BITS_MAX = 19;
const BITS_PER_KEY = 32;

export const CASE = 0x20;
export const CASES = 0x2020_2020;

export class KeyFilter {
  readonly #words: Int32Array;
  readonly #shift: number;
  readonly #second: Int32Array;
  readonly #secondShift: number;
  readonly #table: KeyTable;
  readonly #store: PatternStore;
  readonly #keyBytes: 3 | 4;
  readonly #everySecond: boolean;
  /** Of a word the bits above the key. */
  readonly #drop: number;

  /** `everySecond`: each pattern has a key that begins at an even place in it, and one at an odd one; keys have four bytes. */
  constructor(keys: number, keyBytes: 3 | 4, table: KeyTable, store: PatternStore, everySecond = false) {
    const bits = Math.min(BITS_MAX, Math.max(BITS_MIN, Math.ceil(Math.log2(BITS_PER_KEY * keys))));
    this.#words = new Int32Array(1 << (bits - 5));
    this.#shift = 32 - bits + 5;
    const secondBits = Math.min(SECOND_BITS_MAX, bits);
    this.#second = new Int32Array(1 << (secondBits - 5));
    this.#secondShift = 32 - secondBits + 5;
    this.#table = table;
    this.#store = store;
    this.#keyBytes = keyBytes;
    this.#everySecond = everySecond;
    this.#drop = 32 - 8 * keyBytes;
  }

  /** `before`: the two bytes before the key in a pattern; null: it has none, or any. */
  add(key: number, before: number | null): void {
    const hash = Math.imul(key << this.#drop, HASH);
    this.#words[hash >>> this.#shift]! |= 1 << (hash & 31);
    const second = secondHash(key, before ?? 0);
    this.#second[second >>> this.#secondShift]! |= 1 << (second & 31);
  }

  /** The patterns in the store that the buffer has are taken. `words`: the buffer as `wordsOf` gives it; null: it is short. */
  scan(buffer: Uint8Array, words: Int32Array | null): void {
    if (this.#everySecond) {
      this.#scanSecond(buffer, words);
      return;
    }
    const keyBytes = this.#keyBytes;
    const { length } = buffer;
    let at = words === null ? 0 : this.#scanWords(buffer, words);
    if (at + keyBytes > length) return;
    const bits = this.#words;
    const shift = this.#shift;
    const drop = this.#drop;
    const last = keyBytes - 1;
    let key = 0;
    for (let i = 0; i < last; i += 1) key |= (buffer[at + i]! | CASE) << (8 * i);
    for (at += last; at < length; at += 1) {
      key |= (buffer[at]! | CASE) << (8 * last);
      const hash = Math.imul(key << drop, HASH);
      if (((bits[hash >>> shift]! >>> hash) & 1) !== 0) this.#ask(key, buffer, at + 1);
      key >>>= 8;
    }
  }

  /** Four keys a turn, each from two words: one look at the bits for all of them together. Gives the first place that is left. */
  #scanWords(buffer: Uint8Array, words: Int32Array): number {
    const bits = this.#words;
    const shift = this.#shift;
    const drop = this.#drop;
    const keyBytes = this.#keyBytes;
    const mask = -1 >>> drop;
    const turns = (buffer.length >>> 2) - 1;
    let word = words[0]! | CASES;
    for (let i = 0; i < turns; i += 1) {
      const next = words[i + 1]! | CASES;
      const a = Math.imul(word << drop, HASH);
      const b = Math.imul(((word >>> 8) | (next << 24)) << drop, HASH);
      const c = Math.imul(((word >>> 16) | (next << 16)) << drop, HASH);
      const d = Math.imul(((word >>> 24) | (next << 8)) << drop, HASH);
      const isA = bits[a >>> shift]! >>> a;
      const isB = bits[b >>> shift]! >>> b;
      const isC = bits[c >>> shift]! >>> c;
      const isD = bits[d >>> shift]! >>> d;
      if (((isA | isB | isC | isD) & 1) !== 0) {
        const end = i * 4 + keyBytes;
        if ((isA & 1) !== 0) this.#ask(word & mask, buffer, end);
        if ((isB & 1) !== 0) this.#ask(((word >>> 8) | (next << 24)) & mask, buffer, end + 1);
        if ((isC & 1) !== 0) this.#ask(((word >>> 16) | (next << 16)) & mask, buffer, end + 2);
        if ((isD & 1) !== 0) this.#ask(((word >>> 24) | (next << 8)) & mask, buffer, end + 3);
      }
      word = next;
    }
    return turns > 0 ? turns * 4 : 0;
  }

  /** Half the keys: wherever a pattern begins, one of its two is at an even place of the buffer. */
  #scanSecond(buffer: Uint8Array, words: Int32Array | null): void {
    const { length } = buffer;
    let at = words === null ? 0 : this.#scanSecondWords(buffer, words);
    if (at + 4 > length) return;
    const bits = this.#words;
    const shift = this.#shift;
    let key = buffer[at]! | (buffer[at + 1]! << 8) | CASES;
    for (at += 2; at + 2 <= length; at += 2) {
      key |= (buffer[at]! << 16) | (buffer[at + 1]! << 24);
      const hash = Math.imul(key, HASH);
      if (((bits[hash >>> shift]! >>> hash) & 1) !== 0) this.#ask(key, buffer, at + 2);
      key = (key >>> 16) | CASES;
    }
  }

  /** Four keys a turn, of two words. Gives the first place that is left. */
  #scanSecondWords(buffer: Uint8Array, words: Int32Array): number {
    const bits = this.#words;
    const shift = this.#shift;
    const turns = ((buffer.length >>> 2) - 1) >>> 1;
    let word = words[0]! | CASES;
    for (let i = 0; i < turns; i += 1) {
      const second = words[2 * i + 1]! | CASES;
      const next = words[2 * i + 2]! | CASES;
      const between = (word >>> 16) | (second << 16);
      const behind = (second >>> 16) | (next << 16);
      const a = Math.imul(word, HASH);
      const b = Math.imul(between, HASH);
      const c = Math.imul(second, HASH);
      const d = Math.imul(behind, HASH);
      const isA = bits[a >>> shift]! >>> a;
      const isB = bits[b >>> shift]! >>> b;
      const isC = bits[c >>> shift]! >>> c;
      const isD = bits[d >>> shift]! >>> d;
      if (((isA | isB | isC | isD) & 1) !== 0) {
        const end = i * 8 + 4;
        if ((isA & 1) !== 0) this.#ask(word, buffer, end);
        if ((isB & 1) !== 0) this.#ask(between, buffer, end + 2);
        if ((isC & 1) !== 0) this.#ask(second, buffer, end + 4);
        if ((isD & 1) !== 0) this.#ask(behind, buffer, end + 6);
      }
      word = next;
    }
    return turns * 8;
  }

  /** `end`: where the key ends in the buffer. */
  #ask(key: number, buffer: Uint8Array, end: number): void {
    const start = end - this.#keyBytes;
    const before = start < 2 ? 0 : ((buffer[start - 1]! | CASE) << 8) | buffer[start - 2]! | CASE;
    if (!this.#mayFollow(key, before) && !this.#mayFollow(key, 0)) return;
    const table = this.#table;
    const store = this.#store;
    const place = table.placeOf(key);
    if (place === -1 || table.isDone(place, store.scan)) return;
    const isOver = store.budget <= 0;
    let isDone = true;
    for (let one = table.firstOf(place); one !== -1; one = table.nexts[one]!) {
      store.budget -= 1;
      if (!store.take(table.patterns[one]!, buffer, end - table.offsets[one]!, isOver)) isDone = false;
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
