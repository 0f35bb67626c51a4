/**
 * The last 1,024 sequences of a device's boot epoch, each with a keyed tag of what was signed under it: says whether a
 * frame is new, was seen, contradicts what was seen, or is too old to tell. `verdict` looks; only `accept` changes, and
 * is called for frames whose signature holds, so that nobody else can move the window.
 */
import type { RowStore } from '../../engine/index.ts';
import {
  AT_BOOT_EPOCH,
  AT_FLAGS,
  AT_HIGHEST,
  AT_TAGS,
  FLAG_SEEN,
  FLAG_SUSPECT,
  HEAD_BYTES,
  WINDOW,
  WORDS,
} from './device-row.ts';

export const FRESH = 0;
export const REPEATED = 1;
export const CONFLICTING = 2;
export const OLD_SEQUENCE = 3;
export const OLD_EPOCH = 4;
export type Verdict = typeof FRESH | typeof REPEATED | typeof CONFLICTING | typeof OLD_SEQUENCE | typeof OLD_EPOCH;

const RING_BLOCK = HEAD_BYTES / 64;
const TAGS_PER_BLOCK = 16;

export class SequenceWindow {
  readonly #rows: RowStore;

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  /** `row` -1: a device of which nothing was seen. `tag` is never 0. */
  verdict(row: number, bootEpoch: number, sequence: number, tag: number): Verdict {
    if (row < 0) return FRESH;
    const words = this.#rows.u32;
    const at = row * WORDS;
    if (((words[at + AT_FLAGS] as number) & FLAG_SEEN) === 0) return FRESH;
    const epoch = words[at + AT_BOOT_EPOCH] as number;
    if (bootEpoch !== epoch) return bootEpoch > epoch ? FRESH : OLD_EPOCH;
    const highest = words[at + AT_HIGHEST] as number;
    if (sequence > highest) return FRESH;
    if (highest - sequence >= WINDOW) return OLD_SEQUENCE;
    const seen = words[at + AT_TAGS + (sequence & (WINDOW - 1))] as number;
    if (seen === 0) return FRESH;
    return seen === tag ? REPEATED : CONFLICTING;
  }

  /** After the verdict FRESH and a good signature. */
  accept(row: number, bootEpoch: number, sequence: number, tag: number): void {
    const rows = this.#rows;
    const words = rows.u32;
    const at = row * WORDS;
    const flags = words[at + AT_FLAGS] as number;
    const isSeen = (flags & FLAG_SEEN) !== 0 && words[at + AT_BOOT_EPOCH] === bootEpoch;
    const highest = words[at + AT_HIGHEST] as number;
    if (!isSeen || sequence > highest) {
      rows.touch(row, 0);
      if (!isSeen) this.#forgetAll(row);
      else if (sequence - highest >= WINDOW) this.#forgetAll(row);
      else if (sequence - highest > 1) this.#forget(row, highest + 1, sequence);
      words[at + AT_BOOT_EPOCH] = bootEpoch;
      words[at + AT_HIGHEST] = sequence;
      words[at + AT_FLAGS] = flags | FLAG_SEEN;
    }
    const place = sequence & (WINDOW - 1);
    rows.touch(row, RING_BLOCK + ((place / TAGS_PER_BLOCK) | 0));
    words[at + AT_TAGS + place] = tag;
  }

  isSuspect(row: number): boolean {
    return row >= 0 && ((this.#rows.u32[row * WORDS + AT_FLAGS] as number) & FLAG_SUSPECT) !== 0;
  }

  markSuspect(row: number): void {
    this.#rows.touch(row, 0);
    const at = row * WORDS + AT_FLAGS;
    this.#rows.u32[at] = (this.#rows.u32[at] as number) | FLAG_SUSPECT;
  }

  /** Sequences from (inclusive) to (exclusive), fewer than 1,024, were skipped: what the ring says there is older. */
  #forget(row: number, from: number, to: number): void {
    const words = this.#rows.u32;
    const ring = row * WORDS + AT_TAGS;
    for (let sequence = from; sequence < to; sequence++) {
      const place = sequence & (WINDOW - 1);
      if (words[ring + place] === 0) continue;
      this.#rows.touch(row, RING_BLOCK + ((place / TAGS_PER_BLOCK) | 0));
      words[ring + place] = 0;
    }
  }

  #forgetAll(row: number): void {
    const words = this.#rows.u32;
    const ring = row * WORDS + AT_TAGS;
    for (let place = 0; place < WINDOW; place++) {
      if (words[ring + place] === 0) continue;
      this.#rows.touch(row, RING_BLOCK + ((place / TAGS_PER_BLOCK) | 0));
      words[ring + place] = 0;
    }
  }
}
