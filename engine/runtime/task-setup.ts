/** What a task is given: its place in the plan, its ports, and the limits that it works within. */
import type { Clock, Random } from '../base/index.ts';
import type { BatchMemory } from '../batch/index.ts';
import type { Committed, LogReader, Ownership, Transaction } from '../log/index.ts';
import type { StageSnapshot, StageState } from '../state/index.ts';
import type { Plan, Subtopology } from '../topology/index.ts';
import type { WorkerPosition } from './position.ts';
import type { CondemnedRecord, DoubtfulRun } from './thread-messages.ts';

export interface TaskOptions {
  /** A transaction is committed at the latest after this, when records come in slowly and when they pile up. */
  readonly commitIntervalMs: number;
  readonly commitIntervalBusyMs: number;
  readonly outputBytesMax: number;
  readonly fetchBytes: number;
  /** Calls of the actor for one record before it goes to the dead letters. */
  readonly attemptsMax: number;
}

export const TASK_OPTIONS: TaskOptions = {
  commitIntervalMs: 25,
  commitIntervalBusyMs: 200,
  outputBytesMax: 2 * 1024 * 1024,
  fetchBytes: 1024 * 1024,
  attemptsMax: 3,
};

/**
 * A question to a broker costs both sides the same whatever comes back: with 4 MiB at a time a process that has to catch
 * up reads half as much again as with 1 MiB, and allocates less for each record. A transaction has its price too: who
 * writes as much as it reads is a third faster with some MiB in each.
 */
export const KAFKA_TASK_OPTIONS: TaskOptions = {
  ...TASK_OPTIONS,
  fetchBytes: 4 * 1024 * 1024,
  outputBytesMax: 7 * 1024 * 1024,
};

export interface TaskSetup {
  readonly plan: Plan;
  readonly subtopology: Subtopology;
  readonly partition: number;
  readonly slot: number;
  readonly ownership: Ownership;
  readonly condemned: readonly CondemnedRecord[];
  readonly doubtful: readonly DoubtfulRun[];
  /** The task's own: what it fetched must not be overwritten by another task's fetch. */
  readonly reader: LogReader;
  readonly clock: Clock;
  /** For the secret of its key table. */
  readonly random: Random;
  readonly position: WorkerPosition;
  readonly options: TaskOptions;
  /** Of the thread: for its finished batches. */
  readonly memory: BatchMemory;
  /** Makes the local copy of a stage's state; absent where the log itself is on the local disk. */
  openSnapshot?(stage: string, state: StageState): StageSnapshot | null;
  commit(transaction: Transaction): Promise<Committed>;
  /** How many the thread has. */
  tasks(): number;
  /** Told once for each fetched batch: records handled and how long that took. */
  observe(records: number, tookMs: number): void;
  /** Told of what an actor threw when event time came without a record. */
  timeNotTaken?(thrown: unknown): void;
}
