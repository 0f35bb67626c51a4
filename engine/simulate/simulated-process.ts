/**
 * One life of a process: the real engine over simulated threads and a log, which is its own or stands elsewhere. It ends
 * in a crash, or by draining; what is on the disk stays.
 */
import type { Random } from '../base/index.ts';
import type { Log, LogReader, PartitionShare } from '../log/index.ts';
import {
  type Engine,
  type IdleTickOptions,
  type SupervisorOptions,
  startEngine,
  type TaskOptions,
} from '../runtime/index.ts';
import { planTopology, type TopologyDefinition } from '../topology/index.ts';
import type { FaultBoard } from './fault-board.ts';
import type { FaultPlan } from './faults.ts';
import { SimulatedLog } from './simulated-log.ts';
import { SimulatedThreads, type ThreadWorld } from './simulated-threads.ts';
import { Life, type Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';

/** The log as a process finds it. */
export interface ProcessLog {
  readonly log: Log;
  readonly wire: Life;
  /** For what looks at the log from outside: each call is answered within one event. */
  openReader(): LogReader;
  /** Called once for each thread, with its life; what it gives opens the readers of its tasks. */
  readersOf(life: Life): () => LogReader;
  /** The process has crashed. */
  crashed(): void;
}

export interface ProcessSetup {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly randomForKeys: Random;
  readonly board: FaultBoard;
  readonly plan: FaultPlan;
  readonly trace: Trace;
  readonly struck: Set<string>;
  readonly workers: number;
  readonly taskOptions: TaskOptions;
  readonly supervisor: Partial<SupervisorOptions>;
  readonly idleTicks: IdleTickOptions;
  createTopology(world: ThreadWorld): TopologyDefinition;
  openLog(life: Life, crash: () => void): ProcessLog;
  /** Null: every partition is this process's. */
  openShare(life: Life): PartitionShare | null;
  crashed(): void;
}

/** In the main thread actors are only planned, never run. */
export const NO_THREAD: ThreadWorld = {
  step: () => {},
  die: () => {
    throw new Error('no actor runs in the main thread');
  },
  hang: () => {
    throw new Error('no actor runs in the main thread');
  },
};

export class SimulatedProcess {
  readonly log: Log;
  /** For what looks at the log from outside, in one go. */
  readonly reader: LogReader;
  readonly threads: SimulatedThreads;
  /** Resolves when every task was handed out; never, when the process dies before. */
  readonly started: Promise<Engine>;
  readonly #life = new Life();
  readonly #setup: ProcessSetup;
  readonly #death = Promise.withResolvers<never>();
  readonly #place: ProcessLog;

  constructor(setup: ProcessSetup) {
    const { timeline, random, plan, board, trace } = setup;
    const life = this.#life;
    this.#setup = setup;
    this.#death.promise.catch(() => {});
    const clock = timeline.clock(life);
    const crash = () => this.crash();
    const place = setup.openLog(life, crash);
    this.#place = place;
    this.reader = place.openReader();
    const { commitMsMax } = plan;
    this.log = new SimulatedLog({ ...place, life, timeline, random, board, trace, commitMsMax, crash });
    const { log } = this;
    this.threads = new SimulatedThreads({ ...setup, life, log, readersOf: (thread) => place.readersOf(thread), crash });
    const share = setup.openShare(life);
    this.started = life.gate(
      startEngine({
        log,
        plan: planTopology(setup.createTopology(NO_THREAD)),
        threads: this.threads,
        workers: setup.workers,
        clock,
        emit: (name, event) => trace.add(name, () => JSON.stringify(event)),
        supervisor: setup.supervisor,
        idleTicks: setup.idleTicks,
        ...(share === null ? {} : { share }),
        logUsage: () => ({ usedBytes: 0, quotaBytes: null, commits: 0, commitQueue: 0 }),
      }),
    );
    // Who starts the engine ends when that fails (a full disk, say), and is started again.
    this.started.catch((thrown: Error) => {
      trace.add('start-failed', () => thrown.message);
      crash();
    });
  }

  get isOver(): boolean {
    return this.#life.isOver;
  }

  /** Stands still: it neither asks nor answers. */
  freeze(ms: number): void {
    this.#setup.trace.add('freeze', () => `${Math.round(ms)} ms`);
    this.#life.freeze(this.#setup.timeline, ms);
  }

  get isFrozen(): boolean {
    return this.#life.thawMs > this.#setup.timeline.elapsedMs;
  }

  openReader(): LogReader {
    return this.#place.openReader();
  }

  /** What a client asks of the process; rejects with `ProcessGone` when it dies before it has answered. */
  ask<T>(question: (process: SimulatedProcess) => Promise<T>): Promise<T> {
    return Promise.race([question(this), this.#death.promise]);
  }

  crash(): void {
    if (this.#life.isOver) return;
    this.#setup.trace.add('crash', () => '');
    this.#place.crashed();
    this.end();
  }

  /** What is still scheduled does not happen. */
  end(): void {
    if (this.#life.isOver) return;
    this.#life.end();
    this.#death.reject(new ProcessGone());
    this.#setup.crashed();
  }
}

export class ProcessGone extends Error {
  constructor() {
    super('the process has died before it answered');
    this.name = 'ProcessGone';
  }
}
