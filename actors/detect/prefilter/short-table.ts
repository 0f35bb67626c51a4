/** Patterns of one byte and of two, by these bytes. */
import { CASE } from './key-filter.ts';
import type { PatternStore } from './pattern-store.ts';

export class ShortTable {
  readonly #store: PatternStore;
  readonly #singles = new Int32Array(256).fill(-1);
  readonly #pairs = new Int32Array(65_536).fill(-1);
  readonly #nexts: Int32Array;
  readonly #size: number;

  constructor(store: PatternStore, short: readonly number[], patterns: number) {
    this.#store = store;
    this.#nexts = new Int32Array(patterns).fill(-1);
    this.#size = short.length;
    for (const pattern of short) {
      const isPair = store.lengthOf(pattern) === 2;
      const table = isPair ? this.#pairs : this.#singles;
      const first = store.byteOf(pattern, 0) | CASE;
      const place = isPair ? (first << 8) | store.byteOf(pattern, 1) | CASE : first;
      this.#nexts[pattern] = table[place]!;
      table[place] = pattern;
    }
  }

  /** Until the end, or until there is nothing left to find. */
  scan(buffer: Uint8Array): void {
    const before = this.#store.count;
    let pair = 0;
    for (let at = 0; at < buffer.length; at += 1) {
      const byte = buffer[at]! | CASE;
      pair = ((pair << 8) | byte) & 0xffff;
      if (this.#singles[byte] !== -1) this.#take(this.#singles[byte]!, buffer, at);
      if (at > 0 && this.#pairs[pair] !== -1) this.#take(this.#pairs[pair]!, buffer, at - 1);
      if (this.#store.count - before === this.#size) return;
    }
  }

  #take(first: number, buffer: Uint8Array, start: number): void {
    for (let pattern = first; pattern !== -1; pattern = this.#nexts[pattern]!)
      this.#store.take(pattern, buffer, start, false);
  }
}
