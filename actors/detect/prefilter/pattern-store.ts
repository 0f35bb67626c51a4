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
    const count = patterns.length;
    const starts = new Int32Array(count + 1);
    const nocases = new Uint8Array(count);
    const ids = new Int32Array(count);
    for (let i = 0; i < count; i += 1) {
      const { bytes, nocase, id } = patterns[i]!;
      if (bytes.length === 0) throw new RangeError('a pattern without bytes');
      starts[i + 1] = starts[i]! + bytes.length;
      nocases[i] = nocase ? 1 : 0;
      ids[i] = id;
    }
    const all = new Uint8Array(starts[count]!);
    for (let i = 0, at = 0; i < count; i += 1) {
      const { bytes, nocase } = patterns[i]!;
      for (let j = 0; j < bytes.length; j += 1, at += 1) all[at] = nocase ? FOLD[bytes[j]!]! : bytes[j]!;
    }
    this.#bytes = all;
    this.#starts = starts;
    this.#nocase = nocases;
    this.#ids = ids;
    this.ids = new Int32Array(count);
    this.#found = new Uint32Array(count);
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

  /** The four bytes before `end`, the first one lowest. */
  wordOf(pattern: number, end: number): number {
    const bytes = this.#bytes;
    const at = this.#starts[pattern]! + end;
    return bytes[at - 4]! | (bytes[at - 3]! << 8) | (bytes[at - 2]! << 16) | (bytes[at - 1]! << 24);
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
