/**
 * Which keys of a length are in a buffer: a table of bits, asked once for each byte. A key is some bytes in a row, each with
 * bit 0x20 set, so that letters are alike in both cases.
 */
import type { KeyTable } from './key-table.ts';
import type { PatternStore } from './pattern-store.ts';

const HASH = 0x9e3779b1 | 0;
const BITS_MIN = 13;
/** A table of 128 KiB, which stays in the processor's second cache. */
const BITS_MAX = 20;
const BITS_PER_KEY = 32;

export const CASE = 0x20;

export class KeyFilter {
  readonly #words: Int32Array;
  readonly #shift: number;
  readonly #table: KeyTable;
  readonly #store: PatternStore;
  readonly #keyBytes: 3 | 4;

  constructor(keys: number, keyBytes: 3 | 4, table: KeyTable, store: PatternStore) {
    const bits = Math.min(BITS_MAX, Math.max(BITS_MIN, Math.ceil(Math.log2(BITS_PER_KEY * keys))));
    this.#words = new Int32Array(1 << (bits - 5));
    this.#shift = 32 - bits + 5;
    this.#table = table;
    this.#store = store;
    this.#keyBytes = keyBytes;
  }

  add(key: number): void {
    const hash = Math.imul(key, HASH);
    this.#words[hash >>> this.#shift]! |= 1 << (hash & 31);
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
      if ((((words[a >>> shift]! >>> (a & 31)) | (words[b >>> shift]! >>> (b & 31))) & 1) !== 0) {
        this.#ask(first, buffer, at + 1);
        this.#ask(key, buffer, at + 2);
      }
    }
    if (at < length) this.#ask(((key << 8) | buffer[at]! | CASE) & mask, buffer, length);
  }

  /** `end`: where the key ends in the buffer. */
  #ask(key: number, buffer: Uint8Array, end: number): void {
    const table = this.#table;
    const store = this.#store;
    const place = table.placeOf(key);
    if (place === -1 || table.doneIn[place] === store.scan) return;
    const isOver = store.budget <= 0;
    let isDone = true;
    for (let pattern = table.firsts[place]!; pattern !== -1; pattern = table.nexts[pattern]!) {
      store.budget -= 1;
      if (!store.take(pattern, buffer, end - table.offsets[pattern]!, isOver)) isDone = false;
    }
    if (isDone) table.doneIn[place] = store.scan;
  }
}
