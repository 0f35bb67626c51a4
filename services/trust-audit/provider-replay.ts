/**
 * What all trustors together know of a provider, entry by entry of the log: what its standing was judged by at each moment,
 * and how its scores went. It takes sums that grow, so that a long log is walked once; what is published in the end is
 * held against sums over whole lists (exact-score.ts).
 */
import type { LogEntry } from '../../schemas/trust-log/index.ts';
import type { HalfLives } from './exact-score.ts';
import { FadedSums } from './faded-sums.ts';
import type { PairBook } from './score-book.ts';

export interface Measured {
  /** Faded means; NaN where it was never measured. */
  readonly responseMs: number;
  readonly availability: number;
  readonly quality: number;
}

const MEASURES = ['responseMs', 'availability', 'quality'] as const;

interface PairSums {
  readonly small: FadedSums;
  readonly big: FadedSums;
  newestMs: number;
}

/** Of the clocks that say when interactions were received. */
export const SKEW_MS: number = 60_000;
/** Of a weight: less is lost in what sums are rounded to. */
const NOTHING_LEFT = 2 ** -40;

export interface Raters {
  readonly sure: number;
  readonly most: number;
  /** Whether what was forgotten had no weight left, so that means and trust do not tell of it. */
  readonly isFaded: boolean;
}

/** Pairs are forgotten at whole parts of the time after which they are. */
const FORGET_PARTS = 64;

export class ProviderReplay {
  readonly #halfLives: HalfLives;
  readonly #forgetMs: number;
  readonly #pairs = new Map<string, PairSums>();
  readonly #measured: readonly FadedSums[];
  /** Over all pairs; null where a correction has changed one of them. */
  #small: FadedSums | null;
  #firstMs = Number.POSITIVE_INFINITY;
  /** Satisfaction of the earliest interaction. */
  first = Number.NaN;
  /** Corrections do not count once more. */
  interactions = 0;
  newestMs = 0;
  /** Of the pair that is silent longest: none is so for longer. */
  #oldestMs = Number.POSITIVE_INFINITY;
  /** Whether it never can have lost all its pairs, with which it would have begun anew. */
  isWhole = true;

  /** `forgetMs`: how long after its newest interaction a pair is forgotten; infinite: never. */
  constructor(halfLives: HalfLives, forgetMs = Number.POSITIVE_INFINITY) {
    this.#halfLives = halfLives;
    this.#forgetMs = forgetMs;
    this.#measured = MEASURES.map(() => new FadedSums(halfLives.bigHalfLifeMs));
    this.#small = new FadedSums(halfLives.smallHalfLifeMs);
  }

  /**
   * Pairs that were not forgotten when an entry came that was received then, for sure and at most: event time had come to
   * `reachedMs` by the entries before it, and by what was only repeated to no one knows where.
   */
  ratersAt(receivedMs: number, reachedMs: number): Raters {
    const soonest = Math.max(receivedMs, reachedMs) + SKEW_MS;
    const forgetMs = this.#forgetMs;
    const all = this.#pairs.size;
    if (this.#oldestMs + forgetMs > soonest) return { sure: all, most: all, isFaded: true };
    let [sure, most, oldestMs] = [0, 0, Number.POSITIVE_INFINITY];
    for (const { newestMs } of this.#pairs.values()) {
      if (newestMs + forgetMs > soonest) sure++;
      if (newestMs + forgetMs * (1 + 1 / FORGET_PARTS) + 1 > reachedMs) most++;
      oldestMs = Math.min(oldestMs, newestMs);
    }
    this.#oldestMs = oldestMs;
    const share = 2 ** (-forgetMs / this.#halfLives.bigHalfLifeMs);
    return { sure, most, isFaded: share < NOTHING_LEFT || sure === all };
  }

  /** Before an entry that was received then. */
  reach(receivedMs: number, reachedMs: number): void {
    if (this.#pairs.size > 0 && this.isWhole) this.isWhole = this.ratersAt(receivedMs, reachedMs).sure > 0;
  }

  get measured(): Measured {
    const [responseMs, availability, quality] = this.#measured.map(({ mean }) => mean);
    return { responseMs: responseMs!, availability: availability!, quality: quality! };
  }

  /** `pair` has the entry already. */
  add(entry: LogEntry, pair: PairBook): void {
    const { trustor, isCorrection, satisfaction, weight, timeMs } = entry;
    this.newestMs = Math.max(this.newestMs, timeMs);
    this.#oldestMs = Math.min(this.#oldestMs, timeMs);
    if (isCorrection) {
      this.#pairs.set(trustor, this.#sumsOf(pair));
      this.#small = null;
      return;
    }
    this.interactions++;
    if (timeMs < this.#firstMs || (timeMs === this.#firstMs && satisfaction < this.first)) {
      this.#firstMs = timeMs;
      this.first = satisfaction;
    }
    for (const [i, name] of MEASURES.entries()) {
      const value = entry[name];
      if (value !== null) this.#measured[i]!.add(value, 1, timeMs);
    }
    let sums = this.#pairs.get(trustor);
    if (sums === undefined) {
      sums = this.#empty();
      this.#pairs.set(trustor, sums);
    }
    sums.newestMs = Math.max(sums.newestMs, timeMs);
    sums.small.add(satisfaction, weight, timeMs);
    sums.big.add(satisfaction, weight, timeMs);
    this.#small?.add(satisfaction, weight, timeMs);
  }

  /** Mean of the small window over all interactions; NaN without weight. */
  get recent(): number {
    if (this.#small === null) {
      this.#small = new FadedSums(this.#halfLives.smallHalfLifeMs);
      for (const { small } of this.#pairs.values()) this.#small.merge(small);
    }
    return this.#small.mean;
  }

  get lasting(): number {
    const all = new FadedSums(this.#halfLives.bigHalfLifeMs);
    for (const { big } of this.#pairs.values()) all.merge(big);
    return all.mean;
  }

  /** The trustors' trust, each by its evidence in the big window; NaN without any. */
  get trust(): number {
    let [sum, all] = [0, 0];
    for (const { small, big } of this.#pairs.values()) {
      if (big.isEmpty) continue;
      const weight = big.weightAt(this.newestMs);
      const trust = Math.min(small.mean - small.deviation, big.mean - big.deviation);
      all += weight;
      if (!Number.isNaN(trust)) sum += weight * trust;
    }
    return sum / all;
  }

  #empty(): PairSums {
    const { smallHalfLifeMs, bigHalfLifeMs } = this.#halfLives;
    return { small: new FadedSums(smallHalfLifeMs), big: new FadedSums(bigHalfLifeMs), newestMs: 0 };
  }

  #sumsOf({ interactions, newestMs }: PairBook): PairSums {
    const sums = this.#empty();
    sums.newestMs = newestMs;
    for (const { satisfaction, weight, timeMs } of interactions) {
      sums.small.add(satisfaction, weight, timeMs);
      sums.big.add(satisfaction, weight, timeMs);
    }
    return sums;
  }
}
