/**
 * The last 1,024 sequences of a device's boot epoch, each with a keyed tag of what was signed under it: says whether a
 * frame is new, was seen, contradicts what was seen, or is too old to tell. `verdict` looks; only `accept` changes, and
 * is called for frames whose signature holds, so that nobody else can move the window.
 */
import type { RowStore } from '../../engine/index.ts';
import {
  AT_BOOT_EPOCH,
  AT_FLAGS,
  AT_HIGHEST_GROUP,
  AT_RING,
  BLOCK_WORDS,
  FLAG_SEEN,
  FLAG_SUSPECT,
  GROUP,
  RING_BLOCK,
  RING_GROUPS,
  ROW_WORDS,
  WINDOW,
} from './device-row.ts';

export const FRESH = 0;
export const REPEATED = 1;
export const CONFLICTING = 2;
export const OLD_SEQUENCE = 3;
export const OLD_EPOCH = 4;
export type Verdict = typeof FRESH | typeof REPEATED | typeof CONFLICTING | typeof OLD_SEQUENCE | typeof OLD_EPOCH;

/** Groups this far below the highest one lie within the window as a whole; RING_GROUPS below, outside as a whole. */
const SURE_GROUPS = Math.floor((WINDOW - GROUP) / GROUP);

export class SequenceWindow {
  readonly #rows: RowStore;

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  /** `row` -1: a device of which nothing was seen. `tag` is never 0. */
  verdict(row: number, bootEpoch: number, sequence: number, tag: number): Verdict {
    if (row < 0) return FRESH;
    const words = this.#rows.u32;
    const at = row * ROW_WORDS;
    if (((words[at + AT_FLAGS] as number) & FLAG_SEEN) === 0) return FRESH;
    const epoch = words[at + AT_BOOT_EPOCH] as number;
    if (bootEpoch !== epoch) return bootEpoch > epoch ? FRESH : OLD_EPOCH;
    const group = Math.floor(sequence / GROUP);
    const back = (words[at + AT_HIGHEST_GROUP] as number) - group;
    if (back < 0) return FRESH;
    if (back > SURE_GROUPS && (back >= RING_GROUPS || this.#highest(row) - sequence >= WINDOW)) return OLD_SEQUENCE;
    const block = at + AT_RING + (group % RING_GROUPS) * BLOCK_WORDS;
    if (words[block] !== group + 1) return FRESH;
    const seen = words[block + 1 + sequence - group * GROUP] as number;
    if (seen === 0) return FRESH;
    return seen === tag ? REPEATED : CONFLICTING;
  }

  /** After the verdict FRESH and a good signature. */
  accept(row: number, bootEpoch: number, sequence: number, tag: number): void {
    const rows = this.#rows;
    const words = rows.u32;
    const at = row * ROW_WORDS;
    const flags = words[at + AT_FLAGS] as number;
    const group = Math.floor(sequence / GROUP);
    const isSeen = (flags & FLAG_SEEN) !== 0 && words[at + AT_BOOT_EPOCH] === bootEpoch;
    if (!isSeen || group > (words[at + AT_HIGHEST_GROUP] as number)) {
      rows.touch(row, 0);
      if (!isSeen) this.#forgetAll(row);
      words[at + AT_BOOT_EPOCH] = bootEpoch;
      words[at + AT_HIGHEST_GROUP] = group;
      words[at + AT_FLAGS] = flags | FLAG_SEEN;
    }
    const place = group % RING_GROUPS;
    rows.touch(row, RING_BLOCK + place);
    const block = at + AT_RING + place * BLOCK_WORDS;
    if (words[block] !== group + 1) {
      words[block] = group + 1;
      for (let i = 1; i <= GROUP; i++) words[block + i] = 0;
    }
    words[block + 1 + sequence - group * GROUP] = tag;
  }

  /** Whether every sequence from this one on is new: nothing of them has to be looked up. */
  isAhead(row: number, bootEpoch: number, sequence: number): boolean {
    if (row < 0) return true;
    const words = this.#rows.u32;
    const at = row * ROW_WORDS;
    if ((words[at + AT_FLAGS]! & FLAG_SEEN) === 0 || bootEpoch > words[at + AT_BOOT_EPOCH]!) return true;
    return bootEpoch === words[at + AT_BOOT_EPOCH] && sequence > this.#highest(row);
  }

  /**
   * As `accept` of the sequences from `first` on, where `isAhead`; tags[i] belongs to first + i. What lies before the
   * last 1,024 of them leaves the window at once, and its tags are not looked at.
   */
  acceptRun(row: number, bootEpoch: number, first: number, tags: Uint32Array, count: number): void {
    const rows = this.#rows;
    let i = Math.max(0, count - WINDOW);
    // Groups from the first to the last: with each the head moves, as it would one by one.
    while (i < count) {
      this.accept(row, bootEpoch, first + i, tags[i]!);
      const group = Math.floor((first + i) / GROUP);
      const words = rows.u32;
      const block = row * ROW_WORDS + AT_RING + (group % RING_GROUPS) * BLOCK_WORDS + 1 - group * GROUP;
      const end = Math.min(count, (group + 1) * GROUP - first);
      for (i++; i < end; i++) words[block + first + i] = tags[i]!;
    }
  }

  isSuspect(row: number): boolean {
    return row >= 0 && ((this.#rows.u32[row * ROW_WORDS + AT_FLAGS] as number) & FLAG_SUSPECT) !== 0;
  }

  markSuspect(row: number): void {
    this.#rows.touch(row, 0);
    const at = row * ROW_WORDS + AT_FLAGS;
    this.#rows.u32[at] = (this.#rows.u32[at] as number) | FLAG_SUSPECT;
  }

  /** The last sequence of the highest group that was seen; there is one. */
  #highest(row: number): number {
    const words = this.#rows.u32;
    const group = words[row * ROW_WORDS + AT_HIGHEST_GROUP] as number;
    const block = row * ROW_WORDS + AT_RING + (group % RING_GROUPS) * BLOCK_WORDS;
    let last = GROUP;
    while (words[block + last] === 0) last--;
    return group * GROUP + last - 1;
  }

  /** A new boot epoch: what the ring holds is of the one before. */
  #forgetAll(row: number): void {
    const words = this.#rows.u32;
    const ring = row * ROW_WORDS + AT_RING;
    for (let place = 0; place < RING_GROUPS; place++) {
      if (words[ring + place * BLOCK_WORDS] === 0) continue;
      this.#rows.touch(row, RING_BLOCK + place);
      words[ring + place * BLOCK_WORDS] = 0;
    }
  }
}
