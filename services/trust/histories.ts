/**
 * How providers' scores went, since this process began to read: for those that changed last, points that grow apart as they
 * grow many. Bounded; for people's eyes.
 */
import type { ProviderScore } from '../../schemas/index.ts';

export interface HistoryPoint {
  /** Unix milliseconds of the newest interaction. */
  readonly at: number;
  /** Means of the window that turns fast and of the one that keeps from quick redemption; null without weight. */
  readonly small: number | null;
  readonly big: number | null;
  /** R over all trustors. */
  readonly trust: number | null;
}

interface History {
  points: HistoryPoint[];
  spacingMs: number;
}

export const HISTORIES_MAX = 2_000;
export const POINTS_MAX = 120;
const SPACING_MS = 1_000;

export class Histories {
  /** Who changed last is the last. */
  readonly #histories = new Map<string, History>();

  take({ trustee, service, at, small, big, trust }: ProviderScore): void {
    const key = `${trustee} ${service}`;
    let history = this.#histories.get(key);
    if (history !== undefined) this.#histories.delete(key);
    else if (this.#histories.size >= HISTORIES_MAX) {
      const oldest = this.#histories.keys().next().value;
      if (oldest !== undefined) this.#histories.delete(oldest);
    }
    history ??= { points: [], spacingMs: SPACING_MS };
    this.#histories.set(key, history);
    const { points } = history;
    const before = points.at(-2);
    // The newest point is always there: it gives way to its successor until that is far enough from the one before.
    if (points.length > 0 && (before === undefined ? at === points[0]!.at : at - before.at < history.spacingMs))
      points.pop();
    points.push({ at, small: known(small.mean), big: known(big.mean), trust: known(trust) });
    if (points.length <= POINTS_MAX) return;
    history.points = points.filter((_, i) => i % 2 === 0);
    history.spacingMs *= 2;
  }

  /** Oldest first. */
  of(service: string, party: string): readonly HistoryPoint[] {
    return this.#histories.get(`${party} ${service}`)?.points ?? [];
  }
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value);
