/**
 * Threads without threads: each runs the real worker code, alone in its own life. Messages of one channel keep their
 * order and are late; a thread dies between two events or in the middle of a record, hangs, or is a zombie: dead for the
 * main thread, while it goes on and its commits still reach the log.
 */
import { MsecError, type Random, randomBelow } from '../base/index.ts';
import { BatchMemory } from '../batch/index.ts';
import type { Log, LogReader } from '../log/index.ts';
import {
  type FromWorker,
  type TaskOptions,
  type Thread,
  type ThreadEnd,
  type ToWorker,
  transferable,
  Worker,
  type WorkerInit,
  WorkerPosition,
  type WorkerThreads,
} from '../runtime/index.ts';
import { planTopology, type TopologyDefinition } from '../topology/index.ts';
import type { FaultBoard } from './fault-board.ts';
import type { FaultPlan, ThreadPoint } from './faults.ts';
import { APART_MS } from './simulated-log.ts';
import { SimulatedReader } from './simulated-reader.ts';
import { Life, type Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';

/** What a test's actors may do to the thread that they run in. Each of these ends or stops it, and throws. */
export interface ThreadWorld {
  /** To be called at the beginning of each record: here a fault of the plan may strike. */
  step(): void;
  die(end: 'failed' | 'heap'): never;
  hang(): never;
}

export interface ThreadsSetup {
  readonly life: Life;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly board: FaultBoard;
  readonly plan: FaultPlan;
  readonly trace: Trace;
  /** Of all processes of a run: records that have ended a thread by a fault; no record is made to do so twice. */
  readonly struck: Set<string>;
  readonly log: Log;
  readonly taskOptions: TaskOptions;
  readonly randomForKeys: Random;
  /** Called once for each thread. */
  readersOf(life: Life): () => LogReader;
  crash(): void;
  createTopology(world: ThreadWorld): TopologyDefinition;
}

const REPORT_MS = 1000;
const START_MS_MAX = 5;
const NO_HEALTH = { heapBytes: 0, heapBytesMax: 0, eventLoopDelayMs: 0 };

/** Thrown by the dead to leave the call they are in; the runtime passes this code on without handling it. */
const gone = (): MsecError => new MsecError('CLOSED', 'the simulated thread is gone');

export class SimulatedThreads implements WorkerThreads {
  readonly #setup: ThreadsSetup;
  readonly #threads = new Set<SimulatedThread>();

  constructor(setup: ThreadsSetup) {
    this.#setup = setup;
  }

  start(name: string, init: WorkerInit): SimulatedThread {
    const thread = new SimulatedThread(name, init, this.#setup);
    this.#threads.add(thread);
    return thread;
  }

  /** Any thread that is at work, for a fault at a moment; none where all are dead or hang. */
  any(): SimulatedThread | undefined {
    const working = [...this.#threads].filter((thread) => thread.isWorking);
    return working.length === 0 ? undefined : working[randomBelow(this.#setup.random, working.length)];
  }
}

export class SimulatedThread implements Thread<ToWorker, FromWorker>, ThreadWorld {
  readonly #name: string;
  readonly #setup: ThreadsSetup;
  readonly #life: Life;
  readonly #position: SimulatedPosition;
  #toParentAt = 0;
  #toWorkerAt = 0;
  /** Messages to the main thread that would arrive later than this are lost. */
  #lostAfter = Number.POSITIVE_INFINITY;
  #isHung = false;
  #isZombie = false;
  #isEndTold = false;
  #handleInParent: (message: FromWorker) => void = () => {};
  #handleInWorker: (message: ToWorker) => void = () => {};
  #handleEnd: (end: ThreadEnd) => void = () => {};

  constructor(name: string, init: WorkerInit, setup: ThreadsSetup) {
    this.#name = name;
    this.#setup = setup;
    this.#life = new Life(setup.life);
    this.#position = new SimulatedPosition(init.position);
    setup.timeline.after(this.#drawMs(START_MS_MAX), this.#life, () => this.#run());
  }

  get isWorking(): boolean {
    return !this.#life.isOver && !this.#isHung && !this.#isZombie;
  }

  post(message: ToWorker): void {
    const { timeline } = this.#setup;
    this.#toWorkerAt = this.#arrival(this.#toWorkerAt);
    const sent = this.#cloned(message);
    timeline.after(this.#toWorkerAt - timeline.elapsedMs, this.#life, () => {
      if (sent.kind === 'assign') this.#reach('assigned', `${sent.subtopology}-${sent.partition}`);
      if (sent.kind === 'drain') this.#reach('draining', this.#name);
      if (!this.#life.isOver) this.#handleInWorker(sent);
    });
  }

  onMessage(handle: (message: FromWorker) => void): void {
    this.#handleInParent = handle;
  }

  onEnd(handle: (end: ThreadEnd) => void): void {
    this.#handleEnd = handle;
  }

  async terminate(): Promise<void> {
    const { life, timeline } = this.#setup;
    await timeline.pause(this.#drawMs(2), life);
    this.#end({ kind: 'ended' });
  }

  /** A fault at a moment: between two events, so never in the middle of a record. */
  strike(action: 'kill' | 'heap' | 'zombie'): void {
    if (action === 'zombie') this.#becomeZombie();
    else this.#end(action === 'heap' ? { kind: 'heap' } : { kind: 'failed', message: 'killed by the simulation' });
  }

  step(): void {
    if (this.#life.isOver) throw gone();
    const { struck } = this.#setup;
    const at = this.#position.read();
    const record = `${at?.slot} ${at?.source} ${at?.offset}`;
    if (struck.has(record)) return;
    if (this.#reach('record', record)) struck.add(record);
    if (this.#life.isOver) throw gone();
  }

  die(end: 'failed' | 'heap'): never {
    if (!this.#life.isOver) {
      this.#setup.trace.add(`record-${end}`, () => this.#name);
      this.#end(end === 'heap' ? { kind: 'heap' } : { kind: 'failed', message: 'killed by its record' });
    }
    throw gone();
  }

  hang(): never {
    if (!this.#life.isOver) {
      this.#setup.trace.add('record-hangs', () => this.#name);
      this.#isHung = true;
      this.#position.freeze();
      this.#life.end();
    }
    throw gone();
  }

  #run(): void {
    const { timeline, createTopology, readersOf, random, randomForKeys, plan, taskOptions } = this.#setup;
    if (this.#reach('thread-started', this.#name) && this.#life.isOver) return;
    const life = this.#life;
    const openReader = readersOf(life);
    const port = {
      post: (message: FromWorker) => this.#postToParent(message),
      onMessage: (handle: (message: ToWorker) => void) => {
        this.#handleInWorker = handle;
      },
    };
    const worker = new Worker(port, {
      plan: planTopology(createTopology(this)),
      clock: timeline.clock(life),
      random: randomForKeys,
      position: this.#position,
      options: taskOptions,
      reportIntervalMs: REPORT_MS,
      memory: new SpoiledMemory({ bytesMin: 1, isShared: true }),
      openReader: () => {
        const reach = (point: ThreadPoint, where: string) => void this.#reach(point, where);
        const { slowReads, readMsMax } = plan;
        return new SimulatedReader({ reader: openReader(), life, timeline, random, slowReads, readMsMax, reach });
      },
      health: () => NO_HEALTH,
    });
    worker.start();
  }

  /** True when a fault struck. */
  #reach(point: ThreadPoint, where: string): boolean {
    // Nobody watches a zombie, and the dead reach nothing.
    if (!this.isWorking) return false;
    const action = this.#setup.board.reach(point, where);
    if (action === null) return false;
    if (action === 'crash') this.#setup.crash();
    else this.strike(action);
    return true;
  }

  #postToParent(message: FromWorker): void {
    if (this.#life.isOver) return;
    if (message.kind === 'commit') {
      const owner = message.transaction.ownership?.owner ?? '';
      this.#reach('commit-before', owner);
      this.#send(message);
      this.#reach('commit-after', owner);
    } else this.#send(message);
  }

  #send(message: FromWorker): void {
    if (this.#life.isOver) return;
    const { timeline, life } = this.#setup;
    const at = this.#arrival(this.#toParentAt);
    this.#toParentAt = at;
    const sent = this.#cloned(message);
    timeline.after(at - timeline.elapsedMs, life, () => {
      if (at > this.#lostAfter) return;
      if (!this.#isEndTold) this.#handleInParent(sent);
      else if (sent.kind === 'commit') this.#commitUnseen(sent);
    });
  }

  /** The main thread holds this thread for dead, but what it sent is on its way to the log. */
  #commitUnseen({ id, transaction }: Extract<FromWorker, { kind: 'commit' }>): void {
    this.#setup.trace.add('zombie-commit', () => `${this.#name} ${transaction.ownership?.owner}`);
    this.#setup.log.commit(transaction).then(
      (committed) => this.post({ kind: 'committed', id, committed }),
      (thrown: MsecError) =>
        this.post({ kind: 'commit-failed', id, error: { code: thrown.code, message: thrown.message } }),
    );
  }

  #becomeZombie(): void {
    this.#isZombie = true;
    this.#position.freeze();
    this.#tellEnd({ kind: 'failed', message: 'taken for dead' });
  }

  #end(end: ThreadEnd): void {
    if (this.#life.isOver && !this.#isHung) return;
    this.#isHung = false;
    this.#position.freeze();
    this.#life.end();
    // Of what is on its way, the first messages arrive before the end is told, and the rest never.
    const { timeline } = this.#setup;
    const latest = Math.max(timeline.elapsedMs, this.#toParentAt);
    this.#lostAfter = timeline.elapsedMs + this.#drawMs(latest - timeline.elapsedMs);
    this.#tellEnd(end);
  }

  #tellEnd(end: ThreadEnd): void {
    const { timeline, life } = this.#setup;
    const after = Number.isFinite(this.#lostAfter) ? this.#lostAfter : timeline.elapsedMs;
    timeline.after(after + this.#drawMs(2) - timeline.elapsedMs, life, () => {
      if (this.#isEndTold) return;
      this.#isEndTold = true;
      this.#setup.trace.add('thread-ended', () => `${this.#name} ${end.kind}`);
      this.#handleEnd(end);
    });
  }

  #arrival(before: number): number {
    const { timeline, plan } = this.#setup;
    return Math.max(timeline.elapsedMs + this.#drawMs(plan.messageMsMax), before + APART_MS);
  }

  #drawMs(max: number): number {
    return (this.#setup.random.u32() / 2 ** 32) * max;
  }

  #cloned<T extends ToWorker | FromWorker>(message: T): T {
    if (!this.#setup.plan.clonesMessages) return message;
    return structuredClone(message, { transfer: transferred(message) });
  }
}

/** Whoever still looks into memory that was given back finds nonsense there. */
class SpoiledMemory extends BatchMemory {
  override give(memory: ArrayBufferLike): void {
    new Uint8Array(memory).fill(0xa5);
    super.give(memory);
  }
}

function transferred(message: ToWorker | FromWorker): ArrayBuffer[] {
  if (message.kind === 'commit')
    return transferable((message.transaction.appends ?? []).map(({ bytes }) => bytes.buffer));
  return message.kind === 'committed' ? transferable(message.committed.spent ?? []) : [];
}

/** The worker's position, which stays as it was when the thread ended. */
class SimulatedPosition extends WorkerPosition {
  #isFrozen = false;

  freeze(): void {
    this.#isFrozen = true;
  }

  override enter(slot: number, source: number, offset: number): void {
    if (!this.#isFrozen) super.enter(slot, source, offset);
  }

  override leave(): void {
    if (!this.#isFrozen) super.leave();
  }
}
