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
import { partOf, partPower, wholePower } from './powers-of-two.ts';

export const MOMENTS_DOUBLES = 4;

const AT_EPOCH = 0;
const AT_WEIGHT = 1;
const AT_MEAN = 2;
const AT_SPREAD = 3;

/** Of a weight from which all but this share was taken nothing is left but rounding. */
const NOTHING_LEFT = 2 ** -40;

export class FadedMoments {
  readonly #halfLifeMs: number;

  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  /** Memory of zeros is one without interactions. `satisfaction` in [0, 1], `weight` ≥ 0. */
  add(doubles: Float64Array, at: number, timeMs: number, satisfaction: number, weight: number): void {
    const halfLifeMs = this.#halfLifeMs;
    const epoch = Math.floor(timeMs / halfLifeMs);
    if (doubles[at + AT_WEIGHT] === 0) doubles[at + AT_EPOCH] = epoch;
    else if (epoch > doubles[at + AT_EPOCH]!) this.#advance(doubles, at, epoch);
    const faded = weight * partPower(partOf(timeMs, epoch, halfLifeMs)) * wholePower(epoch - doubles[at + AT_EPOCH]!);
    if (faded === 0) return;
    const before = doubles[at + AT_WEIGHT]!;
    const all = before + faded;
    const difference = satisfaction - doubles[at + AT_MEAN]!;
    const share = difference * (faded / all);
    doubles[at + AT_WEIGHT] = all;
    doubles[at + AT_MEAN] = doubles[at + AT_MEAN]! + share;
    doubles[at + AT_SPREAD] = doubles[at + AT_SPREAD]! + before * difference * share;
  }

  /**
   * Takes back what `add` was once called with. What remains loses digits as it is little beside what was taken away: where
   * all that remains is known, it is better to begin anew.
   */
  remove(doubles: Float64Array, at: number, timeMs: number, satisfaction: number, weight: number): void {
    const halfLifeMs = this.#halfLifeMs;
    const epoch = Math.floor(timeMs / halfLifeMs);
    const faded = weight * partPower(partOf(timeMs, epoch, halfLifeMs)) * wholePower(epoch - doubles[at + AT_EPOCH]!);
    if (faded === 0) return;
    const before = doubles[at + AT_WEIGHT]!;
    const rest = before - faded;
    if (!(rest > before * NOTHING_LEFT)) {
      doubles.fill(0, at + AT_WEIGHT, at + MOMENTS_DOUBLES);
      return;
    }
    const difference = satisfaction - doubles[at + AT_MEAN]!;
    const share = difference * (faded / rest);
    const mean = doubles[at + AT_MEAN]! - share;
    doubles[at + AT_WEIGHT] = rest;
    doubles[at + AT_MEAN] = Math.min(1, Math.max(0, mean));
    doubles[at + AT_SPREAD] = Math.max(0, doubles[at + AT_SPREAD]! - before * difference * share);
  }

  /** How many half-lives before its own time the epoch lies to which the weights are scaled. */
  epoch(doubles: Float64Array, at: number): number {
    return doubles[at + AT_EPOCH]!;
  }

  /** Σ weight, as of the epoch. */
  weight(doubles: Float64Array, at: number): number {
    return doubles[at + AT_WEIGHT]!;
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
    return evidenceAt(doubles[at + AT_WEIGHT]!, doubles[at + AT_EPOCH]!, nowMs, this.#halfLifeMs);
  }

  #advance(doubles: Float64Array, at: number, epoch: number): void {
    const behind = epoch - doubles[at + AT_EPOCH]!;
    const scale = wholePower(-behind);
    doubles[at + AT_EPOCH] = epoch;
    doubles[at + AT_WEIGHT] = doubles[at + AT_WEIGHT]! * scale;
    doubles[at + AT_SPREAD] = doubles[at + AT_SPREAD]! * scale;
    if (doubles[at + AT_WEIGHT] === 0) doubles[at + AT_MEAN] = 0;
  }
}

/** What a weight of an epoch, in half-lives, is at a time. */
export function evidenceAt(weight: number, epoch: number, nowMs: number, halfLifeMs: number): number {
  const whole = Math.floor(nowMs / halfLifeMs);
  return (weight * wholePower(epoch - whole)) / partPower(partOf(nowMs, whole, halfLifeMs));
}
