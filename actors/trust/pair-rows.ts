/**
 * What each trustor knows of each trustee for each service: a row of `PairTrust`, and behind it the number of the pair's
 * last known interaction and 1 more, 0 for none. The row's key is the trustee; its `sub` tells trustor and service by their
 * numbers.
 */
import type { RowStore } from '../../engine/index.ts';
import type { KnownContent, KnownIds } from './known-ids.ts';
import { PAIR_DOUBLES, type PairTrust } from './model/pair-trust.ts';

const AT_LAST_ENTRY = PAIR_DOUBLES;
const ROW_DOUBLES = PAIR_DOUBLES + 1;
export const PAIR_ROW_BYTES: number = 8 * ROW_DOUBLES;

/** Of trustors and services alike: `sub` has 52 bits for both. */
export const NAMES_MAX: number = 2 ** 26;

/** Of the interactions of one pair so many at most are gone through for a correction. */
const REPLAYED_MAX = 4096;

export class PairRows {
  readonly rows: RowStore;
  readonly #pair: PairTrust;
  readonly #known: KnownIds;
  readonly #content: KnownContent = { time: 0, satisfaction: 0, weight: 0 };

  constructor(rows: RowStore, pair: PairTrust, known: KnownIds) {
    this.rows = rows;
    this.#pair = pair;
    this.#known = known;
  }

  /** Place of the row in the store's doubles. */
  at(row: number): number {
    return row * ROW_DOUBLES;
  }

  lastEntry(row: number): number {
    return this.rows.f64[row * ROW_DOUBLES + AT_LAST_ENTRY]! - 1;
  }

  add(row: number, content: KnownContent): void {
    this.rows.touchAll(row);
    this.#pair.add(this.rows.f64, this.at(row), content.time, content.satisfaction, content.weight);
  }

  remember(row: number, entry: number): void {
    this.rows.f64[row * ROW_DOUBLES + AT_LAST_ENTRY] = entry + 1;
  }

  /**
   * After an entry's content has become another. Where all interactions of the pair are known it is summed up anew, else
   * the old content is taken back, which loses digits where little remains beside it.
   */
  correct(row: number, before: KnownContent, after: KnownContent): void {
    this.rows.touchAll(row);
    const at = this.at(row);
    const doubles = this.rows.f64;
    if (this.#isAllKnown(row)) {
      const newestMs = this.#pair.lastMs(doubles, at);
      doubles.fill(0, at, at + PAIR_DOUBLES);
      for (let entry = this.lastEntry(row); entry >= 0; entry = this.#known.before(entry)) {
        this.#known.read(entry, this.#content);
        const { time, satisfaction, weight } = this.#content;
        this.#pair.add(doubles, at, time, satisfaction, weight);
      }
      this.#pair.reach(doubles, at, newestMs);
      return;
    }
    this.#pair.remove(doubles, at, before.time, before.satisfaction, before.weight);
    this.#pair.add(doubles, at, after.time, after.satisfaction, after.weight);
  }

  #isAllKnown(row: number): boolean {
    const interactions = this.#pair.interactions(this.rows.f64, this.at(row));
    if (interactions > REPLAYED_MAX) return false;
    let entry = this.lastEntry(row);
    if (!this.#known.isKnown(entry)) return false;
    let found = 0;
    for (; entry >= 0; entry = this.#known.before(entry)) found++;
    return found === interactions;
  }
}
