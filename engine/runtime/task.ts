/**
 * One subtopology on one partition: reads its sources, runs its stages, and commits outputs, state and offsets in one
 * transaction. It never waits for a commit before it goes on, but for no more than two; when one fails, the task ends
 * and is opened again from what was committed.
 */
import { directiveFor } from '../actor/index.ts';
import { errorData, MsecError, pause } from '../base/index.ts';
import { BatchCursor, BatchEncoder, KeyTable } from '../batch/index.ts';
import type { Append, GroupOffset, Transaction, Truncation } from '../log/index.ts';
import type { TaskInputStatus, TaskStatus } from '../observe/index.ts';
import { type SnapshotSlice, type StageSnapshot, StageState, type StateChange } from '../state/index.ts';
import { stateTopic, taskName } from '../topology/index.ts';
import { BatchWalk, STRETCH_RECORDS } from './batch-walk.ts';
import { type ForeignPartitioning, ForeignRecords } from './foreign-records.ts';
import { TaskOutputs } from './outputs.ts';
import { prepareCommit } from './prepare-commit.ts';
import { letterActor, RecordIntake } from './record-intake.ts';
import { type ReplaySetup, replayRecords } from './replay.ts';
import { restoreState } from './restore-state.ts';
import { Slice } from './slice.ts';
import { StageRunner } from './stage-runner.ts';
import { READ, RESENT, type StageSurroundings } from './stage-surroundings.ts';
import type { TaskSetup } from './task-setup.ts';

const COMMITS_IN_FLIGHT_MAX = 2;
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 10_000;
/** Bounds how long a stop may go unnoticed. */
const IDLE_WAIT_MS = 200;

interface Source {
  readonly index: number;
  readonly topic: string;
  readonly isResend: boolean;
  readonly foreignPartitioning: ForeignPartitioning | null;
  readonly feeds: readonly { readonly stage: StageRunner; readonly input: number; decode: Decode }[];
  /** Next offset to read; everything before it is in the open transaction or committed. */
  position: number;
  /** What the last transaction carries. */
  sent: number;
  committed: number;
  end: number;
  /** Where the one actor that it feeds walks through its records. */
  walk: BatchWalk | null;
}

interface CollectedState {
  readonly stage: StageRunner;
  readonly change: StateChange;
  /** Which of the transaction's appends holds the chunks; -1 where nothing changed. */
  readonly append: number;
  /** What goes into the local copy with this transaction. */
  readonly slice: SnapshotSlice | null;
}

const NOTHING = new Uint8Array(0);

type Decode = (bytes: Uint8Array, start: number, end: number) => unknown;

export class Task {
  readonly name: string;
  readonly slot: number;
  readonly #setup: TaskSetup;
  readonly #keys: KeyTable;
  readonly #outputs: TaskOutputs;
  readonly #foreign: ForeignRecords;
  readonly #intake: RecordIntake;
  readonly #cursor = new BatchCursor({ readAhead: STRETCH_RECORDS });
  readonly #stateEncoder: BatchEncoder;
  readonly #around: StageSurroundings;
  readonly #stopping = new AbortController();
  #stages: readonly StageRunner[] = [];
  readonly #snapshots = new Map<StageRunner, StageSnapshot>();
  #sources: readonly Source[] = [];
  /** What is handled. */
  #fetched: { readonly bytes: Uint8Array; readonly start: number; readonly end: number } = {
    bytes: NOTHING,
    start: 0,
    end: 0,
  };
  #settlements = 0;
  readonly #slice: Slice;
  #inFlight: Promise<void>[] = [];
  #failure: { readonly thrown: unknown } | null = null;
  #openSince: number | null = null;
  /** The interval of the clock in which that was. */
  #openIn = 0;
  #isBusy = false;
  /** Reads ahead of the record that is handled. */
  #walking: BatchWalk | null = null;
  #isAbandoned = false;
  #state: TaskStatus['state'] = 'restoring';
  #pausedBecause: string | null = null;
  #pauseMs = PAUSE_MS_MIN;
  #transactions = 0;

  constructor(setup: TaskSetup) {
    const { plan, subtopology, partition, options, memory } = setup;
    this.#setup = setup;
    this.#keys = new KeyTable(setup.random);
    this.#outputs = new TaskOutputs(memory);
    this.#stateEncoder = new BatchEncoder({ recordBytesMax: 512 * 1024 * 1024, memory });
    this.#slice = new Slice({
      clock: setup.clock,
      tasks: setup.tasks,
      isFull: () => this.#outputs.bytes >= options.outputBytesMax,
    });
    this.#foreign = new ForeignRecords(this.#keys, this.#outputs, partition, plan.partitions);
    this.#intake = new RecordIntake({
      cursor: this.#cursor,
      keys: this.#keys,
      foreign: this.#foreign,
      slot: setup.slot,
      position: setup.position,
      condemned: setup.condemned,
      isSliceOver: () => this.#slice.count(),
      settle: () => this.#settle(),
    });
    this.slot = setup.slot;
    this.name = taskName(subtopology.name, partition);
    this.#around = {
      keys: this.#keys,
      outputs: this.#outputs,
      partition,
      partitions: plan.partitions,
      subtopology: subtopology.name,
      attemptsMax: options.attemptsMax,
      source: { topic: '', record: () => this.#recordAtHand() },
      unwinding: null,
      timeNotTaken: setup.timeNotTaken ?? (() => {}),
    };
  }

  /** Runs until `stop`, then commits what is open. Rejects when a commit fails or an actor cannot be opened. */
  async run(): Promise<void> {
    if (!(await this.#open())) {
      this.#state = 'stopped';
      return;
    }
    this.#state = 'running';
    while (!this.#stopping.signal.aborted) {
      const progressed = await this.#pollSources();
      if (this.#failure !== null) throw this.#failure.thrown;
      if (this.#isCommitDue(progressed)) await this.#commit();
      if (!progressed && !this.#stopping.signal.aborted) await this.#idle();
      // Or the thread would hear of nothing else until each of its tasks has two commits under way.
      if (progressed && this.#slice.isLong) await pause(this.#setup.clock, 0);
    }
    await this.#commit();
    await Promise.all(this.#inFlight);
    if (this.#failure !== null) throw this.#failure.thrown;
    // What an abandoned task has in memory was never committed, and its local copy may be another's to write.
    if (this.#isAbandoned) return;
    for (const snapshot of this.#snapshots.values()) await snapshot.finish();
    this.#state = 'stopped';
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Ends without a commit: what is not committed yet is for whoever has the task now. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#stopping.abort();
  }

  status(): Omit<TaskStatus, 'worker'> {
    const watermarks = this.#stages.map((stage) => stage.watermark());
    const watermark = Math.max(Number.NEGATIVE_INFINITY, ...watermarks);
    return {
      task: this.name,
      subtopology: this.#setup.subtopology.name,
      partition: this.#setup.partition,
      state: this.#state,
      pausedBecause: this.#pausedBecause,
      inputs: this.#sources.map(({ topic, committed, end }): TaskInputStatus => ({ topic, committed, end })),
      stages: this.#stages.map((stage) => stage.status()),
      transactions: this.#transactions,
      stateBytes: this.#stages.reduce((sum, stage) => sum + stage.stateBytes, 0),
      watermark: Number.isFinite(watermark) ? watermark : null,
    };
  }

  get commitsInFlight(): number {
    return this.#inFlight.length;
  }

  /** False where it was stopped before its state was whole: nothing of that is to be committed or copied. */
  async #open(): Promise<boolean> {
    const { plan, subtopology, partition, reader } = this.#setup;
    const stages: StageRunner[] = [];
    for (const planned of subtopology.stages) {
      const state = new StageState(planned.actor.state, Object.keys(planned.actor.inputs), this.#keys);
      const snapshot = this.#setup.openSnapshot?.(planned.actor.name, state) ?? null;
      const topic = stateTopic(plan.name, planned.actor.name);
      if (!(await restoreState(state, snapshot, reader, topic, partition, this.#stopping.signal))) return false;
      const stage = new StageRunner(planned, state, this.#around);
      if (snapshot !== null) this.#snapshots.set(stage, snapshot);
      stages.push(stage);
    }
    for (let i = stages.length - 1; i >= 0; i--) stages[i].open(stages);
    this.#stages = stages;
    const sources: Source[] = [];
    for (const [index, { topic, isResend, feeds }] of subtopology.sources.entries()) {
      const [bounds, committed] = await Promise.all([
        reader.bounds(topic.name, partition),
        reader.committed(subtopology.group, topic.name),
      ]);
      const position = committed[partition] ?? bounds.start;
      const source: Source = {
        index,
        topic: topic.name,
        isResend,
        foreignPartitioning: isResend ? null : (topic.foreignPartitioning ?? null),
        feeds: feeds.map(({ stage, input }) => ({
          stage: stages[stage],
          input: stages[stage].inputIndex(input),
          decode: (bytes, start, end) => topic.codec.decode(bytes, start, end),
        })),
        position,
        sent: position,
        committed: position,
        end: bounds.end,
        walk: null,
      };
      const [feed, ...others] = source.feeds;
      if (feed?.stage.walksBatches === true && others.length === 0 && !isResend) source.walk = this.#walk(source, feed);
      sources.push(source);
    }
    this.#sources = sources;
    for (const source of sources) if (!(await replayRecords(this.#replaySetup(), source))) return false;
    return true;
  }

  #replaySetup(): ReplaySetup {
    const signal = this.#stopping.signal;
    return {
      ...this.#setup,
      fetchBytes: this.#setup.options.fetchBytes,
      cursor: this.#cursor,
      keys: this.#keys,
      signal,
    };
  }

  #walk(source: Source, { stage, input }: Source['feeds'][number]): BatchWalk {
    const { slot, position } = this.#setup;
    const doubtful = this.#setup.doubtful.filter((run) => run.source === source.index);
    const settlements = () => this.#settlements;
    const task = {
      cursor: this.#cursor,
      position,
      get settlements() {
        return settlements();
      },
      take: (recordsMax: number) => this.#intake.takeStretch(source, recordsMax),
      rewind: (offset: number) => {
        const { bytes, start, end } = this.#fetched;
        this.#cursor.reset(bytes, start, end);
        this.#cursor.seek(offset);
      },
      isTimeUp: () => this.#slice.look(),
      isDoubtful:
        doubtful.length === 0
          ? () => false
          : (first: number, last: number) => doubtful.some(({ from, to }) => first < to && last >= from),
      enter: (offset: number) => position.enter(slot, source.index, offset),
      settle: () => this.#settle(),
    };
    return new BatchWalk(task, stage, input);
  }

  /** One fetch of each source; true when any had something. */
  async #pollSources(): Promise<boolean> {
    const { reader, partition, clock, options } = this.#setup;
    let progressed = false;
    let isBusy = false;
    for (const source of this.#sources) {
      const fetched = await reader.fetch(source.topic, partition, source.position, options.fetchBytes);
      if (this.#isAbandoned) break;
      source.end = fetched.bounds.end;
      if (fetched.end === fetched.start) continue;
      if (fetched.end - fetched.start >= options.fetchBytes / 2) isBusy = true;
      const startedAt = clock.monotonic();
      if (this.#openSince === null) {
        this.#openSince = startedAt;
        this.#openIn = this.#intervalNow();
      }
      const before = source.position;
      let thrown: { readonly thrown: unknown } | null;
      try {
        thrown = this.#handleBatches(source, fetched.bytes, fetched.start, fetched.end);
      } finally {
        // Also when the batch cannot be read: a position that stays would be taken for a record that hangs.
        this.#setup.position.leave();
      }
      this.#setup.observe(source.position - before, clock.monotonic() - startedAt);
      progressed ||= source.position > before;
      isBusy ||= this.#slice.isOver;
      if (thrown !== null) await this.#pauseFor(thrown.thrown);
      else if (source.position > before) this.#resume();
      if (this.#failure !== null) break;
    }
    this.#isBusy = isBusy;
    return progressed;
  }

  /** Returns what stopped it before the end; null when all was handled, or the slice was used up. */
  #handleBatches(source: Source, bytes: Uint8Array, start: number, end: number): { readonly thrown: unknown } | null {
    const cursor = this.#cursor;
    this.#fetched = { bytes, start, end };
    cursor.reset(bytes, start, end);
    cursor.seek(source.position);
    this.#around.source.topic = source.topic;
    this.#slice.begin(this.#isBusy ? this.#untilCommitMs() : 0);
    this.#walking = source.walk;
    const stopped = source.walk === null ? this.#handleEach(source) : source.walk.run();
    this.#walking = null;
    if (stopped !== null) {
      this.#undoRecord();
      this.#around.unwinding = null;
      source.position = cursor.offset;
    } else source.position = this.#slice.isOver ? cursor.offset + 1 : cursor.offsetNext;
    return stopped;
  }

  #handleEach(source: Source): { readonly thrown: unknown } | null {
    try {
      for (;;) {
        const keyId = this.#intake.take(source);
        if (keyId < 0) return null;
        this.#handleRecord(source, keyId);
        this.#settle();
      }
    } catch (thrown) {
      return { thrown };
    }
  }

  #recordAtHand(): BatchCursor {
    this.#walking?.stand();
    return this.#cursor;
  }

  #handleRecord(source: Source, keyId: number): void {
    const cursor = this.#cursor;
    const resendFor = source.isResend ? letterActor(cursor) : '';
    for (const { stage, input, decode } of source.feeds) {
      if (source.isResend && stage.planned.actor.name !== resendFor) continue;
      let value: unknown;
      try {
        value = decode(cursor.bytes, cursor.valueStart, cursor.valueEnd);
      } catch (thrown) {
        // A codec may depend on something outside too (a registry): then the record waits, as it would for an actor.
        if (directiveFor(thrown, 1, 1) !== 'dead-letter') throw thrown;
        stage.refuse(input, keyId, cursor.timestamp, thrown, 1);
        continue;
      }
      stage.handle(input, keyId, cursor.timestamp, value, source.isResend ? RESENT : READ);
    }
  }

  #settle(): void {
    this.#settlements++;
    this.#outputs.settle();
    this.#stages.forEach(settleStage);
  }

  #undoRecord(): void {
    this.#outputs.rollback(0);
    for (const stage of this.#stages) stage.undoRecord();
    this.#settle();
  }

  #isCommitDue(progressed: boolean): boolean {
    if (this.#openSince === null) return false;
    const { commitIntervalMs, commitIntervalBusyMs, outputBytesMax } = this.#setup.options;
    if (this.#outputs.bytes >= outputBytesMax) return true;
    const openMs = this.#setup.clock.monotonic() - this.#openSince;
    // One under way is waited for, or both take longer than two in a row: a log has its price for each, whatever is in it.
    const isPatient = (progressed && this.#isBusy) || this.#inFlight.length > 0;
    if (isPatient) return openMs >= commitIntervalBusyMs;
    return openMs >= commitIntervalMs || this.#openIn !== this.#intervalNow();
  }

  /**
   * Commits fall on the same moments in all tasks of a machine, so that they can share what a log takes for each. After a
   * jump of the clock they come too early once.
   */
  #intervalNow(): number {
    return Math.floor(this.#setup.clock.now() / this.#setup.options.commitIntervalMs);
  }

  #untilCommitMs(): number {
    const { clock, options } = this.#setup;
    const openMs = this.#openSince === null ? 0 : clock.monotonic() - this.#openSince;
    return options.commitIntervalBusyMs - openMs;
  }

  /** Sends the open transaction on its way; waits only when too many are under way. */
  async #commit(): Promise<void> {
    this.#openSince = null;
    if (this.#failure !== null || this.#isAbandoned) return;
    const { ownership, partition, subtopology } = this.#setup;
    const offsets: GroupOffset[] = [];
    for (const source of this.#sources) {
      if (source.position === source.sent) continue;
      source.sent = source.position;
      offsets.push({ group: subtopology.group, topic: source.topic, partition, offset: source.position });
    }
    if (offsets.length === 0) return;
    this.#failure ??= prepareCommit(this.#stages, () => this.#settle());
    if (this.#failure !== null) return;
    const appends = this.#outputs.take();
    const truncations: Truncation[] = [];
    const states = this.#stages.map((stage) => this.#collectState(stage, appends, truncations));
    // A pass over the whole table: only when enough of it would go.
    if (this.#keys.unretained * 2 >= this.#keys.size && this.#keys.sweep() > 0) this.#foreign.forget();
    const transaction: Transaction = { ownership, appends, offsets, truncations, admission: 'internal' };
    while (this.#inFlight.length >= COMMITS_IN_FLIGHT_MAX) await Promise.race(this.#inFlight);
    if (this.#failure !== null || this.#isAbandoned) return;
    const sent = this.#setup.commit(transaction).then(
      ({ baseOffsets }) => {
        for (const { stage, change, append, slice } of states) {
          if (append < 0) continue;
          stage.stateCommitted(change, baseOffsets[append]!);
          if (!this.#isAbandoned)
            this.#snapshots.get(stage)?.committed(slice, baseOffsets[append]! + change.chunks.length);
        }
        this.#transactions++;
        for (const { topic, offset } of offsets)
          for (const source of this.#sources) if (source.topic === topic) source.committed = offset;
      },
      (thrown: unknown) => {
        this.#failure ??= { thrown };
        this.#stopping.abort();
      },
    );
    const tracked = sent.finally(() => {
      this.#inFlight = this.#inFlight.filter((other) => other !== tracked);
    });
    this.#inFlight.push(tracked);
  }

  #collectState(stage: StageRunner, appends: Append[], truncations: Truncation[]): CollectedState {
    const topic = stateTopic(this.#setup.plan.name, stage.planned.actor.name);
    const { partition, clock } = this.#setup;
    const change = stage.collectState();
    const { chunks, truncateBefore } = change;
    if (chunks.length > 0) {
      for (const chunk of chunks) this.#stateEncoder.append(clock.now(), chunk, -1, -1, chunk, 0, chunk.length);
      appends.push({ topic, partition, bytes: this.#stateEncoder.finish() });
    }
    if (truncateBefore !== null) truncations.push({ topic, partition, before: truncateBefore });
    if (chunks.length === 0) return { stage, change, append: -1, slice: null };
    return { stage, change, append: appends.length - 1, slice: this.#snapshots.get(stage)?.slice() ?? null };
  }

  async #idle(): Promise<void> {
    const { reader, partition, options, clock } = this.#setup;
    const openMs = this.#openSince === null ? 0 : clock.monotonic() - this.#openSince;
    if (
      this.#openSince !== null &&
      this.#inFlight.length > 0 &&
      (openMs >= options.commitIntervalMs || this.#openIn !== this.#intervalNow())
    ) {
      // What comes meanwhile could be committed no sooner.
      await Promise.race(this.#inFlight);
      return;
    }
    const { commitIntervalMs } = options;
    const untilNextMs = Math.max(1, commitIntervalMs - (clock.now() % commitIntervalMs));
    const waitMs = this.#openSince === null ? IDLE_WAIT_MS : untilNextMs;
    const positions = this.#sources.map(({ topic, position }) => ({ topic, partition, offset: position }));
    await reader.wait(positions, waitMs);
  }

  /** Something outside is down: what was done so far is committed, and the record is tried again after a while. */
  async #pauseFor(thrown: unknown): Promise<void> {
    if (!(thrown instanceof MsecError && thrown.retriable)) {
      this.#failure ??= { thrown };
      return;
    }
    this.#state = 'paused';
    this.#pausedBecause = errorData(thrown).message;
    await this.#commit();
    await pause(this.#setup.clock, this.#pauseMs, this.#stopping.signal);
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS_MAX);
  }

  #resume(): void {
    this.#pauseMs = PAUSE_MS_MIN;
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    this.#pausedBecause = null;
  }
}

const settleStage = (stage: StageRunner): void => stage.settle();
