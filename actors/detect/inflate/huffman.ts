/** A Huffman code of DEFLATE: a table for short codes, and the counts of each length for long ones. */

const FAST_BITS = 9;
const BITS_MAX = 15;

export class Huffman {
  /** By the next nine bits: length and symbol, 0 where the code is longer. */
  readonly #fast = new Uint16Array(1 << FAST_BITS);
  readonly #count = new Uint16Array(BITS_MAX + 1);
  readonly #symbols: Uint16Array;

  constructor(symbolsMax: number) {
    this.#symbols = new Uint16Array(symbolsMax);
  }

  /** False: more codes than there is room for, or too few of them. */
  build(lengths: Uint8Array, start: number, total: number): boolean {
    const count = this.#count.fill(0);
    for (let i = 0; i < total; i += 1) count[lengths[start + i]!]! += 1;
    const unused = count[0]!;
    count[0] = 0;
    let left = 1;
    for (let bits = 1; bits <= BITS_MAX; bits += 1) {
      left = left * 2 - count[bits]!;
      if (left < 0) return false;
    }
    // One code alone may leave room; it is as zlib has it.
    if (left > 0 && (total - unused > 1 || (total - unused === 1 && count[1] !== 1))) return false;
    const next = new Uint16Array(BITS_MAX + 2);
    const codes = new Uint16Array(BITS_MAX + 2);
    for (let bits = 1; bits <= BITS_MAX; bits += 1) {
      next[bits + 1] = next[bits]! + count[bits]!;
      codes[bits + 1] = (codes[bits]! + count[bits]!) << 1;
    }
    this.#fast.fill(0);
    for (let symbol = 0; symbol < total; symbol += 1) {
      const bits = lengths[start + symbol]!;
      if (bits === 0) continue;
      this.#symbols[next[bits]!] = symbol;
      next[bits]! += 1;
      const code = codes[bits]!;
      codes[bits]! += 1;
      if (bits > FAST_BITS) continue;
      let reversed = 0;
      for (let bit = 0; bit < bits; bit += 1) reversed |= ((code >> bit) & 1) << (bits - 1 - bit);
      for (let at = reversed; at < 1 << FAST_BITS; at += 1 << bits) this.#fast[at] = (bits << 9) | symbol;
    }
    return true;
  }

  /** Length and symbol of the code that these bits begin with, as `bits << 9 | symbol`; 0: it needs more; -1: none. */
  decode(hold: number, available: number): number {
    const short = this.#fast[hold & ((1 << FAST_BITS) - 1)]!;
    if (short !== 0) return short >> 9 <= available ? short : 0;
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; bits <= BITS_MAX; bits += 1) {
      if (bits > available) return 0;
      code |= (hold >>> (bits - 1)) & 1;
      const count = this.#count[bits]!;
      if (code - count < first) return (bits << 9) | this.#symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return -1;
  }
}
