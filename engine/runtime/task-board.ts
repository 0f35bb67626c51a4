/**
 * The tasks of a plan and the workers that run them: one step at a time from what is to what shall be. A task runs in one
 * thread at most; it goes to the next only when it has ended, or its thread has, and always under a new ownership.
 */
import { assert, type Clock, type ErrorCode, errorData, type Timer } from '../base/index.ts';
import type { Log, OffsetPlace, Ownership, Transaction } from '../log/index.ts';
import type { Emit, TaskStatus, WorkerStatus } from '../observe/index.ts';
import { type Plan, taskName } from '../topology/index.ts';
import { type Placement, placePartitions, type Weights } from './placement.ts';
import type { RecordPosition } from './position.ts';
import type { CondemnedRecord, DoubtfulRun, Report, ToWorker } from './thread-messages.ts';

/** A worker, as the board sees it. */
export interface TaskHolder {
  readonly index: number;
  readonly state: WorkerStatus['state'];
  readonly thread: { post(message: ToWorker): void } | null;
  readonly report: Report | null;
}

export interface TaskBoardSetup {
  readonly log: Log;
  readonly plan: Plan;
  readonly clock: Clock;
  readonly emit: Emit;
  /** What is worked on from the start; absent: every partition. */
  readonly partitions?: readonly number[];
  /** What there is to do in each of them. */
  readonly backlog?: Weights;
  /** Threads that one record may end before it goes to the dead letters. */
  readonly threadsPerRecordMax: number;
  backOff(failures: number): number;
}

interface TaskEntry {
  readonly slot: number;
  readonly name: string;
  readonly subtopology: string;
  readonly partition: number;
  readonly of: PartitionEntry;
  readonly places: readonly OffsetPlace[];
  ownership: Ownership | null;
  /** Records that ended a thread, by `source offset`. */
  readonly suspects: Map<string, CondemnedRecord>;
  doubtful: readonly DoubtfulRun[];
  failures: number;
  /** From `assign` to `released` or `task-failed`, or to the end of the thread. */
  isRunning: boolean;
  /** `lost` may follow upon `ends`. */
  release: 'none' | 'ends' | 'lost';
  /** One at a time for each task: two under way might each take half of what makes an owner. */
  isAcquiring: boolean;
  /** It has ended, and says so to the log before another process may have it. */
  isReleasing: boolean;
  retry: Timer | null;
  waitsBecause: string | null;
}

interface PartitionEntry {
  readonly partition: number;
  readonly tasks: TaskEntry[];
  /** The worker that has it, until the last of its tasks has ended there. */
  holder: TaskHolder | null;
  /** The worker that is to have it; null: not this process. */
  target: TaskHolder | null;
  /** What still runs, or is about to, may be another's already, and nobody waits for it. */
  isLost: boolean;
}

export class TaskBoard {
  readonly #setup: TaskBoardSetup;
  readonly #workers: readonly TaskHolder[];
  readonly #partitions: readonly PartitionEntry[];
  readonly #tasks: readonly TaskEntry[];
  #placement: Placement = new Map();
  /** Those who wait for something to be true of the partitions. */
  #waiting: { readonly isSo: () => boolean; readonly resolve: () => void }[] = [];
  #isFrozen = false;
  #isClosed = false;

  constructor(setup: TaskBoardSetup, workers: readonly TaskHolder[]) {
    this.#setup = setup;
    this.#workers = workers;
    let slot = 1;
    this.#partitions = Array.from({ length: setup.plan.partitions }, (_, partition) => {
      const entry: PartitionEntry = { partition, tasks: [], holder: null, target: null, isLost: false };
      for (const { name: subtopology, group, sources } of setup.plan.subtopologies)
        entry.tasks.push({
          places: sources.map(({ topic }) => ({ group, topic: topic.name, partition })),
          ownership: null,
          slot: slot++,
          name: taskName(subtopology, partition),
          subtopology,
          partition,
          of: entry,
          suspects: new Map(),
          doubtful: [],
          failures: 0,
          isRunning: false,
          release: 'none',
          isAcquiring: false,
          isReleasing: false,
          retry: null,
          waitsBecause: null,
        });
      return entry;
    });
    this.#tasks = this.#partitions.flatMap(({ tasks }) => tasks);
    this.#place(setup.partitions ?? this.#partitions.keys(), setup.backlog);
  }

  /** Resolves when every task of the partitions that are this process's is with a running worker. */
  running(): Promise<void> {
    return this.#until(() =>
      this.#partitions.every(
        ({ target, holder, tasks }) => target === null || (holder === target && tasks.every((task) => task.isRunning)),
      ),
    );
  }

  /**
   * From now on these are this process's, and no others. Resolves when every task of the others has committed and ended,
   * or its thread has; new ones begin meanwhile.
   */
  async setPartitions(partitions: readonly number[], backlog?: Weights): Promise<void> {
    if (!this.#isFrozen) this.#place(partitions, backlog);
    await this.#until(
      () =>
        !this.#isFrozen &&
        this.#partitions.every(({ target, holder, isLost }) => target !== null || holder === null || isLost),
    );
  }

  /** None is this process's any more, and may be another's already: nothing is waited for. */
  losePartitions(): void {
    if (this.#isFrozen) return;
    for (const partition of this.#partitions) if (partition.holder !== null) partition.isLost = true;
    this.#place([]);
    // Who waited for tasks to end waits no longer; who waits for tasks to run has nothing to wait for.
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  isHere(partition: number): boolean {
    return this.#placement.has(partition);
  }

  /** The workers drain: nothing is handed out any more, and whoever wants tasks to end waits for all of them. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** No task runs any more. */
  close(): void {
    this.#isFrozen = true;
    this.#isClosed = true;
    for (const task of this.#tasks) cancelRetry(task);
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  status(): readonly TaskStatus[] {
    return this.#tasks.map((task): TaskStatus => {
      const { holder, target } = task.of;
      const reported = holder?.report?.tasks.find((status) => status.task === task.name);
      const isHere = task.isRunning && holder?.state === 'running';
      if (reported !== undefined && isHere) return { ...reported, worker: holder.index };
      const waiting = target === null ? 'elsewhere' : 'waiting';
      return {
        task: task.name,
        subtopology: task.subtopology,
        partition: task.partition,
        inputs: [],
        stages: [],
        transactions: 0,
        stateBytes: 0,
        watermark: null,
        ...(target === null ? {} : reported),
        worker: isHere ? holder.index : null,
        state: task.waitsBecause !== null ? 'paused' : isHere ? 'restoring' : waiting,
        pausedBecause: task.waitsBecause,
      };
    });
  }

  /** A fresh thread takes up what its worker has. */
  workerReady(worker: TaskHolder): void {
    for (const partition of this.#partitions)
      if (partition.holder === worker) {
        for (const task of partition.tasks) cancelRetry(task);
        this.#settle(partition);
      }
  }

  /** With the thread, its tasks have ended. */
  workerEnded(worker: TaskHolder): void {
    for (const partition of this.#partitions)
      if (partition.holder === worker) for (const task of partition.tasks) if (task.isRunning) this.#taskEnded(task);
  }

  taskReleased(worker: TaskHolder, slot: number): void {
    this.#taskEnded(this.#taskOf(worker, slot));
  }

  taskFailed(worker: TaskHolder, slot: number, because: string): void {
    this.#taskFailed(this.#taskOf(worker, slot), because);
  }

  /** The record at which a thread has ended, or the records among which it is. */
  suspect({ slot, source, offset, span }: RecordPosition, code: ErrorCode): void {
    const task = this.#tasks[slot - 1]!;
    if (span > 1) {
      task.doubtful = [...task.doubtful, { source, from: offset, to: offset + span }];
      return;
    }
    const { suspects } = task;
    const id = `${source} ${offset}`;
    const attempts = (suspects.get(id)?.attempts ?? 0) + 1;
    suspects.set(id, { source, offset, attempts, code });
  }

  /** What was committed past is no suspect any more. */
  committed({ ownership, offsets }: Transaction): void {
    const task = this.#tasks.find(({ name }) => name === ownership?.owner);
    if (task === undefined) return;
    task.failures = 0;
    if (task.suspects.size === 0 && task.doubtful.length === 0) return;
    const subtopology = this.#setup.plan.subtopologies.find(({ name }) => name === task.subtopology);
    const isPast = (source: number, last: number) => {
      const topic = subtopology?.sources[source]?.topic.name;
      return offsets?.some((committed) => committed.topic === topic && committed.offset > last) === true;
    };
    for (const [id, { source, offset }] of task.suspects) if (isPast(source, offset)) task.suspects.delete(id);
    task.doubtful = task.doubtful.filter(({ source, to }) => !isPast(source, to - 1));
  }

  #taskOf(worker: TaskHolder, slot: number): TaskEntry {
    const task = this.#tasks[slot - 1];
    assert(task?.of.holder === worker, 'a worker speaks of its own tasks only');
    return task;
  }

  #place(partitions: Iterable<number>, backlog?: Weights): void {
    this.#placement = placePartitions(this.#placement, partitions, this.#workers.length, backlog);
    for (const entry of this.#partitions) {
      const worker = this.#placement.get(entry.partition);
      entry.target = worker === undefined ? null : this.#workers[worker]!;
      this.#settle(entry);
    }
    this.#lookAtWaiting();
  }

  /** Brings a partition one step nearer to the worker that is to have it; called whenever something of it has changed. */
  #settle(partition: PartitionEntry): void {
    const { tasks, target } = partition;
    if (partition.holder !== target) {
      for (const task of tasks) {
        cancelRetry(task);
        this.#release(task);
      }
      if (tasks.some(({ isRunning, isAcquiring, isReleasing }) => isRunning || isAcquiring || isReleasing)) return;
      partition.holder = target;
      partition.isLost = false;
      for (const task of tasks) task.waitsBecause = null;
    }
    if (!this.#isFrozen && target?.state === 'running') for (const task of tasks) this.#assign(task);
    this.#lookAtWaiting();
  }

  #release(task: TaskEntry): void {
    const { isLost } = task.of;
    const release = isLost ? 'lost' : 'ends';
    if (!task.isRunning || this.#isFrozen || task.release === 'lost' || task.release === release) return;
    task.release = release;
    task.of.holder?.thread?.post({ kind: 'release', slot: task.slot, isLost });
  }

  #assign(task: TaskEntry): void {
    if (task.isRunning || task.isAcquiring || task.isReleasing || task.retry !== null) return;
    task.isAcquiring = true;
    this.#setup.log.acquire(task.name, task.places).then(
      (ownership) => {
        task.isAcquiring = false;
        const { holder, target } = task.of;
        // The thread may be another than when this began: nobody else has had the ownership.
        if (!this.#isFrozen && holder === target && holder?.state === 'running') this.#hand(task, holder, ownership);
        else this.#settle(task.of);
      },
      (thrown: unknown) => {
        task.isAcquiring = false;
        this.#taskFailed(task, errorData(thrown).message);
      },
    );
  }

  #hand(task: TaskEntry, { thread, index }: TaskHolder, ownership: Ownership): void {
    const { threadsPerRecordMax, emit } = this.#setup;
    task.isRunning = true;
    task.ownership = ownership;
    task.release = 'none';
    task.of.isLost = false;
    task.waitsBecause = null;
    const condemned = [...task.suspects.values()].filter(({ attempts }) => attempts >= threadsPerRecordMax);
    const { slot, subtopology, partition, doubtful } = task;
    thread?.post({ kind: 'assign', slot, subtopology, partition, ownership, condemned, doubtful });
    emit('taskStarted', { task: task.name, worker: index });
    this.#lookAtWaiting();
  }

  #taskEnded(task: TaskEntry): void {
    const { ownership, release } = task;
    task.isRunning = false;
    task.ownership = null;
    task.release = 'none';
    if (ownership !== null && release === 'ends' && task.of.target === null && !this.#isFrozen) {
      const released = () => {
        task.isReleasing = false;
        this.#settle(task.of);
      };
      task.isReleasing = true;
      (this.#setup.log.release?.(ownership) ?? Promise.resolve()).then(released, released);
    } else this.#settle(task.of);
  }

  #taskFailed(task: TaskEntry, because: string): void {
    if (task.of.holder !== task.of.target || task.release !== 'none') {
      // It was to end here anyway.
      this.#taskEnded(task);
      return;
    }
    task.isRunning = false;
    task.failures++;
    task.waitsBecause = because;
    this.#setup.emit('taskPaused', { task: task.name, because });
    if (this.#isFrozen) return;
    task.retry = this.#setup.clock.after(this.#setup.backOff(task.failures), () => {
      task.retry = null;
      this.#settle(task.of);
    });
  }

  #until(isSo: () => boolean): Promise<void> {
    if (this.#isClosed || isSo()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ isSo, resolve });
    });
  }

  #lookAtWaiting(): void {
    if (this.#waiting.length === 0) return;
    const [done, waiting] = [this.#waiting.filter(({ isSo }) => isSo()), this.#waiting.filter(({ isSo }) => !isSo())];
    this.#waiting = waiting;
    for (const { resolve } of done) resolve();
  }
}

function cancelRetry(task: TaskEntry): void {
  task.retry?.cancel();
  task.retry = null;
}
