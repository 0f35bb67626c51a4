/**
 * What a frame costs with so many keys, between the measured points: the cost grows by the same factor with each factor of the keys, and never falls. Its error is
 * told by leaving out each inner point and asking the others for it.
 */
import type { KeyPoint } from './measured.ts';

export class KeyCurve {
  readonly #points: readonly KeyPoint[];

  /** At least one point. */
  constructor(points: readonly KeyPoint[]) {
    const sorted = points.toSorted((a, b) => a.keys - b.keys);
    if (sorted.length === 0) throw new RangeError('a curve without a point');
    // More keys never cost less: what a measurement says to the contrary is its noise.
    let highest = 0;
    this.#points = sorted.map(({ keys, value }) => {
      highest = Math.max(highest, value);
      return { keys, value: highest };
    });
  }

  get keysMin(): number {
    return this.#points[0]!.keys;
  }

  get keysMax(): number {
    return this.#points.at(-1)!.keys;
  }

  /** Beyond the measured points the nearest one's. */
  at(keys: number): number {
    const points = this.#points;
    const above = points.findIndex((point) => point.keys >= keys);
    if (above === 0) return points[0]!.value;
    if (above < 0) return points.at(-1)!.value;
    const [from, to] = [points[above - 1]!, points[above]!];
    const share = Math.log(keys / from.keys) / Math.log(to.keys / from.keys);
    return from.value * (to.value / from.value) ** share;
  }
}

export interface CurveError {
  /** Of the predictions, as shares of the measured values; null where there is no inner point. */
  readonly mean: number | null;
  readonly max: number | null;
  readonly points: number;
}

/** Leave one out: each point between two others, predicted from all the others. */
export function leaveOneOut(points: readonly KeyPoint[]): CurveError {
  const sorted = points.toSorted((a, b) => a.keys - b.keys);
  const errors = sorted.slice(1, -1).map((point) => {
    const predicted = new KeyCurve(sorted.filter((other) => other !== point)).at(point.keys);
    return Math.abs(predicted - point.value) / point.value;
  });
  if (errors.length === 0) return { mean: null, max: null, points: 0 };
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return { mean, max: Math.max(...errors), points: errors.length };
}
