/**
 * For how long a task handles records before others of its thread have their turn. Where it has more to do than fits into
 * a turn, the next one lasts until its commit is due: one commit of a task a turn, instead of one of each task a round.
 */
import type { Clock } from '../base/index.ts';

const SLICE_MS_MAX = 50;
/** Of a task that is busy. */
const TURN_MS_MAX = 200;
/** What comes for a task that is not waits for a turn of each of the others at most. */
const ROUND_MS_MAX = 1000;
const CHECK_RECORDS = 128;

export interface SliceSetup {
  readonly clock: Clock;
  /** How many tasks the thread has. */
  tasks(): number;
  /** No more is to be handled before a commit. */
  isFull(): boolean;
}

export class Slice {
  /** The time is up, or there is no more room: there was more to do. */
  isOver = false;
  readonly #setup: SliceSetup;
  #endsAt = 0;
  #isTurn = false;
  #untilCheck = 0;

  constructor(setup: SliceSetup) {
    this.#setup = setup;
  }

  /** The thread was kept for longer than usual. */
  get isLong(): boolean {
    return this.isOver && this.#isTurn;
  }

  /** `untilCommitMs`: of a busy task, until its commit is due; else 0. */
  begin(untilCommitMs: number): void {
    const { clock, tasks } = this.#setup;
    const turnMs = Math.min(untilCommitMs, TURN_MS_MAX, ROUND_MS_MAX / tasks());
    this.#isTurn = turnMs > SLICE_MS_MAX;
    this.#endsAt = clock.monotonic() + Math.max(SLICE_MS_MAX, turnMs);
    this.#untilCheck = CHECK_RECORDS;
    this.isOver = false;
  }

  /** Counts the record that was just done, and looks at the time now and then. */
  count(): boolean {
    if (--this.#untilCheck >= 0) return false;
    this.#untilCheck = CHECK_RECORDS;
    return this.look();
  }

  look(): boolean {
    this.isOver = this.#setup.clock.monotonic() >= this.#endsAt || this.#setup.isFull();
    return this.isOver;
  }
}
