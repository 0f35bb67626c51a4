/**
 * The next place of some bytes in a buffer. Horspool's search; where a text is made to defeat it, the search goes on in
 * linear time (Knuth, Morris, Pratt), so that no text costs more than a few steps a byte.
 */

/** ASCII letters in lower case, every other byte as it is. */
export const FOLD: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
);

/** Comparisons for each byte that is searched, after which the linear search takes over; and a start for short texts. */
const COMPARED_PER_BYTE = 4;
const COMPARED_FREE = 64;
const SKIP_MAX = 255;

export class LiteralSearch {
  readonly #bytes: Uint8Array;
  readonly #fold: Uint8Array | null;
  // Both tables are made when they are first needed: most rules of a set never get that far.
  #skips: Uint8Array | null = null;
  #borders: Uint16Array | null = null;

  constructor(bytes: Uint8Array, nocase: boolean) {
    this.#bytes = nocase ? bytes.map((byte) => FOLD[byte]!) : bytes;
    this.#fold = nocase && bytes.some((byte) => isLetter(byte)) ? FOLD : null;
  }

  /** The first place at `from` or behind it that ends at `to` or before it; -1: there is none. */
  next(buffer: Uint8Array, from: number, to: number): number {
    const bytes = this.#bytes;
    const last = bytes.length - 1;
    // One without bytes is nowhere, as in Suricata.
    if (last < 0 || from + last >= to) return -1;
    const fold = this.#fold;
    this.#skips ??= skipsOf(bytes, fold !== null);
    const skips = this.#skips;
    const tail = bytes[last]!;
    let compared = COMPARED_FREE;
    let end = from + last;
    while (end < to) {
      const raw = buffer[end]!;
      if ((fold === null ? raw : fold[raw]!) === tail) {
        let left = last;
        const start = end - last;
        if (fold === null) while (left > 0 && buffer[start + left - 1] === bytes[left - 1]) left -= 1;
        else while (left > 0 && fold[buffer[start + left - 1]!] === bytes[left - 1]) left -= 1;
        if (left === 0) return start;
        compared += last - left + 1;
        if (compared > COMPARED_PER_BYTE * (end - from) + COMPARED_FREE * 2) return this.#linear(buffer, start + 1, to);
      }
      end += skips[raw]!;
    }
    return -1;
  }

  #linear(buffer: Uint8Array, from: number, to: number): number {
    const bytes = this.#bytes;
    const fold = this.#fold;
    this.#borders ??= bordersOf(bytes);
    const borders = this.#borders;
    let matched = 0;
    for (let at = from; at < to; at += 1) {
      const byte = fold === null ? buffer[at]! : fold[buffer[at]!]!;
      while (matched > 0 && bytes[matched] !== byte) matched = borders[matched - 1]!;
      if (bytes[matched] === byte) matched += 1;
      if (matched === bytes.length) return at - matched + 1;
    }
    return -1;
  }
}

const isLetter = (byte: number): boolean => FOLD[byte]! >= 0x61 && FOLD[byte]! <= 0x7a;

/** How far the end may move on, by the byte at the end. */
function skipsOf(bytes: Uint8Array, isFolded: boolean): Uint8Array {
  const skips = new Uint8Array(256).fill(Math.min(bytes.length, SKIP_MAX));
  for (let i = 0; i < bytes.length - 1; i += 1) {
    const skip = Math.min(bytes.length - 1 - i, SKIP_MAX);
    skips[bytes[i]!] = skip;
    if (isFolded && isLetter(bytes[i]!)) skips[bytes[i]! - 0x20] = skip;
  }
  return skips;
}

/** For each beginning the length of its longest end that is a beginning, too. */
function bordersOf(bytes: Uint8Array): Uint16Array {
  const borders = new Uint16Array(bytes.length);
  let length = 0;
  for (let i = 1; i < bytes.length; i += 1) {
    while (length > 0 && bytes[length] !== bytes[i]) length = borders[length - 1]!;
    if (bytes[length] === bytes[i]) length += 1;
    borders[i] = length;
  }
  return borders;
}
