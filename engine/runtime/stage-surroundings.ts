/** What the stages of one task share, and how they hand records to each other. */
import type { ValueRun } from '../actor/index.ts';
import type { KeyTable } from '../batch/index.ts';
import type { TaskOutputs } from './outputs.ts';

/** How a record came to a stage: from a stage before it, from the log, or from the log as a letter that comes again. */
export const CALLED = 0;
export const READ = 1;
export const RESENT = 2;

/** Of a cursor's fields those that matter here. */
export interface RecordAtHand {
  readonly offset: number;
  /** -1 for a null key. */
  readonly keyStart: number;
  readonly bytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** What a stage needs to know of the task around it. */
export interface StageSurroundings {
  readonly keys: KeyTable;
  readonly outputs: TaskOutputs;
  readonly partition: number;
  readonly partitions: number;
  readonly subtopology: string;
  readonly attemptsMax: number;
  /** Of the log: its record that is being handled is the origin of letters, and the bytes of those of the first stages. */
  readonly source: { topic: string; record(): RecordAtHand };
  /** Set while an error that is not the record's own travels out of nested stages. */
  unwinding: { readonly thrown: unknown } | null;
  /** Told of what an actor threw when event time came without a record. */
  readonly timeNotTaken: (thrown: unknown) => void;
}

/** A stage as the one before it sees it. */
export interface Callee {
  handle(inputIndex: number, keyId: number, timestamp: number, value: unknown, from: number): void;
  /** From a stage before it: as `handle` for each value. */
  handleRun(inputIndex: number, keyId: number, value: unknown, run: ValueRun): void;
  /** Event time of an input has come this far without a record to show it. */
  advance(inputIndex: number, timestamp: number): void;
  inputIndex(name: string): number;
}
