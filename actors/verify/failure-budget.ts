/**
 * How many bad signatures a device may still show: a bucket that holds `burst` failures and leaks one in `refillMs`,
 * in the receive time of its records, so that a replay decides the same. A signature costs fifty times what the rest
 * of a frame does; without a budget a device could buy our processors with noise.
 */
import type { RowStore } from '../../engine/index.ts';
import { AT_FAILURES, AT_FAILURES_TIME, ROW_DOUBLES } from './device-row.ts';

export interface FailureBudgetOptions {
  /** Default 10. */
  readonly burst?: number;
  /** Default 10,000 ms. */
  readonly refillMs?: number;
}

export class FailureBudget {
  readonly #rows: RowStore;
  readonly #burst: number;
  readonly #refillMs: number;

  constructor(rows: RowStore, options: FailureBudgetOptions = {}) {
    this.#rows = rows;
    this.#burst = options.burst ?? 10;
    this.#refillMs = options.refillMs ?? 10_000;
  }

  /** Whether one more failure would go beyond the budget. `row` -1: a device that never failed. */
  isExhausted(row: number, nowMs: number): boolean {
    if (row < 0) return false;
    const failures = this.#rows.f64[row * ROW_DOUBLES + AT_FAILURES] as number;
    return failures !== 0 && this.#level(row, failures, nowMs) + 1 > this.#burst;
  }

  charge(row: number, nowMs: number): void {
    this.#rows.touch(row, 0);
    const doubles = this.#rows.f64;
    const at = row * ROW_DOUBLES;
    doubles[at + AT_FAILURES] = this.#level(row, doubles[at + AT_FAILURES] as number, nowMs) + 1;
    // Receive times may step back with the bridge's clock; the bucket then waits for them.
    doubles[at + AT_FAILURES_TIME] = Math.max(nowMs, doubles[at + AT_FAILURES_TIME] as number);
  }

  #level(row: number, failures: number, nowMs: number): number {
    const elapsedMs = nowMs - (this.#rows.f64[row * ROW_DOUBLES + AT_FAILURES_TIME] as number);
    return elapsedMs <= 0 ? failures : Math.max(0, failures - elapsedMs / this.#refillMs);
  }
}
