/** Means and their intervals. */
import type { CurvePoint } from '../../workload.ts';

export interface Interval {
  readonly mean: number;
  /** Half of the interval that holds the mean with 95 %. */
  readonly half: number;
}

/** Of a normal distribution. */
const Z_95 = 1.96;

/** Of those that are known. */
export function meanOf(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

export function intervalOf(values: readonly number[]): Interval {
  const known = values.filter((value) => !Number.isNaN(value));
  const mean = meanOf(known);
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1);
  return { mean, half: Z_95 * Math.sqrt(variance / known.length) };
}

export const shown = ({ mean, half }: Interval, digits = 3): string =>
  `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;

/** The mean of so many rounds each, over all runs. */
export function pointsOf(runs: readonly (readonly number[])[], rounds: number, step: number): CurvePoint[] {
  const points: CurvePoint[] = [];
  for (let from = 0; from < rounds; from += step) {
    const means = runs.map((run) => meanOf(run.slice(from, from + step))).filter((mean) => !Number.isNaN(mean));
    if (means.length === 0) continue;
    const { mean, half } = intervalOf(means);
    points.push({ x: from + step, y: { min: mean - half, median: mean, max: mean + half, runs: means.length } });
  }
  return points;
}
