/**
 * A worker thread's side: runs the tasks that it is assigned and asks the main thread to commit for them. The same code
 * runs in real threads (worker-main.ts) and in the simulator.
 */
import { assert, type Clock, type ErrorData, errorData, MsecError, type Random } from '../base/index.ts';
import { BatchMemory } from '../batch/index.ts';
import type { Committed, LogReader, Transaction } from '../log/index.ts';
import { BATCH_RECORDS_BOUNDS, Histogram, PROCESSING_MS_BOUNDS } from '../observe/index.ts';
import type { StageSnapshot, StageState } from '../state/index.ts';
import { type Plan, taskName } from '../topology/index.ts';
import type { WorkerPosition } from './position.ts';
import { Task } from './task.ts';
import type { TaskOptions } from './task-setup.ts';
import type { TaskSnapshots } from './task-snapshots.ts';
import { type AssignTask, type FromWorker, type ReleaseTask, type ToWorker, transferable } from './thread-messages.ts';
import type { ThreadPort } from './threads.ts';

/** Memory that no commit of a busy task has wanted for so long, once or twice, is let go of. */
const REST_MS = 150;

export interface WorkerHealth {
  readonly heapBytes: number;
  readonly heapBytesMax: number;
  readonly eventLoopDelayMs: number;
}

export interface WorkerSetup {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly random: Random;
  readonly position: WorkerPosition;
  readonly options: TaskOptions;
  readonly reportIntervalMs: number;
  openReader(): LogReader;
  /** For finished batches; the default where there is none. */
  readonly memory?: BatchMemory;
  /** Absent where the log itself is on the local disk. */
  readonly snapshots?: TaskSnapshots;
  health(): WorkerHealth;
}

export class Worker {
  readonly #port: ThreadPort<FromWorker, ToWorker>;
  readonly #setup: WorkerSetup;
  readonly #tasks = new Map<number, { readonly task: Task; readonly ended: Promise<void> }>();
  readonly #commits = new Map<number, { done: (committed: Committed) => void; failed: (error: unknown) => void }>();
  readonly #batchRecords = new Histogram(BATCH_RECORDS_BOUNDS);
  readonly #processingMs = new Histogram(PROCESSING_MS_BOUNDS);
  readonly #memory: BatchMemory;
  #commitNext = 1;

  constructor(port: ThreadPort<FromWorker, ToWorker>, setup: WorkerSetup) {
    this.#port = port;
    this.#setup = setup;
    this.#memory = setup.memory ?? new BatchMemory();
  }

  start(): void {
    this.#port.onMessage((message) => this.#receive(message));
    this.#port.post({ kind: 'ready' });
    this.#scheduleReport();
    this.#scheduleRest();
  }

  #receive(message: ToWorker): void {
    switch (message.kind) {
      case 'assign':
        this.#assign(message);
        break;
      case 'release':
        this.#release(message);
        break;
      case 'drain':
        this.#drain();
        break;
      case 'committed':
        // What a task that failed meanwhile has handed over comes back, too.
        for (const memory of message.committed.spent ?? []) this.#memory.give(memory);
        this.#takeCommit(message.id).done(message.committed);
        break;
      case 'commit-failed': {
        const { code, message: text } = message.error;
        this.#takeCommit(message.id).failed(new MsecError(code, text));
        break;
      }
    }
  }

  #takeCommit(id: number) {
    const commit = this.#commits.get(id);
    assert(commit !== undefined, 'each commit is answered once');
    this.#commits.delete(id);
    return commit;
  }

  #assign({ slot, subtopology: name, partition, ownership, condemned, doubtful }: AssignTask): void {
    const { plan, clock, random, position, options } = this.#setup;
    const subtopology = plan.subtopologies.find((other) => other.name === name);
    assert(subtopology !== undefined, 'both sides plan the same topology');
    const reader = this.#setup.openReader();
    const task = new Task({
      plan,
      subtopology,
      partition,
      slot,
      ownership,
      condemned,
      doubtful,
      reader,
      clock,
      random,
      position,
      options,
      memory: this.#memory,
      openSnapshot: (stage, state) => this.#openSnapshot(taskName(name, partition), stage, partition, state),
      commit: (transaction) => this.#commit(transaction),
      tasks: () => this.#tasks.size,
      observe: (records, tookMs) => {
        this.#batchRecords.record(records);
        this.#processingMs.record(tookMs);
      },
    });
    let failure: ErrorData | null = null;
    const ended = task
      .run()
      .catch((thrown: unknown) => {
        failure = errorData(thrown);
      })
      .then(() => reader.close())
      .then(() => {
        // One that was abandoned has been answered for, and its slot may be another's.
        if (this.#tasks.get(slot)?.task !== task) return;
        this.#tasks.delete(slot);
        this.#port.post(failure === null ? { kind: 'released', slot } : { kind: 'task-failed', slot, error: failure });
      });
    this.#tasks.set(slot, { task, ended });
  }

  #openSnapshot(task: string, stage: string, partition: number, state: StageState): StageSnapshot | null {
    const failed = (thrown: unknown) => this.#port.post({ kind: 'snapshot-failed', task, error: errorData(thrown) });
    return this.#setup.snapshots?.open(task, stage, partition, state, failed) ?? null;
  }

  /** A slot without a task has failed by itself, and the word of that is on its way. */
  #release({ slot, isLost }: ReleaseTask): void {
    const task = this.#tasks.get(slot)?.task;
    if (!isLost) task?.stop();
    else if (task !== undefined) {
      task.abandon();
      this.#tasks.delete(slot);
      this.#port.post({ kind: 'released', slot });
    }
  }

  #commit(transaction: Transaction): Promise<Committed> {
    const id = this.#commitNext++;
    return new Promise((done, failed) => {
      this.#commits.set(id, { done, failed });
      const buffers = (transaction.appends ?? []).map(({ bytes }) => bytes.buffer);
      const wantsMemory = buffers.some(({ byteLength }) => byteLength >= this.#memory.bytesMin);
      this.#port.post({ kind: 'commit', id, transaction, wantsMemory }, transferable(buffers));
    });
  }

  #drain(): void {
    const running = [...this.#tasks.values()];
    for (const { task } of running) task.stop();
    void Promise.all(running.map(({ ended }) => ended)).then(() => {
      this.#report();
      this.#port.post({ kind: 'drained' });
    });
  }

  #scheduleRest(): void {
    this.#setup.clock.after(REST_MS, () => {
      this.#memory.rest();
      this.#scheduleRest();
    });
  }

  #scheduleReport(): void {
    this.#setup.clock.after(this.#setup.reportIntervalMs, () => {
      this.#report();
      this.#scheduleReport();
    });
  }

  #report(): void {
    const tasks = [...this.#tasks.values()].map(({ task }) => task);
    this.#port.post({
      kind: 'report',
      tasks: tasks.map((task) => task.status()),
      worker: {
        ...this.#setup.health(),
        batchRecords: this.#batchRecords.status(),
        processingMs: this.#processingMs.status(),
        commitsInFlight: tasks.reduce((sum, task) => sum + task.commitsInFlight, 0),
      },
    });
  }
}
