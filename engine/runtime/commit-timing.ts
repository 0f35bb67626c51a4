/**
 * When a task commits what it has begun: soon where little comes, seldom where much piles up. Both fall on the same moments
 * in all tasks of a machine, so that they can share what a log takes for each commit. After a jump of the clock they come
 * too early once.
 */
import type { Clock } from '../base/index.ts';
import type { TaskOptions } from './task-setup.ts';

type Intervals = Pick<TaskOptions, 'commitIntervalMs' | 'commitIntervalBusyMs'>;

export class CommitTiming {
  readonly #clock: Clock;
  readonly #soonMs: number;
  readonly #busyMs: number;
  #openSince: number | null = null;
  /** The intervals of the clock in which that was. */
  #openIn = 0;
  #openInBusy = 0;
  /** Who commits because there is no more room would commit half as much twice as often, were it also for the time. */
  #isInStep = true;

  constructor(clock: Clock, { commitIntervalMs, commitIntervalBusyMs }: Intervals) {
    this.#clock = clock;
    this.#soonMs = commitIntervalMs;
    this.#busyMs = commitIntervalBusyMs;
  }

  /** Something was begun and is not on its way yet. */
  get isOpen(): boolean {
    return this.#openSince !== null;
  }

  open(): void {
    if (this.#openSince !== null) return;
    this.#openSince = this.#clock.monotonic();
    this.#openIn = this.#intervalOf(this.#soonMs);
    this.#openInBusy = this.#intervalOf(this.#busyMs);
  }

  close(isFull: boolean): void {
    this.#openSince = null;
    this.#isInStep = !isFull;
  }

  /** Of a task that has nothing else to do. */
  get isSoonOver(): boolean {
    return this.#openMs >= this.#soonMs || (this.isOpen && this.#openIn !== this.#intervalOf(this.#soonMs));
  }

  /** The moment has come at which all tasks commit that have much to do. */
  get isInStep(): boolean {
    return this.isOpen && this.#isInStep && this.#openInBusy !== this.#intervalOf(this.#busyMs);
  }

  /** It has waited for as long as any may. */
  get isLate(): boolean {
    return this.isOpen && this.#openMs >= this.#busyMs;
  }

  get untilSoonMs(): number {
    return Math.max(1, this.#soonMs - (this.#clock.now() % this.#soonMs));
  }

  /** Until all that are busy commit. */
  get untilStepMs(): number {
    return this.#busyMs > 0 ? this.#busyMs - (this.#clock.now() % this.#busyMs) : Number.POSITIVE_INFINITY;
  }

  get #openMs(): number {
    return this.#openSince === null ? 0 : this.#clock.monotonic() - this.#openSince;
  }

  #intervalOf(ms: number): number {
    return Math.floor(this.#clock.now() / ms);
  }
}
