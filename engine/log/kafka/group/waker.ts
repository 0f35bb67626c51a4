import type { Clock } from '../../../base/index.ts';

/** A pause that can be cut short, also by a call that came before it. One who waits. */
export class Waker {
  readonly #clock: Clock;
  #isAwake = false;
  #wake: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    this.#isAwake = true;
    this.#wake();
  }

  async wait(ms: number): Promise<void> {
    if (!this.#isAwake)
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(ms, resolve);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
      });
    this.#wake = () => {};
    this.#isAwake = false;
  }
}
