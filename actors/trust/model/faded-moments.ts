/**
 * Weighted mean and deviation of satisfactions whose weight fades with their age, in constant state and for any order
 * of arrival. The weight of an interaction is w · 2^((time − now) / half-life): forward decay (Cormode, Shkapenyuk,
 * Srivastava, Xu, ICDE 2009), whose common factor falls out of every quotient, so that a score changes by events alone.
 *
 * The sums are scaled by whole powers of two, which loses nothing: what a half-life's fraction adds to a weight is told
 * by the event's own time. Mean and deviation are kept in West's form (CACM 22:9, 1979), since formulas (1) to (3) of the
 * cookbook's chapter 1.8 subtract nearly equal numbers where the satisfactions hardly differ.
 *
 * Four doubles in the caller's memory: epoch (in half-lives) · Σ weight · mean · Σ weight · (satisfaction − mean)².
 */
export const MOMENTS_DOUBLES = 4;

const AT_EPOCH = 0;
const AT_WEIGHT = 1;
const AT_MEAN = 2;
const AT_SPREAD = 3;

/** 2^-1074 is the least double: what is older than this has no weight left. */
const FORGOTTEN_HALF_LIVES = 1074;

export class FadedMoments {
  readonly #halfLifeMs: number;

  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  /** Memory of zeros is one without interactions. `satisfaction` in [0, 1], `weight` ≥ 0. */
  add(doubles: Float64Array, at: number, timeMs: number, satisfaction: number, weight: number): void {
    const age = timeMs / this.#halfLifeMs;
    const epoch = Math.floor(age);
    if (doubles[at + AT_WEIGHT] === 0) doubles[at + AT_EPOCH] = epoch;
    else if (epoch > doubles[at + AT_EPOCH]!) this.#advance(doubles, at, epoch);
    const faded = weight * 2 ** (age - epoch) * 2 ** (epoch - doubles[at + AT_EPOCH]!);
    if (faded === 0) return;
    const before = doubles[at + AT_WEIGHT]!;
    const all = before + faded;
    const difference = satisfaction - doubles[at + AT_MEAN]!;
    const share = difference * (faded / all);
    doubles[at + AT_WEIGHT] = all;
    doubles[at + AT_MEAN] = doubles[at + AT_MEAN]! + share;
    doubles[at + AT_SPREAD] = doubles[at + AT_SPREAD]! + before * difference * share;
  }

  /** μ of formula (1); NaN without weight. */
  mean(doubles: Float64Array, at: number): number {
    return doubles[at + AT_WEIGHT] === 0 ? Number.NaN : doubles[at + AT_MEAN]!;
  }

  /** σ of formula (3); NaN without weight. */
  deviation(doubles: Float64Array, at: number): number {
    return Math.sqrt(doubles[at + AT_SPREAD]! / doubles[at + AT_WEIGHT]!);
  }

  /** W of formula (2) at a time: how much is known, in weights of an interaction of that moment. */
  evidence(doubles: Float64Array, at: number, nowMs: number): number {
    return doubles[at + AT_WEIGHT]! * 2 ** (doubles[at + AT_EPOCH]! - nowMs / this.#halfLifeMs);
  }

  #advance(doubles: Float64Array, at: number, epoch: number): void {
    const behind = epoch - doubles[at + AT_EPOCH]!;
    const scale = behind > FORGOTTEN_HALF_LIVES ? 0 : 2 ** -behind;
    doubles[at + AT_EPOCH] = epoch;
    doubles[at + AT_WEIGHT] = doubles[at + AT_WEIGHT]! * scale;
    doubles[at + AT_SPREAD] = doubles[at + AT_SPREAD]! * scale;
    if (doubles[at + AT_WEIGHT] === 0) doubles[at + AT_MEAN] = 0;
  }
}
