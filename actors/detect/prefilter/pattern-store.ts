/** Patterns one behind the other, and which of them a scan has found. */
import { FOLD } from '../match/index.ts';

export interface Pattern {
  readonly bytes: Uint8Array;
  readonly nocase: boolean;
  /** Several patterns may have one. */
  readonly id: number;
}

/** Bytes that are compared for each byte of the buffer, and for any buffer. */
const COMPARED_PER_BYTE = 4;
const COMPARED_FREE = 1024;

export class PatternStore {
  /** The ids that the last scan found, each pattern's once: the first `count` of them. */
  readonly ids: Int32Array;
  count = 0;
  scan = 0;
  /** What may still be compared. */
  budget = 0;
  readonly #bytes: Uint8Array;
  /** Where each one begins; one more than there are. */
  readonly #starts: Int32Array;
  readonly #nocase: Uint8Array;
  readonly #ids: Int32Array;
  /** The scan in which a pattern was found. */
  readonly #found: Uint32Array;

  constructor(patterns: readonly Pattern[]) {
    const starts = new Int32Array(patterns.length + 1);
    for (const [i, { bytes }] of patterns.entries()) starts[i + 1] = starts[i]! + bytes.length;
    const all = new Uint8Array(starts[patterns.length]!);
    for (const [i, { bytes, nocase }] of patterns.entries()) {
      if (bytes.length === 0) throw new RangeError('a pattern without bytes');
      all.set(nocase ? bytes.map((byte) => FOLD[byte]!) : bytes, starts[i]!);
    }
    this.#bytes = all;
    this.#starts = starts;
    this.#nocase = Uint8Array.from(patterns, ({ nocase }) => (nocase ? 1 : 0));
    this.#ids = Int32Array.from(patterns, ({ id }) => id);
    this.ids = new Int32Array(patterns.length);
    this.#found = new Uint32Array(patterns.length);
  }

  /** A scan of so many bytes begins. */
  begin(length: number): void {
    this.scan += 1;
    if (this.scan === 0x7fff_ffff) {
      this.#found.fill(0);
      this.scan = 1;
    }
    this.count = 0;
    this.budget = COMPARED_FREE + COMPARED_PER_BYTE * length;
  }

  lengthOf(pattern: number): number {
    return this.#starts[pattern + 1]! - this.#starts[pattern]!;
  }

  byteOf(pattern: number, index: number): number {
    return this.#bytes[this.#starts[pattern]! + index]!;
  }

  /** Whether it is found now or was before; `isCertain`: it need not be compared. */
  take(pattern: number, buffer: Uint8Array, start: number, isCertain: boolean): boolean {
    if (this.#found[pattern] === this.scan) return true;
    if (!isCertain && !this.#isAt(pattern, buffer, start)) return false;
    this.#found[pattern] = this.scan;
    this.ids[this.count] = this.#ids[pattern]!;
    this.count += 1;
    return true;
  }

  #isAt(pattern: number, buffer: Uint8Array, start: number): boolean {
    const bytes = this.#bytes;
    const from = this.#starts[pattern]!;
    const length = this.#starts[pattern + 1]! - from;
    if (start < 0 || start + length > buffer.length) return false;
    let i = 0;
    if (this.#nocase[pattern] === 1) while (i < length && FOLD[buffer[start + i]!] === bytes[from + i]) i += 1;
    else while (i < length && buffer[start + i] === bytes[from + i]) i += 1;
    this.budget -= i;
    return i === length;
  }
}
