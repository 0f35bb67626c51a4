/**
 * What the engine says of itself, as plain data: the one source of the page, the metrics, health and the command line.
 * Counters count from the start of the process; offsets come from the log.
 */

export interface TaskStatus {
  /** `<subtopology>-<partition>`, also the owner's name in the log. */
  readonly task: string;
  readonly subtopology: string;
  readonly partition: number;
  /** Index of the worker thread that runs it; null while it waits for one, or is not this process's. */
  readonly worker: number | null;
  /** `elsewhere`: the partition is another process's, or nobody's yet; nothing else is known of the task here. */
  readonly state: 'elsewhere' | 'waiting' | 'restoring' | 'running' | 'paused' | 'stopped';
  /** Why it is paused, in a sentence. */
  readonly pausedBecause: string | null;
  readonly inputs: readonly TaskInputStatus[];
  readonly stages: readonly StageStatus[];
  readonly transactions: number;
  readonly stateBytes: number;
  /** Event time that this task has reached; null before the first record. */
  readonly watermark: number | null;
}

export interface TaskInputStatus {
  readonly topic: string;
  /** Next offset to be read, committed. */
  readonly committed: number;
  readonly end: number;
}

export interface StageStatus {
  readonly actor: string;
  readonly recordsIn: number;
  /** Records sent on, by output topic. */
  readonly recordsOut: Readonly<Record<string, number>>;
  readonly deadLetters: number;
  /** What the actor counted itself, e.g. `duplicate`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Cumulative histogram as Prometheus has it: counts of values at or below each bound, `+Inf` last. */
export interface HistogramStatus {
  readonly bounds: readonly number[];
  readonly cumulative: readonly number[];
  readonly sum: number;
}

export interface WorkerStatus {
  readonly worker: number;
  readonly state: 'starting' | 'running' | 'restarting';
  readonly restarts: number;
  readonly heapBytes: number;
  readonly heapBytesMax: number;
  /** p99 of the event loop's delay over the last second. */
  readonly eventLoopDelayMs: number;
  /** Records per transaction, milliseconds per fetched batch. */
  readonly batchRecords: HistogramStatus;
  readonly processingMs: HistogramStatus;
  readonly commitsInFlight: number;
}

export interface EngineStatus {
  readonly state: 'starting' | 'running' | 'draining' | 'stopped';
  readonly startedAt: number;
  readonly tasks: readonly TaskStatus[];
  readonly workers: readonly WorkerStatus[];
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: number;
    readonly start: readonly number[];
    readonly end: readonly number[];
    readonly bytes: number;
  }[];
  readonly log: {
    readonly usedBytes: number;
    readonly quotaBytes: number | null;
    readonly commits: number;
    readonly commitQueue: number;
  };
}
