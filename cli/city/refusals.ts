/**
 * What the bridges refuse, frames and what came before any: one event each ten seconds and reason, so that a flood does
 * not fill the disk, and the totals since the start.
 */
import type { Clock, Emit, Timer } from '../../engine/index.ts';

const REPORT_MS = 10_000;

export class Refusals {
  readonly #emit: Emit;
  readonly #clock: Clock;
  readonly #counts = new Map<string, { bridge: string; code: string; count: number }>();
  /** By bridge, then by code. */
  readonly #totals = new Map<string, Map<string, number>>();
  #timer: Timer | undefined;

  constructor(emit: Emit, clock: Clock) {
    this.#emit = emit;
    this.#clock = clock;
  }

  add(bridge: string, code: string, count: number): void {
    const key = `${bridge} ${code}`;
    const entry = this.#counts.get(key) ?? { bridge, code, count: 0 };
    entry.count += count;
    this.#counts.set(key, entry);
    const totals = this.#totals.get(bridge) ?? new Map<string, number>();
    this.#totals.set(bridge, totals.set(code, (totals.get(code) ?? 0) + count));
    this.#timer ??= this.#clock.after(REPORT_MS, () => this.flush());
  }

  totals(bridge: string): Record<string, number> {
    return Object.fromEntries(this.#totals.get(bridge) ?? []);
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const entry of this.#counts.values()) this.#emit('bridgeRefused', entry);
    this.#counts.clear();
  }
}
