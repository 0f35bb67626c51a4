/**
 * Counts of values between fixed bounds. Recording is a search in a handful of numbers and one addition, without
 * allocation, so that it may stand on the hot path. One thread owns it; what crosses threads is `status()`.
 */
import type { HistogramStatus } from './status.ts';

/** Milliseconds of handling one fetched batch: 0.1 ms to 10 s. */
export const PROCESSING_MS_BOUNDS: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000,
];

/** Records of one transaction: 1 to 1 million. */
export const BATCH_RECORDS_BOUNDS: readonly number[] = [
  1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 1_000_000,
];

export class Histogram {
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** `bounds` ascend; a value counts at the first bound that is not below it. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  record(value: number): void {
    const bounds = this.bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= bounds[middle]!) high = middle;
      else low = middle + 1;
    }
    this.#counts[low]! += 1;
    this.#sum += value;
  }

  status(): HistogramStatus {
    const cumulative: number[] = [];
    let total = 0;
    for (const count of this.#counts) {
      total += count;
      cumulative.push(total);
    }
    return { bounds: this.bounds, cumulative, sum: this.#sum };
  }
}

/** The sum of histograms of the same bounds. */
export function mergeHistograms(parts: readonly HistogramStatus[], bounds: readonly number[]): HistogramStatus {
  const cumulative = new Array<number>(bounds.length + 1).fill(0);
  let sum = 0;
  for (const part of parts) {
    sum += part.sum;
    for (const [i, count] of part.cumulative.entries()) cumulative[i] = (cumulative[i] ?? 0) + count;
  }
  return { bounds, cumulative, sum };
}

/**
 * The value below which a share of all values lies, interpolated within its bucket; null of nothing. Values above the
 * last bound count as the last bound.
 */
export function quantile({ bounds, cumulative }: HistogramStatus, share: number): number | null {
  const total = cumulative.at(-1) ?? 0;
  if (total === 0) return null;
  const rank = share * total;
  const bucket = cumulative.findIndex((count) => count >= rank);
  if (bucket < 0 || bucket >= bounds.length) return bounds.at(-1) ?? null;
  const below = bucket === 0 ? 0 : cumulative[bucket - 1]!;
  const from = bucket === 0 ? 0 : bounds[bucket - 1]!;
  const inside = cumulative[bucket]! - below;
  return from + (bounds[bucket]! - from) * (inside === 0 ? 1 : (rank - below) / inside);
}
