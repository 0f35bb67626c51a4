/**
 * What a trustor knows of a trustee from own interactions for one service: a small and a big window side by side, each
 * a half-life of `FadedMoments`. The small one turns fast; the big one keeps who has failed from a quick redemption.
 * Trust is the lesser of both (cookbook, chapter 1.8, "General Features").
 */
import { FadedMoments, MOMENTS_DOUBLES } from './faded-moments.ts';
import type { Opinion } from './score-graph.ts';

export interface TrustWindows {
  readonly smallHalfLifeMs: number;
  readonly bigHalfLifeMs: number;
}

const AT_SMALL = 0;
const AT_BIG = AT_SMALL + MOMENTS_DOUBLES;
const AT_COUNT = AT_BIG + MOMENTS_DOUBLES;
const AT_LAST = AT_COUNT + 1;
/** Of memory that the caller gives: 80 bytes a pair. */
export const PAIR_DOUBLES = AT_LAST + 1;

export class PairTrust {
  readonly #small: FadedMoments;
  readonly #big: FadedMoments;

  constructor({ smallHalfLifeMs, bigHalfLifeMs }: TrustWindows) {
    this.#small = new FadedMoments(smallHalfLifeMs);
    this.#big = new FadedMoments(bigHalfLifeMs);
  }

  add(doubles: Float64Array, at: number, timeMs: number, satisfaction: number, weight: number): void {
    this.#small.add(doubles, at + AT_SMALL, timeMs, satisfaction, weight);
    this.#big.add(doubles, at + AT_BIG, timeMs, satisfaction, weight);
    if (doubles[at + AT_COUNT] === 0 || timeMs > doubles[at + AT_LAST]!) doubles[at + AT_LAST] = timeMs;
    doubles[at + AT_COUNT] = doubles[at + AT_COUNT]! + 1;
  }

  /** Takes back what `add` was once called with, but for the time of the newest; see `FadedMoments.remove`. */
  remove(doubles: Float64Array, at: number, timeMs: number, satisfaction: number, weight: number): void {
    this.#small.remove(doubles, at + AT_SMALL, timeMs, satisfaction, weight);
    this.#big.remove(doubles, at + AT_BIG, timeMs, satisfaction, weight);
    doubles[at + AT_COUNT] = doubles[at + AT_COUNT]! - 1;
  }

  /** The newest is not older than that. */
  reach(doubles: Float64Array, at: number, timeMs: number): void {
    if (timeMs > doubles[at + AT_LAST]!) doubles[at + AT_LAST] = timeMs;
  }

  /** μ − σ of formula (4), of the window in which it is less; NaN where nothing has weight. */
  trust(doubles: Float64Array, at: number): number {
    return Math.min(this.#of(this.#small, doubles, at + AT_SMALL), this.#of(this.#big, doubles, at + AT_BIG));
  }

  /** σ of the big window. */
  deviation(doubles: Float64Array, at: number): number {
    return this.#big.deviation(doubles, at + AT_BIG);
  }

  /** σ of the small window. */
  recentDeviation(doubles: Float64Array, at: number): number {
    return this.#small.deviation(doubles, at + AT_SMALL);
  }

  /** μ of the big window. */
  mean(doubles: Float64Array, at: number): number {
    return this.#big.mean(doubles, at + AT_BIG);
  }

  /** μ of the small window: how it is at present. */
  recentMean(doubles: Float64Array, at: number): number {
    return this.#small.mean(doubles, at + AT_SMALL);
  }

  /** Faded weight of all interactions at a time, in the big window. */
  evidence(doubles: Float64Array, at: number, nowMs: number): number {
    return this.#big.evidence(doubles, at + AT_BIG, nowMs);
  }

  /** As `evidence`, in the small window. */
  recentEvidence(doubles: Float64Array, at: number, nowMs: number): number {
    return this.#small.evidence(doubles, at + AT_SMALL, nowMs);
  }

  /** Σ weight of the big window, as of its epoch. */
  weight(doubles: Float64Array, at: number): number {
    return this.#big.weight(doubles, at + AT_BIG);
  }

  /** In half-lives of the big window. */
  epoch(doubles: Float64Array, at: number): number {
    return this.#big.epoch(doubles, at + AT_BIG);
  }

  /** As `weight`, in the small window. */
  recentWeight(doubles: Float64Array, at: number): number {
    return this.#small.weight(doubles, at + AT_SMALL);
  }

  /** As `epoch`, in the small window. */
  recentEpoch(doubles: Float64Array, at: number): number {
    return this.#small.epoch(doubles, at + AT_SMALL);
  }

  interactions(doubles: Float64Array, at: number): number {
    return doubles[at + AT_COUNT]!;
  }

  lastMs(doubles: Float64Array, at: number): number {
    return doubles[at + AT_LAST]!;
  }

  /** What others are told of the pair. */
  opinion(doubles: Float64Array, at: number): Opinion {
    const atMs = this.lastMs(doubles, at);
    return {
      trust: this.trust(doubles, at),
      recent: this.recentMean(doubles, at),
      evidence: this.recentEvidence(doubles, at, atMs),
      lasting: this.mean(doubles, at),
      lastingEvidence: this.evidence(doubles, at, atMs),
      atMs,
    };
  }

  #of(moments: FadedMoments, doubles: Float64Array, at: number): number {
    return moments.mean(doubles, at) - moments.deviation(doubles, at);
  }
}
