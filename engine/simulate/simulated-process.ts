/**
 * One life of the process: the real log over the simulated disk, and the real engine over simulated threads. It ends in
 * a crash, or by draining; the disk stays.
 */
import type { Random } from '../base/index.ts';
import { EmbeddedLog, EmbeddedReader, LocalEnds, type Log, type LogReader } from '../log/index.ts';
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
import type { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedLog } from './simulated-log.ts';
import { SimulatedThreads, type ThreadWorld } from './simulated-threads.ts';
import { Life, type Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';

export interface ProcessSetup {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly randomForKeys: Random;
  readonly board: FaultBoard;
  readonly plan: FaultPlan;
  readonly trace: Trace;
  readonly disk: SimulatedDisk;
  readonly struck: Set<string>;
  readonly workers: number;
  readonly taskOptions: TaskOptions;
  readonly supervisor: Partial<SupervisorOptions>;
  readonly idleTicks: IdleTickOptions;
  readonly groupCommitMs: number;
  createTopology(world: ThreadWorld): TopologyDefinition;
  /** Stands around the log, below whatever delays commits: how tests plant a fault. */
  wrapLog(log: Log): Log;
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
  readonly #openReader: () => LogReader;

  constructor(setup: ProcessSetup) {
    const { timeline, random, plan, board, trace, disk } = setup;
    const life = this.#life;
    this.#setup = setup;
    this.#death.promise.catch(() => {});
    const clock = timeline.clock(life);
    const crash = () => this.crash();
    const store = disk.open(life, crash);
    const ends = new LocalEnds();
    const embedded = setup.wrapLog(new EmbeddedLog(store, ends, clock, { groupCommitMs: setup.groupCommitMs }));
    this.#openReader = () => new EmbeddedReader(store, ends, clock);
    this.reader = this.#openReader();
    const { commitMsMax } = plan;
    this.log = new SimulatedLog({ log: embedded, life, timeline, random, board, trace, commitMsMax, crash });
    const { log } = this;
    this.threads = new SimulatedThreads({ ...setup, life, log, openReader: this.#openReader, crash });
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

  openReader(): LogReader {
    return this.#openReader();
  }

  /** What a client asks of the process; rejects with `ProcessGone` when it dies before it has answered. */
  ask<T>(question: (process: SimulatedProcess) => Promise<T>): Promise<T> {
    return Promise.race([question(this), this.#death.promise]);
  }

  crash(): void {
    if (this.#life.isOver) return;
    this.#setup.trace.add('crash', () => '');
    this.#setup.disk.crash();
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
