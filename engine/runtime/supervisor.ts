/**
 * The main thread's side of the workers: starts them, shares out the tasks, commits for them, and brings back what dies.
 * A worker that ends, or stands still within one record for too long, is replaced; the record it was at is counted, and
 * when it has ended as many threads as it may, the fresh worker dead-letters it unseen.
 */
import { type Clock, errorData, type Timer } from '../base/index.ts';
import type { Log } from '../log/index.ts';
import type { Emit, TaskStatus, WorkerStatus } from '../observe/index.ts';
import type { Plan } from '../topology/index.ts';
import type { Weights } from './placement.ts';
import { WorkerPosition } from './position.ts';
import { TaskBoard } from './task-board.ts';
import { type CommitRequest, type FromWorker, type Report, type ToWorker, transferable } from './thread-messages.ts';
import type { Thread, ThreadEnd, Threads } from './threads.ts';

export interface WorkerInit {
  readonly worker: number;
  readonly position: SharedArrayBuffer;
}

export type WorkerThreads = Threads<WorkerInit, ToWorker, FromWorker>;
type WorkerThread = Thread<ToWorker, FromWorker>;

export interface SupervisorOptions {
  /** A record that takes longer is taken for hung, and its thread ended. */
  readonly recordMsMax: number;
  /** Threads that one record may end before it goes to the dead letters. */
  readonly threadsPerRecordMax: number;
  readonly restartMsMin: number;
  readonly restartMsMax: number;
}

export const SUPERVISOR_OPTIONS: SupervisorOptions = {
  recordMsMax: 10_000,
  threadsPerRecordMax: 2,
  restartMsMin: 50,
  restartMsMax: 5_000,
};

export interface SupervisorSetup {
  readonly log: Log;
  readonly plan: Plan;
  readonly threads: WorkerThreads;
  readonly workers: number;
  readonly clock: Clock;
  readonly options: SupervisorOptions;
  readonly emit: Emit;
  /** What is worked on from the start; absent: every partition. */
  readonly partitions?: readonly number[];
  /** What there is to do in each of them. */
  readonly backlog?: Weights;
}

interface WorkerEntry {
  readonly index: number;
  readonly position: WorkerPosition;
  thread: WorkerThread | null;
  state: WorkerStatus['state'];
  restarts: number;
  /** Restarts since it last ran quietly; sets the back-off. */
  recentEnds: number;
  report: Report | null;
  hung: boolean;
  beat: number;
  beatSince: number;
  timer: Timer | null;
  drained: (() => void) | null;
}

const WATCH_DIVISOR = 4;

export class Supervisor {
  readonly #setup: SupervisorSetup;
  readonly #workers: readonly WorkerEntry[];
  readonly #board: TaskBoard;
  #isDraining = false;
  #watch: Timer | null = null;

  constructor(setup: SupervisorSetup) {
    this.#setup = setup;
    this.#workers = Array.from({ length: setup.workers }, (_, index) => ({
      index,
      position: new WorkerPosition(),
      thread: null,
      state: 'starting',
      restarts: 0,
      recentEnds: 0,
      report: null,
      hung: false,
      beat: 0,
      beatSince: 0,
      timer: null,
      drained: null,
    }));
    const { threadsPerRecordMax } = setup.options;
    const backOff = (failures: number) => this.#backOff(failures);
    this.#board = new TaskBoard({ ...setup, threadsPerRecordMax, backOff }, this.#workers);
  }

  /** Resolves when every task has been handed to a running worker. */
  async start(): Promise<void> {
    for (const worker of this.#workers) this.#startWorker(worker);
    this.#scheduleWatch();
    await this.running();
  }

  /** Resolves when every task of the partitions that are this process's is with a running worker. */
  running(): Promise<void> {
    return this.#board.running();
  }

  /**
   * From now on these are this process's, and no others. Resolves when every task of the others has committed and ended,
   * or its thread has; new ones begin meanwhile.
   */
  setPartitions(partitions: readonly number[], backlog?: Weights): Promise<void> {
    return this.#board.setPartitions(partitions, backlog);
  }

  /** None is this process's any more, and may be another's already: nothing is waited for. */
  losePartitions(): void {
    this.#board.losePartitions();
  }

  isHere(partition: number): boolean {
    return this.#board.isHere(partition);
  }

  /** Every worker commits what it has begun and ends. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#board.freeze();
    // The watch goes on: a record that hangs would hold up the end for ever.
    await Promise.all(
      this.#workers.map(async (worker) => {
        worker.timer?.cancel();
        const thread = worker.thread;
        if (thread === null) return;
        if (worker.state === 'running')
          await new Promise<void>((resolve) => {
            worker.drained = resolve;
            thread.post({ kind: 'drain' });
          });
        worker.thread = null;
        await thread.terminate();
      }),
    );
    this.#watch?.cancel();
    this.#board.close();
  }

  tasks(): readonly TaskStatus[] {
    return this.#board.status();
  }

  workers(): readonly WorkerStatus[] {
    const nothing = { bounds: [], cumulative: [0], sum: 0 };
    return this.#workers.map(({ index, state, restarts, report }) => ({
      heapBytes: 0,
      heapBytesMax: 0,
      eventLoopDelayMs: 0,
      batchRecords: nothing,
      processingMs: nothing,
      commitsInFlight: 0,
      ...report?.worker,
      worker: index,
      state,
      restarts,
    }));
  }

  #startWorker(worker: WorkerEntry): void {
    const { threads, emit } = this.#setup;
    const thread = threads.start(`msec-worker-${worker.index}`, {
      worker: worker.index,
      position: worker.position.memory,
    });
    worker.position.leave();
    worker.thread = thread;
    worker.hung = false;
    // A thread that has been replaced has no say any more, whatever still arrives from it.
    thread.onMessage((message) => {
      if (worker.thread === thread) this.#receive(worker, thread, message);
    });
    thread.onEnd((end) => {
      if (worker.thread === thread) this.#workerEnded(worker, end);
    });
    emit('workerStarted', { worker: worker.index });
  }

  #receive(worker: WorkerEntry, thread: WorkerThread, message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        worker.state = 'running';
        this.#board.workerReady(worker);
        break;
      case 'commit':
        this.#commit(worker, thread, message);
        break;
      case 'report':
        worker.report = message;
        if (worker.recentEnds > 0 && message.tasks.some(({ transactions }) => transactions > 0)) worker.recentEnds = 0;
        break;
      case 'task-failed':
        this.#board.taskFailed(worker, message.slot, `${message.error.code}: ${message.error.message}`);
        break;
      case 'released':
        this.#board.taskReleased(worker, message.slot);
        break;
      case 'snapshot-failed':
        this.#setup.emit('snapshotFailed', { task: message.task, because: message.error.message });
        break;
      case 'drained':
        worker.drained?.();
        break;
    }
  }

  #commit(worker: WorkerEntry, thread: WorkerThread, { id, transaction, wantsMemory }: CommitRequest): void {
    const answer = (message: ToWorker, transfer?: readonly ArrayBuffer[]) => {
      if (worker.thread === thread) thread.post(message, transfer);
    };
    this.#setup.log.commit(transaction).then(
      ({ baseOffsets, spent = [] }) => {
        this.#board.committed(transaction);
        const back = wantsMemory ? spent : [];
        answer({ kind: 'committed', id, committed: { baseOffsets, spent: back } }, transferable(back));
      },
      (thrown: unknown) => answer({ kind: 'commit-failed', id, error: errorData(thrown) }),
    );
  }

  #workerEnded(worker: WorkerEntry, end: ThreadEnd): void {
    worker.thread = null;
    worker.state = 'restarting';
    const at = worker.position.read();
    if (at !== null) this.#board.suspect(at, worker.hung ? 'RECORD_HUNG' : 'RECORD_KILLED_WORKER');
    if (this.#isDraining) {
      worker.drained?.();
      return;
    }
    worker.restarts++;
    const because = worker.hung ? 'a record hung' : end.kind === 'failed' ? end.message : end.kind;
    this.#setup.emit('workerEnded', { worker: worker.index, because, restarts: worker.restarts });
    worker.recentEnds++;
    worker.timer = this.#setup.clock.after(this.#backOff(worker.recentEnds), () => this.#startWorker(worker));
    this.#board.workerEnded(worker);
  }

  #backOff(failures: number): number {
    const { restartMsMin, restartMsMax } = this.#setup.options;
    return Math.min(restartMsMin * 2 ** Math.min(failures - 1, 20), restartMsMax);
  }

  #scheduleWatch(): void {
    const { clock, options } = this.#setup;
    const everyMs = options.recordMsMax / WATCH_DIVISOR;
    const dueAt = clock.monotonic() + everyMs;
    this.#watch = clock.after(everyMs, () => {
      // A process that was stopped, or whose machine slept: its workers stood as still as its watch, and none of them hung.
      const stoodStill = clock.monotonic() - dueAt > everyMs;
      for (const worker of this.#workers) this.#checkBeat(worker, stoodStill);
      this.#scheduleWatch();
    });
  }

  #checkBeat(worker: WorkerEntry, stoodStill: boolean): void {
    const { clock, options } = this.#setup;
    if (worker.thread === null || worker.hung) return;
    const now = clock.monotonic();
    const beat = worker.position.beat;
    if (stoodStill || beat !== worker.beat || worker.position.read() === null) {
      worker.beat = beat;
      worker.beatSince = now;
      return;
    }
    if (now - worker.beatSince < options.recordMsMax) return;
    worker.hung = true;
    // Its end is told through onEnd, as every other end.
    void worker.thread.terminate();
  }
}
