/**
 * What all trustors together know of a trustee for a service, in sums over its pairs that stay exact as these change: each
 * pair's part is taken out as it was added, to the last bit, and put in anew. Weights are scaled by whole powers of two.
 *
 *   small window: f64 epoch · Σ weight (2) · Σ weight·mean (2)
 *   big window:   f64 epoch · Σ weight (2) · Σ weight·mean (2) · Σ weight·trust (2)
 *   f64 interactions · raters · newest time · first time · its satisfaction
 *   measured performance: f64 epoch, then weight · mean of response, availability, quality
 */
import type { RowStore } from '../../engine/index.ts';
import { addTo, scaleSum } from './exact-sum.ts';
import { evidenceAt } from './model/faded-moments.ts';
import type { PairTrust, TrustWindows } from './model/pair-trust.ts';
import { partOf, partPower, wholePower } from './model/powers-of-two.ts';

const AT_SMALL = 0;
const AT_BIG = 5;
const WEIGHTS = 1;
const MEANS = 3;
const TRUSTS = 5;
const AT_INTERACTIONS = 12;
const AT_RATERS = 13;
const AT_NEWEST = 14;
const AT_FIRST_TIME = 15;
/** What seldom changes begins here, with the third block. */
const AT_FIRST = 16;
const SELDOM_BLOCK = 2;
const AT_PERFORMANCE = 17;
const MEASURES = 3;
const ROW_DOUBLES = AT_PERFORMANCE + 1 + 2 * MEASURES;
export const PROVIDER_ROW_BYTES: number = 8 * ROW_DOUBLES;

export class ProviderRows {
  readonly rows: RowStore;
  readonly #pair: PairTrust;
  readonly #windows: TrustWindows;

  constructor(rows: RowStore, pair: PairTrust, windows: TrustWindows) {
    this.rows = rows;
    this.#pair = pair;
    this.#windows = windows;
  }

  begin(keyId: number, service: number): number {
    return this.rows.create(keyId, service);
  }

  /** Before sums of the row change. */
  touch(row: number): void {
    this.rows.touch(row, 0);
    this.rows.touch(row, 1);
  }

  /** The part of a pair that is open, with sign 1 to put it in and -1 to take it out again, when nothing of it has changed since. */
  sum(row: number, opened: Float64Array, sign: 1 | -1): void {
    const pair = this.#pair;
    const doubles = this.rows.f64;
    const at = row * ROW_DOUBLES;
    const recent = pair.recentWeight(opened, 0);
    if (recent !== 0) {
      const scale = sign * scaleFor(doubles, at + AT_SMALL, pair.recentEpoch(opened, 0), MEANS);
      addTo(doubles, at + AT_SMALL + WEIGHTS, scale * recent);
      addTo(doubles, at + AT_SMALL + MEANS, scale * (recent * pair.recentMean(opened, 0)));
    }
    const lasting = pair.weight(opened, 0);
    if (lasting === 0) return;
    const scale = sign * scaleFor(doubles, at + AT_BIG, pair.epoch(opened, 0), TRUSTS);
    addTo(doubles, at + AT_BIG + WEIGHTS, scale * lasting);
    addTo(doubles, at + AT_BIG + MEANS, scale * (lasting * pair.mean(opened, 0)));
    // Where the small window has lost all weight the pair tells nothing of the present.
    const trust = pair.trust(opened, 0);
    if (!Number.isNaN(trust)) addTo(doubles, at + AT_BIG + TRUSTS, scale * (lasting * trust));
  }

  count(row: number, isNewRater: boolean, time: number, satisfaction: number): void {
    const doubles = this.rows.f64;
    const at = row * ROW_DOUBLES;
    const isFirst = doubles[at + AT_INTERACTIONS] === 0;
    doubles[at + AT_INTERACTIONS] = doubles[at + AT_INTERACTIONS]! + 1;
    if (isNewRater) doubles[at + AT_RATERS] = doubles[at + AT_RATERS]! + 1;
    this.reach(row, time);
    const first = doubles[at + AT_FIRST_TIME]!;
    if (!isFirst && (time > first || (time === first && satisfaction >= doubles[at + AT_FIRST]!))) return;
    this.rows.touch(row, SELDOM_BLOCK);
    doubles[at + AT_FIRST_TIME] = time;
    doubles[at + AT_FIRST] = satisfaction;
  }

  /** A pair of so many interactions is forgotten; its part was taken out. */
  uncount(row: number, interactions: number): void {
    const doubles = this.rows.f64;
    const at = row * ROW_DOUBLES;
    doubles[at + AT_INTERACTIONS] = doubles[at + AT_INTERACTIONS]! - interactions;
    doubles[at + AT_RATERS] = doubles[at + AT_RATERS]! - 1;
  }

  /** As if nobody had ever had to do with it. */
  clear(row: number): void {
    this.rows.touchAll(row);
    this.rows.f64.fill(0, row * ROW_DOUBLES, (row + 1) * ROW_DOUBLES);
  }

  /** Time has come as far: to it refers what is known. */
  reach(row: number, time: number): void {
    const at = row * ROW_DOUBLES + AT_NEWEST;
    if (time > this.rows.f64[at]!) this.rows.f64[at] = time;
  }

  /** numbers[from] and the two behind it: response, availability, quality; NaN where it was not measured. */
  measure(row: number, time: number, numbers: Float64Array, from: number): void {
    const doubles = this.rows.f64;
    const at = row * ROW_DOUBLES + AT_PERFORMANCE;
    for (let i = 0; i < MEASURES; i++) {
      const value = numbers[from + i]!;
      if (Number.isNaN(value)) continue;
      this.rows.touch(row, SELDOM_BLOCK);
      const { bigHalfLifeMs } = this.#windows;
      const epoch = Math.floor(time / bigHalfLifeMs);
      if (epoch > doubles[at]!) this.#fadePerformance(at, epoch);
      const faded = partPower(partOf(time, epoch, bigHalfLifeMs)) * wholePower(epoch - doubles[at]!);
      if (faded === 0) continue;
      const all = doubles[at + 1 + 2 * i]! + faded;
      doubles[at + 1 + 2 * i] = all;
      const mean = doubles[at + 2 + 2 * i]!;
      doubles[at + 2 + 2 * i] = mean + (value - mean) * (faded / all);
    }
  }

  interactions(row: number): number {
    return this.rows.f64[row * ROW_DOUBLES + AT_INTERACTIONS]!;
  }

  raters(row: number): number {
    return this.rows.f64[row * ROW_DOUBLES + AT_RATERS]!;
  }

  newestMs(row: number): number {
    return this.rows.f64[row * ROW_DOUBLES + AT_NEWEST]!;
  }

  /** Satisfaction of the earliest interaction. */
  first(row: number): number {
    return this.rows.f64[row * ROW_DOUBLES + AT_FIRST]!;
  }

  /** Mean and evidence of the small window, into into[at] and behind it. */
  small(row: number, into: Float64Array, at: number): void {
    this.#window(row * ROW_DOUBLES + AT_SMALL, this.newestMs(row), this.#windows.smallHalfLifeMs, into, at);
  }

  big(row: number, into: Float64Array, at: number): void {
    this.#window(row * ROW_DOUBLES + AT_BIG, this.newestMs(row), this.#windows.bigHalfLifeMs, into, at);
  }

  /** R of all trustors, each by its evidence; NaN without any. */
  trust(row: number): number {
    const doubles = this.rows.f64;
    const at = row * ROW_DOUBLES + AT_BIG;
    return doubles[at + TRUSTS]! / doubles[at + WEIGHTS]!;
  }

  /** 0 response, 1 availability, 2 quality; NaN where it was never measured. */
  performance(row: number, measure: number): number {
    const doubles = this.rows.f64;
    const at = row * ROW_DOUBLES + AT_PERFORMANCE + 1 + 2 * measure;
    return doubles[at] === 0 ? Number.NaN : doubles[at + 1]!;
  }

  #window(from: number, nowMs: number, halfLifeMs: number, into: Float64Array, at: number): void {
    const doubles = this.rows.f64;
    const weight = doubles[from + WEIGHTS]!;
    into[at] = doubles[from + MEANS]! / weight;
    into[at + 1] = evidenceAt(weight, doubles[from]!, nowMs, halfLifeMs);
  }

  #fadePerformance(at: number, epoch: number): void {
    const doubles = this.rows.f64;
    const scale = wholePower(doubles[at]! - epoch);
    doubles[at] = epoch;
    for (let i = 0; i < MEASURES; i++) doubles[at + 1 + 2 * i] = doubles[at + 1 + 2 * i]! * scale;
  }
}

/** What a weight of that epoch is times, in a window whose sums reach up to `last`; one that is newer moves the window. */
function scaleFor(doubles: Float64Array, at: number, epoch: number, last: number): number {
  const own = doubles[at]!;
  if (epoch === own) return 1;
  if (epoch < own) return wholePower(epoch - own);
  const factor = wholePower(own - epoch);
  doubles[at] = epoch;
  for (let sum = WEIGHTS; sum <= last; sum += 2) scaleSum(doubles, at + sum, factor);
  return 1;
}
