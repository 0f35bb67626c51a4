/** How long, and after which pauses, something that may pass by itself is tried again. One for each thing that is tried. */
import { type Clock, type MsecError, pause } from '../../../base/index.ts';

const PAUSE_MS_MIN = 5;
const PAUSE_MS_MAX = 500;

export class Patience {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #deadline: number;
  #pauseMs = PAUSE_MS_MIN;

  constructor(clock: Clock, retryMsMax: number, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#deadline = clock.monotonic() + retryMsMax;
  }

  /** Resolves when it is time for the next attempt; throws `failure` where there is to be none. */
  async pause(failure: MsecError): Promise<void> {
    const pauseMs = this.#pauseMs;
    if (this.#signal.aborted || this.#clock.monotonic() + pauseMs > this.#deadline) throw failure;
    this.#pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    await pause(this.#clock, pauseMs, this.#signal);
    if (this.#signal.aborted) throw failure;
  }
}
