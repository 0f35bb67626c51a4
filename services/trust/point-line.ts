/** Points over time that grow apart as they grow many: the first and the newest are there. Bounded; for people's eyes. */

export interface HistoryPoint {
  /** Unix milliseconds of the newest interaction. */
  readonly at: number;
  /** Means of the window that turns fast and of the one that keeps from quick redemption; null without weight. */
  readonly small: number | null;
  readonly big: number | null;
  /** R over all trustors. */
  readonly trust: number | null;
}

export const POINTS_MAX = 120;
const SPACING_MS = 1_000;

export class PointLine {
  #points: HistoryPoint[] = [];
  #spacingMs = SPACING_MS;

  /** Oldest first. */
  get points(): readonly HistoryPoint[] {
    return this.#points;
  }

  /** Whether a point of then would stay for longer than until the next one. */
  wants(at: number): boolean {
    const last = this.#points.at(-1);
    return last === undefined || at - last.at >= this.#spacingMs;
  }

  add(point: HistoryPoint): void {
    const points = this.#points;
    const before = points.at(-2);
    // The newest point is always there: it gives way to its successor until that is far enough from the one before.
    if (
      points.length > 0 &&
      (before === undefined ? point.at === points[0]!.at : point.at - before.at < this.#spacingMs)
    )
      points.pop();
    points.push(point);
    if (points.length <= POINTS_MAX) return;
    this.#points = points.filter((_, i) => i % 2 === 0);
    this.#spacingMs *= 2;
  }
}

export const knownOrNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
