/**
 * Everything that crosses between the main thread and a worker: one interface for each message, imported by both sides.
 * Bytes of appends are transferred or shared, and their memory comes back with the answer; the rest is cloned and small.
 */
import type { ErrorCode, ErrorData } from '../base/index.ts';
import type { Committed, Ownership, Transaction } from '../log/index.ts';
import type { TaskStatus, WorkerStatus } from '../observe/index.ts';

/** A record that must not be handled again, because handling it has ended its thread. */
export interface CondemnedRecord {
  /** Index of the task's source. */
  readonly source: number;
  readonly offset: number;
  readonly attempts: number;
  readonly code: ErrorCode;
}

/** Offsets of records that were handled in one loop when their thread ended: they are handled one by one. */
export interface DoubtfulRun {
  /** Index of the task's source. */
  readonly source: number;
  readonly from: number;
  readonly to: number;
}

export interface AssignTask {
  readonly kind: 'assign';
  /** Number of the task for this worker's position, from 1. */
  readonly slot: number;
  readonly subtopology: string;
  readonly partition: number;
  readonly ownership: Ownership;
  readonly condemned: readonly CondemnedRecord[];
  readonly doubtful: readonly DoubtfulRun[];
}

/** The task is another's from now on, another thread's or process's: the answer is `released`, or `task-failed`. */
export interface ReleaseTask {
  readonly kind: 'release';
  readonly slot: number;
  /** Whether it may be another's already: then nothing is committed any more, and the answer comes at once. */
  readonly isLost: boolean;
}

/** Finish what is begun, commit it, and end: the answer is `released` for each task, then `drained`. */
export interface Drain {
  readonly kind: 'drain';
}

export interface CommitDone {
  readonly kind: 'committed';
  readonly id: number;
  readonly committed: Committed;
}

export interface CommitFailed {
  readonly kind: 'commit-failed';
  readonly id: number;
  readonly error: ErrorData;
}

export type ToWorker = AssignTask | ReleaseTask | Drain | CommitDone | CommitFailed;

export interface Ready {
  readonly kind: 'ready';
}

export interface CommitRequest {
  readonly kind: 'commit';
  readonly id: number;
  readonly transaction: Transaction;
  /** Whether the memory of its appends is worth the way back. */
  readonly wantsMemory: boolean;
}

/** The task has ended by itself; what it had not committed is forgotten. */
export interface TaskFailed {
  readonly kind: 'task-failed';
  readonly slot: number;
  readonly error: ErrorData;
}

export interface TaskReleased {
  readonly kind: 'released';
  readonly slot: number;
}

/** The local copy of a task's state cannot be written; the task goes on without. */
export interface SnapshotFailed {
  readonly kind: 'snapshot-failed';
  readonly task: string;
  readonly error: ErrorData;
}

export interface Drained {
  readonly kind: 'drained';
}

export interface Report {
  readonly kind: 'report';
  readonly tasks: readonly Omit<TaskStatus, 'worker'>[];
  readonly worker: Omit<WorkerStatus, 'worker' | 'state' | 'restarts'>;
}

export type FromWorker = Ready | CommitRequest | TaskFailed | TaskReleased | SnapshotFailed | Drained | Report;

/** What leaves its thread with a message; shared memory only changes hands. */
export function transferable(buffers: readonly ArrayBufferLike[]): ArrayBuffer[] {
  return buffers.filter((buffer) => buffer instanceof ArrayBuffer);
}
