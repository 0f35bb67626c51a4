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
}

export class ProviderReplay {
  readonly #halfLives: HalfLives;
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

  constructor(halfLives: HalfLives) {
    this.#halfLives = halfLives;
    this.#measured = MEASURES.map(() => new FadedSums(halfLives.bigHalfLifeMs));
    this.#small = new FadedSums(halfLives.smallHalfLifeMs);
  }

  get raters(): number {
    return this.#pairs.size;
  }

  get measured(): Measured {
    const [responseMs, availability, quality] = this.#measured.map(({ mean }) => mean);
    return { responseMs: responseMs!, availability: availability!, quality: quality! };
  }

  /** `pair` has the entry already. */
  add(entry: LogEntry, pair: PairBook): void {
    const { trustor, isCorrection, satisfaction, weight, timeMs } = entry;
    this.newestMs = Math.max(this.newestMs, timeMs);
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
    return { small: new FadedSums(smallHalfLifeMs), big: new FadedSums(bigHalfLifeMs) };
  }

  #sumsOf({ interactions }: PairBook): PairSums {
    const sums = this.#empty();
    for (const { satisfaction, weight, timeMs } of interactions) {
      sums.small.add(satisfaction, weight, timeMs);
      sums.big.add(satisfaction, weight, timeMs);
    }
    return sums;
  }
}
