/** How providers' scores went, since this process began to read: for those that changed last. Bounded; for people's eyes. */
import type { ProviderScore } from '../../schemas/index.ts';
import { type HistoryPoint, knownOrNull, PointLine } from './point-line.ts';

export { type HistoryPoint, POINTS_MAX } from './point-line.ts';

export const HISTORIES_MAX = 2_000;

export class Histories {
  /** Who changed last is the last. */
  readonly #histories = new Map<string, PointLine>();

  take({ trustee, service, at, small, big, trust }: ProviderScore): void {
    const key = `${trustee} ${service}`;
    let history = this.#histories.get(key);
    if (history !== undefined) this.#histories.delete(key);
    else if (this.#histories.size >= HISTORIES_MAX) {
      const oldest = this.#histories.keys().next().value;
      if (oldest !== undefined) this.#histories.delete(oldest);
    }
    history ??= new PointLine();
    this.#histories.set(key, history);
    history.add({ at, small: knownOrNull(small.mean), big: knownOrNull(big.mean), trust: knownOrNull(trust) });
  }

  /** Oldest first. */
  of(service: string, party: string): readonly HistoryPoint[] {
    return this.#histories.get(`${party} ${service}`)?.points ?? [];
  }
}
