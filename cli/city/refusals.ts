/** Refusals of the bridges as one event each ten seconds and reason, so that a flood does not fill the disk. */
import type { Clock, Emit, Timer } from '../../engine/index.ts';

const REPORT_MS = 10_000;

export class Refusals {
  readonly #emit: Emit;
  readonly #clock: Clock;
  readonly #counts = new Map<string, { bridge: string; code: string; count: number }>();
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
    this.#timer ??= this.#clock.after(REPORT_MS, () => this.flush());
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const entry of this.#counts.values()) this.#emit('bridgeRefused', entry);
    this.#counts.clear();
  }
}
