/**
 * One commit at a time, of everything that came meanwhile: jobs wait in the order of their calls, a group of them is
 * prepared when the one before is on the disk, and all of it is written as one store commit. When idle a job starts at
 * once (at the end of the turn); under load groups begin at least `groupCommitMs` apart.
 */
import { type Clock, MsecError, type Timer } from '../../base/index.ts';
import type { Partition } from './partition.ts';
import { type Store, WriteBatch } from './store.ts';

/** One store commit in the making. */
export class CommitGroup {
  readonly batch = new WriteBatch();
  readonly touched = new Set<Partition>();
}

export interface Job {
  readonly bytes: number;
  /**
   * Adds the job's changes to the group. It throws before its first change or not at all: then only this job fails.
   * No commit is in flight meanwhile, so the store's snapshot is the present.
   */
  prepare(group: CommitGroup): void;
  done(): void;
  failed(error: unknown): void;
}

export interface GroupCommitHooks {
  /** Writes what the group's partitions changed, and announces new starts. */
  seal(group: CommitGroup): void;
  /** Announces new ends. */
  durable(group: CommitGroup): void;
  /** Takes back what the group changed in memory. */
  undo(group: CommitGroup): void;
}

export interface GroupCommitOptions {
  readonly groupCommitMs: number;
  /** A group is closed when it holds that much; then the next does not wait either. */
  readonly groupBytesMax: number;
}

export class GroupCommit {
  /** Groups that were written since the start. */
  commits = 0;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #hooks: GroupCommitHooks;
  readonly #options: GroupCommitOptions;
  #waiting: Job[] = [];
  #waitingBytes = 0;
  #startedMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #isStarting = false;
  #isWriting = false;
  #isDraining = false;
  /** The disk was full: until data fits again, each append stands alone, so that what frees space gets through. */
  #isTight = false;
  #failure: MsecError | undefined;
  #idle = Promise.withResolvers<void>();

  constructor(store: Store, clock: Clock, hooks: GroupCommitHooks, options: GroupCommitOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#hooks = hooks;
    this.#options = options;
  }

  get isTight(): boolean {
    return this.#isTight;
  }

  get waitingJobs(): number {
    return this.#waiting.length;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  submit(job: Job): void {
    if (this.#failure !== undefined) {
      job.failed(this.#failure);
      return;
    }
    this.#waiting.push(job);
    this.#waitingBytes += job.bytes;
    this.#schedule();
  }

  /** Resolves when every job that was submitted has ended. From now on no group waits for its time. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#schedule();
    while (this.#waiting.length > 0 || this.#isWriting) await this.#idle.promise;
  }

  #schedule(): void {
    if (this.#isWriting || this.#isStarting || this.#waiting.length === 0) return;
    const waitMs = this.#startedMs + this.#options.groupCommitMs - this.#clock.monotonic();
    if (waitMs <= 0 || this.#isDraining || this.#waitingBytes >= this.#options.groupBytesMax) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#isStarting = true;
      queueMicrotask(() => {
        this.#isStarting = false;
        void this.#writeGroup();
      });
    } else {
      this.#timer ??= this.#clock.after(waitMs, () => {
        this.#timer = undefined;
        this.#schedule();
      });
    }
  }

  async #writeGroup(): Promise<void> {
    this.#isWriting = true;
    this.#startedMs = this.#clock.monotonic();
    const group = new CommitGroup();
    const jobs = this.#prepare(group);
    try {
      if (jobs.length > 0) {
        this.#hooks.seal(group);
        if (group.batch.keys.length > 0) {
          await this.#store.commit(group.batch);
          this.commits++;
          if (jobs.some((job) => job.bytes > 0)) this.#isTight = false;
        }
        this.#hooks.durable(group);
        for (const job of jobs) job.done();
      }
    } catch (error) {
      this.#fail(group, jobs, error);
    }
    this.#isWriting = false;
    if (this.#waiting.length === 0) {
      const idle = this.#idle;
      this.#idle = Promise.withResolvers();
      idle.resolve();
    }
    this.#schedule();
  }

  #prepare(group: CommitGroup): Job[] {
    this.#store.refresh();
    const jobs: Job[] = [];
    let bytes = 0;
    let taken = 0;
    for (const job of this.#waiting) {
      if (bytes > 0 && bytes + job.bytes > this.#options.groupBytesMax) break;
      if (this.#isTight && jobs.length > 0 && (bytes > 0 || job.bytes > 0)) break;
      taken++;
      this.#waitingBytes -= job.bytes;
      try {
        job.prepare(group);
        jobs.push(job);
        bytes += job.bytes;
      } catch (error) {
        job.failed(error);
      }
    }
    this.#waiting = this.#waiting.slice(taken);
    this.#store.refresh();
    return jobs;
  }

  #fail(group: CommitGroup, jobs: readonly Job[], error: unknown): void {
    // A full disk passes; after what does not, nobody knows what the store holds, and going on could tell a lie.
    const canGoOn = error instanceof MsecError && error.retriable;
    if (canGoOn) this.#hooks.undo(group);
    this.#isTight = canGoOn;
    for (const job of jobs) job.failed(error);
    if (canGoOn) return;
    this.#failure = new MsecError('CLOSED', 'the log stopped: its store failed', { cause: error });
    for (const job of this.#waiting) job.failed(this.#failure);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
