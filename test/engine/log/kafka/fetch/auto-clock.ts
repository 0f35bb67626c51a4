/** Time that passes by itself, at once: whenever nothing else is left to do, it is the time of the next timer. */
import type { Clock, Timer } from '../../../../../engine/base/index.ts';

export class AutoClock implements Clock {
  #nowMs = 0;
  #isPumping = false;
  readonly #timers: { atMs: number; run: () => void }[] = [];

  now(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), run };
    this.#timers.push(timer);
    this.#pump();
    return {
      cancel: () => {
        const at = this.#timers.indexOf(timer);
        if (at >= 0) this.#timers.splice(at, 1);
      },
    };
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    // All promises come to rest before a turn of the event loop.
    setImmediate(() => {
      this.#isPumping = false;
      let next = this.#timers[0];
      if (next === undefined) return;
      for (const timer of this.#timers) if (timer.atMs < next.atMs) next = timer;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      if (this.#timers.length > 0) this.#pump();
    });
  }
}
