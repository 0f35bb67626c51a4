/**
 * What each trustor knows of each trustee for each service, in one block of 64 bytes. The row's key is the trustee; its `sub`
 * tells trustor and service by their numbers. A pair is worked on unpacked, in the form of `PairTrust`: the epochs of its
 * windows follow from the time of the newest interaction, and stand in no row.
 *
 *   f64 weight · mean · spread of the small window, then of the big one · f64 newest time · u32 interactions
 *   u32 number of the pair's last known interaction and 1 more, its lowest 32 bits; 0 for none
 */
import type { RowStore } from '../../engine/index.ts';
import type { KnownContent, KnownIds } from './known-ids.ts';
import { PAIR_DOUBLES, type PairTrust, type TrustWindows } from './model/pair-trust.ts';
import { wholePower } from './model/powers-of-two.ts';

export const PAIR_ROW_BYTES = 64;
const ROW_DOUBLES = PAIR_ROW_BYTES / 8;
const ROW_WORDS = PAIR_ROW_BYTES / 4;

const AT_NEWEST = 6;
/** In words. */
const AT_INTERACTIONS = 14;
const AT_LAST_ENTRY = 15;

/** Places in PairTrust's form. */
const SMALL = 0;
const BIG = 4;
const WEIGHT = 1;
const SPREAD = 3;
const COUNT = 8;
const NEWEST = 9;

/** Of trustors and services alike: `sub` has 52 bits for both. */
export const NAMES_MAX: number = 2 ** 26;

/** Of the interactions of one pair so many at most are gone through for a correction. */
const REPLAYED_MAX = 4096;

export class PairRows {
  readonly rows: RowStore;
  /** Of the row that was opened last; at 0. */
  readonly opened: Float64Array = new Float64Array(PAIR_DOUBLES);
  readonly #pair: PairTrust;
  readonly #windows: TrustWindows;
  readonly #known: KnownIds;
  readonly #content: KnownContent = { time: 0, satisfaction: 0, weight: 0 };

  constructor(rows: RowStore, pair: PairTrust, windows: TrustWindows, known: KnownIds) {
    this.rows = rows;
    this.#pair = pair;
    this.#windows = windows;
    this.#known = known;
  }

  /** Reads something of each row and of whose it is, so that both are near when their turn comes; what it gives says nothing. */
  look(list: Int32Array, from: number, to: number): number {
    const { rows } = this;
    const words = rows.i32;
    let all = 0;
    for (let i = from; i < to; i++) {
      const row = list[i]!;
      if (rows.isLive(row)) all += words[row * ROW_WORDS]! + rows.keyIdOf(row) + rows.subOf(row);
    }
    return all;
  }

  /** Time of its newest interaction. */
  newestMs(row: number): number {
    return this.rows.f64[row * ROW_DOUBLES + AT_NEWEST]!;
  }

  interactions(row: number): number {
    return this.rows.u32[row * ROW_WORDS + AT_INTERACTIONS]!;
  }

  /** Number of the trustor. */
  trustorOf(row: number): number {
    return Math.floor(this.rows.subOf(row) / NAMES_MAX);
  }

  /** Number of the service. */
  serviceOf(row: number): number {
    return this.rows.subOf(row) % NAMES_MAX;
  }

  /** Unpacks it. */
  open(row: number): void {
    const { opened } = this;
    const doubles = this.rows.f64;
    const at = row * ROW_DOUBLES;
    const newest = doubles[at + AT_NEWEST]!;
    opened[SMALL] = Math.floor(newest / this.#windows.smallHalfLifeMs);
    opened[BIG] = Math.floor(newest / this.#windows.bigHalfLifeMs);
    for (let i = 0; i < 3; i++) {
      opened[SMALL + WEIGHT + i] = doubles[at + i]!;
      opened[BIG + WEIGHT + i] = doubles[at + 3 + i]!;
    }
    opened[NEWEST] = newest;
    opened[COUNT] = this.rows.u32[row * ROW_WORDS + AT_INTERACTIONS]!;
  }

  /** To the pair that is open; then `close`. */
  add({ time, satisfaction, weight }: KnownContent): void {
    this.#pair.add(this.opened, 0, time, satisfaction, weight);
    this.#normalise();
  }

  /** Packs what is open into its row, with its last interaction's number. */
  close(row: number, lastEntry: number): void {
    this.rows.touch(row, 0);
    const { opened } = this;
    const doubles = this.rows.f64;
    const at = row * ROW_DOUBLES;
    for (let i = 0; i < 3; i++) {
      doubles[at + i] = opened[SMALL + WEIGHT + i]!;
      doubles[at + 3 + i] = opened[BIG + WEIGHT + i]!;
    }
    doubles[at + AT_NEWEST] = opened[NEWEST]!;
    const words = this.rows.u32;
    words[row * ROW_WORDS + AT_INTERACTIONS] = opened[COUNT]!;
    words[row * ROW_WORDS + AT_LAST_ENTRY] = lastEntry + 1;
  }

  /** -1 where none is known any more. */
  lastEntry(row: number): number {
    const stored = this.rows.u32[row * ROW_WORDS + AT_LAST_ENTRY]!;
    return stored === 0 ? -1 : this.#known.numberOf(stored - 1, row);
  }

  /**
   * Of the pair that is open, after an entry's content has become another. Where all interactions of the pair are known it
   * is summed up anew, else the old content is taken back, which loses digits where little remains beside it.
   */
  correct(row: number, before: KnownContent, after: KnownContent): void {
    const { opened } = this;
    const newestMs = opened[NEWEST]!;
    if (this.#isAllKnown(row)) {
      opened.fill(0);
      for (let entry = this.lastEntry(row); entry >= 0; entry = this.#known.before(entry)) {
        this.#known.read(entry, this.#content);
        const { time, satisfaction, weight } = this.#content;
        this.#pair.add(opened, 0, time, satisfaction, weight);
      }
    } else {
      this.#pair.remove(opened, 0, before.time, before.satisfaction, before.weight);
      this.#pair.add(opened, 0, after.time, after.satisfaction, after.weight);
    }
    this.#pair.reach(opened, 0, newestMs);
    this.#normalise();
  }

  /** The windows refer to the epochs of the newest time: nothing is rounded. */
  #normalise(): void {
    this.#toEpoch(SMALL, this.#windows.smallHalfLifeMs);
    this.#toEpoch(BIG, this.#windows.bigHalfLifeMs);
  }

  #toEpoch(window: number, halfLifeMs: number): void {
    const { opened } = this;
    const epoch = Math.floor(opened[NEWEST]! / halfLifeMs);
    if (opened[window] === epoch) return;
    const scale = wholePower(opened[window]! - epoch);
    opened[window] = epoch;
    opened[window + WEIGHT] = opened[window + WEIGHT]! * scale;
    opened[window + SPREAD] = opened[window + SPREAD]! * scale;
  }

  #isAllKnown(row: number): boolean {
    const interactions = this.opened[COUNT]!;
    if (interactions > REPLAYED_MAX) return false;
    let found = 0;
    for (let entry = this.lastEntry(row); entry >= 0; entry = this.#known.before(entry)) found++;
    return found === interactions;
  }
}
