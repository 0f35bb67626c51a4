/**
 * How late this thread's event loop comes to its timers. Node's histogram holds the times between two ticks of a timer,
 * thus its resolution also where nothing is late: what is told here is what goes beyond it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const NANOSECONDS_PER_MS = 1e6;

export class LoopDelay {
  readonly #ticks: { percentile(percent: number): number; reset(): void };

  /** Starts to measure; `ticks` is for tests. */
  constructor(ticks?: { percentile(percent: number): number; reset(): void }) {
    if (ticks === undefined) {
      const measured = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      measured.enable();
      this.#ticks = measured;
    } else this.#ticks = ticks;
  }

  /** p99 since the last call; 0 where there was no tick. */
  takeP99Ms(): number {
    const tickMs = this.#ticks.percentile(99) / NANOSECONDS_PER_MS;
    this.#ticks.reset();
    return Math.max(0, tickMs - RESOLUTION_MS);
  }
}
