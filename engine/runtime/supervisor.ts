/**
 * The main thread's side of the workers: starts them, shares out the tasks, commits for them, and brings back what dies.
 * A worker that ends, or stands still within one record for too long, is replaced; the record it was at is counted, and
 * when it has ended as many threads as it may, the fresh worker dead-letters it unseen.
 */
import { assert, type Clock, type ErrorCode, errorData, type Timer } from '../base/index.ts';
import type { Log, Transaction } from '../log/index.ts';
import type { Emit, TaskStatus, WorkerStatus } from '../observe/index.ts';
import { type Plan, taskName } from '../topology/index.ts';
import { WorkerPosition } from './position.ts';
import type { CondemnedRecord, FromWorker, Report, ToWorker } from './thread-messages.ts';
import type { Thread, ThreadEnd, Threads } from './threads.ts';

export interface WorkerInit {
  readonly worker: number;
  readonly position: SharedArrayBuffer;
}

export type WorkerThreads = Threads<WorkerInit, ToWorker, FromWorker>;

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
}

interface TaskEntry {
  readonly slot: number;
  readonly name: string;
  readonly subtopology: string;
  readonly partition: number;
  /** Records that ended a thread, by `source offset`. */
  readonly suspects: Map<string, CondemnedRecord>;
  failures: number;
  isRunning: boolean;
  waitsBecause: string | null;
}

interface WorkerEntry {
  readonly index: number;
  readonly tasks: readonly TaskEntry[];
  readonly position: WorkerPosition;
  thread: Thread<ToWorker, FromWorker> | null;
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
  #isDraining = false;
  #watch: Timer | null = null;
  #running: (() => void) | null = null;

  constructor(setup: SupervisorSetup) {
    this.#setup = setup;
    const tasks: TaskEntry[] = [];
    for (let partition = 0; partition < setup.plan.partitions; partition++)
      for (const { name: subtopology } of setup.plan.subtopologies)
        tasks.push({
          slot: tasks.length + 1,
          name: taskName(subtopology, partition),
          subtopology,
          partition,
          suspects: new Map(),
          failures: 0,
          isRunning: false,
          waitsBecause: null,
        });
    this.#workers = Array.from({ length: setup.workers }, (_, index) => ({
      index,
      // Whole partitions go to a worker, so that the stages of one device's data share a processor's cache.
      tasks: tasks.filter(({ partition }) => partition % setup.workers === index),
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
  }

  /** Resolves when every task has been handed to a running worker. */
  async start(): Promise<void> {
    const running = new Promise<void>((resolve) => {
      this.#running = resolve;
    });
    for (const worker of this.#workers) this.#startWorker(worker);
    this.#scheduleWatch();
    await running;
  }

  /** Every worker commits what it has begun and ends. */
  async drain(): Promise<void> {
    this.#isDraining = true;
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
  }

  tasks(): readonly TaskStatus[] {
    return this.#workers.flatMap((worker) =>
      worker.tasks.map((task): TaskStatus => {
        const reported = worker.report?.tasks.find((status) => status.task === task.name);
        const isHere = task.isRunning && worker.state === 'running';
        if (reported !== undefined && isHere) return { ...reported, worker: worker.index };
        return {
          task: task.name,
          subtopology: task.subtopology,
          partition: task.partition,
          inputs: [],
          stages: [],
          transactions: 0,
          stateBytes: 0,
          watermark: null,
          ...reported,
          worker: isHere ? worker.index : null,
          state: task.waitsBecause !== null ? 'paused' : isHere ? 'restoring' : 'waiting',
          pausedBecause: task.waitsBecause,
        };
      }),
    );
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

  #receive(worker: WorkerEntry, thread: Thread<ToWorker, FromWorker>, message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        worker.state = 'running';
        for (const task of worker.tasks) this.#assign(worker, thread, task);
        break;
      case 'commit':
        this.#commit(worker, thread, message.id, message.transaction);
        break;
      case 'report':
        worker.report = message;
        if (worker.recentEnds > 0 && message.tasks.some(({ transactions }) => transactions > 0)) worker.recentEnds = 0;
        break;
      case 'task-failed': {
        const task = this.#taskOf(worker, message.slot);
        task.isRunning = false;
        task.failures++;
        task.waitsBecause = `${message.error.code}: ${message.error.message}`;
        this.#setup.emit('taskPaused', { task: task.name, because: task.waitsBecause });
        if (this.#isDraining) break;
        this.#setup.clock.after(this.#backOff(task.failures), () => {
          if (worker.thread === thread && !this.#isDraining) this.#assign(worker, thread, task);
        });
        break;
      }
      case 'released':
        this.#taskOf(worker, message.slot).isRunning = false;
        break;
      case 'snapshot-failed':
        this.#setup.emit('snapshotFailed', { task: message.task, because: message.error.message });
        break;
      case 'drained':
        worker.drained?.();
        break;
    }
  }

  #taskOf(worker: WorkerEntry, slot: number): TaskEntry {
    const task = worker.tasks.find((other) => other.slot === slot);
    assert(task !== undefined, 'a worker speaks of its own tasks only');
    return task;
  }

  #assign(worker: WorkerEntry, thread: Thread<ToWorker, FromWorker>, task: TaskEntry): void {
    const { log, options, emit, clock } = this.#setup;
    log.acquire(task.name).then(
      (ownership) => {
        if (worker.thread !== thread || this.#isDraining) return;
        task.isRunning = true;
        task.waitsBecause = null;
        const condemned = [...task.suspects.values()].filter(({ attempts }) => attempts >= options.threadsPerRecordMax);
        const { slot, subtopology, partition } = task;
        thread.post({ kind: 'assign', slot, subtopology, partition, ownership, condemned });
        emit('taskStarted', { task: task.name, worker: worker.index });
        if (this.#workers.every((other) => other.tasks.every(({ isRunning }) => isRunning))) this.#running?.();
      },
      (thrown: unknown) => {
        task.failures++;
        task.waitsBecause = errorData(thrown).message;
        emit('taskPaused', { task: task.name, because: task.waitsBecause });
        clock.after(this.#backOff(task.failures), () => {
          if (worker.thread === thread && !this.#isDraining) this.#assign(worker, thread, task);
        });
      },
    );
  }

  #commit(worker: WorkerEntry, thread: Thread<ToWorker, FromWorker>, id: number, transaction: Transaction): void {
    const answer = (message: ToWorker) => {
      if (worker.thread === thread) thread.post(message);
    };
    this.#setup.log.commit(transaction).then(
      (committed) => {
        this.#forgetSuspects(worker, transaction);
        answer({ kind: 'committed', id, committed });
      },
      (thrown: unknown) => answer({ kind: 'commit-failed', id, error: errorData(thrown) }),
    );
  }

  /** What was committed past is no suspect any more. */
  #forgetSuspects(worker: WorkerEntry, { ownership, offsets }: Transaction): void {
    const task = worker.tasks.find(({ name }) => name === ownership?.owner);
    if (task === undefined) return;
    task.failures = 0;
    if (task.suspects.size === 0) return;
    const subtopology = this.#setup.plan.subtopologies.find(({ name }) => name === task.subtopology);
    for (const [id, { source, offset }] of task.suspects) {
      const topic = subtopology?.sources[source]?.topic.name;
      if (offsets?.some((committed) => committed.topic === topic && committed.offset > offset))
        task.suspects.delete(id);
    }
  }

  #workerEnded(worker: WorkerEntry, end: ThreadEnd): void {
    worker.thread = null;
    worker.state = 'restarting';
    for (const task of worker.tasks) task.isRunning = false;
    const at = worker.position.read();
    if (at !== null) {
      const suspects = this.#taskOf(worker, at.slot).suspects;
      const id = `${at.source} ${at.offset}`;
      const attempts = (suspects.get(id)?.attempts ?? 0) + 1;
      const code: ErrorCode = worker.hung ? 'RECORD_HUNG' : 'RECORD_KILLED_WORKER';
      suspects.set(id, { source: at.source, offset: at.offset, attempts, code });
    }
    if (this.#isDraining) {
      worker.drained?.();
      return;
    }
    worker.restarts++;
    const because = worker.hung ? 'a record hung' : end.kind === 'failed' ? end.message : end.kind;
    this.#setup.emit('workerEnded', { worker: worker.index, because, restarts: worker.restarts });
    worker.recentEnds++;
    worker.timer = this.#setup.clock.after(this.#backOff(worker.recentEnds), () => this.#startWorker(worker));
  }

  #backOff(failures: number): number {
    const { restartMsMin, restartMsMax } = this.#setup.options;
    return Math.min(restartMsMin * 2 ** Math.min(failures - 1, 20), restartMsMax);
  }

  #scheduleWatch(): void {
    const { clock, options } = this.#setup;
    this.#watch = clock.after(options.recordMsMax / WATCH_DIVISOR, () => {
      for (const worker of this.#workers) this.#checkBeat(worker);
      this.#scheduleWatch();
    });
  }

  #checkBeat(worker: WorkerEntry): void {
    const { clock, options } = this.#setup;
    if (worker.thread === null || worker.hung) return;
    const now = clock.monotonic();
    const beat = worker.position.beat;
    if (beat !== worker.beat || worker.position.read() === null) {
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
