/**
 * The clock port: the only source of time and of waiting. The system clock stands here; the simulated one in
 * engine/simulate/. Times are milliseconds; `now` is Unix time, `monotonic` never goes back.
 */
import { performance } from 'node:perf_hooks';

export interface Timer {
  cancel(): void;
  /** The process may end without it; a clock that keeps no process alive has none. */
  unref?(): void;
}

export interface Clock {
  now(): number;
  monotonic(): number;
  /** Calls `run` once, after at least `delayMs`. */
  after(delayMs: number, run: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle), unref: () => void handle.unref() };
  },
};

/** Resolves after `delayMs`, or as soon as the signal is aborted (without rejecting). */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
