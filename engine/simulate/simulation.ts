/**
 * One run: a machine whose process crashes and comes back, and a client who asks until he is answered. Where there are
 * several processes, the log is a machine of its own, and they share its partitions. Nothing in it knows what the actors
 * are for; see `SimulationScenario`.
 */
import { MsecError, type Random, randomBelow, seededRandom } from '../base/index.ts';
import { EmbeddedLog, EmbeddedReader, LocalEnds, type Log, type LogReader } from '../log/index.ts';
import type { IdleTickOptions, SupervisorOptions, TaskOptions } from '../runtime/index.ts';
import { type Plan, planTopology, type TopologyDefinition } from '../topology/index.ts';
import { isAtRest } from './at-rest.ts';
import { FaultBoard } from './fault-board.ts';
import { drawFaults, type FaultAction, type FaultPlan } from './faults.ts';
import { drawKafkaPlan, SimulatedKafka } from './kafka/simulated-kafka.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedGroup } from './simulated-group.ts';
import { NO_THREAD, ProcessGone, type ProcessLog, SimulatedProcess } from './simulated-process.ts';
import type { ThreadWorld } from './simulated-threads.ts';
import { Life, Timeline } from './timeline.ts';
import { Trace } from './trace.ts';

export interface SimulationScenario {
  /** Default 1. */
  readonly processes?: number;
  readonly workers: number;
  readonly taskOptions: TaskOptions;
  readonly supervisor: Partial<SupervisorOptions>;
  readonly idleTicks: IdleTickOptions;
  readonly groupCommitMs: number;
  /** The log is the Kafka driver's, before a simulated broker, instead of the embedded one. */
  readonly kafka?: boolean;
  /** Within this time from the beginning faults may strike. */
  readonly horizonMs: number;
  /** Longer than this, and the run has failed. */
  readonly limitMs: number;
  /** A fresh topology for each thread, as real threads have one each. */
  createTopology(world: ThreadWorld, simulation: Simulation): TopologyDefinition;
  /** What the outside does; the run ends when it returns. */
  client(simulation: Simulation): Promise<void>;
  /** Stands around the log: how a test plants a fault. */
  wrapLog?(log: Log): Log;
}

const RESTART_MS_MAX = 200;
const RETRY_MS = 20;
const LOOK_MS = 20;
const LOOK_MS_MAX = 200;
const SESSION_MS = 300;
const HEARTBEAT_MS = 50;

export class Simulation {
  readonly seed: number;
  /** The scenario's own; draws nothing that the machine's would. */
  readonly random: Random;
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly faults: FaultPlan;
  readonly #scenario: SimulationScenario;
  readonly #machineRandom: Random;
  readonly #board: FaultBoard;
  readonly #disk: SimulatedDisk;
  readonly #world = new Life();
  readonly #struck = new Set<string>();
  readonly #randomForKeys: Random;
  /** Null: between two lives. */
  readonly #processes: (SimulatedProcess | null)[];
  readonly #isShared: boolean;
  readonly #kafka: SimulatedKafka | null;
  #server: ProcessLog | null = null;
  #group: SimulatedGroup | null = null;
  #plan: Plan | null = null;

  constructor(seed: number, scenario: SimulationScenario, keepsTrace = false) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.#machineRandom = seededRandom(this.random.u32());
    this.#randomForKeys = sharedBytes;
    this.timeline = new Timeline(seededRandom(this.random.u32()));
    this.trace = new Trace(this.timeline, keepsTrace);
    this.faults = drawFaults(seededRandom(this.random.u32()), scenario.horizonMs);
    this.#scenario = scenario;
    this.#processes = new Array(scenario.processes ?? 1).fill(null);
    this.#isShared = this.#processes.length > 1;
    this.#board = new FaultBoard(this.faults, this.trace);
    this.#disk = new SimulatedDisk(this.faults, this.#machineRandom, this.timeline, this.#board, this.trace);
    this.#kafka = scenario.kafka === true ? this.#openKafka() : null;
  }

  async run(): Promise<void> {
    this.#scheduleFaults();
    for (const index of this.#processes.keys()) this.#boot(index);
    if (this.#isShared) this.#scheduleChanges();
    let isDone = false;
    let failure: { readonly thrown: unknown } | null = null;
    this.#scenario.client(this).then(
      () => {
        isDone = true;
      },
      (thrown: unknown) => {
        failure = { thrown };
      },
    );
    await this.timeline.run(() => isDone || failure !== null, this.#scenario.limitMs);
    this.#world.end();
    for (const process of this.#processes) process?.end();
    if (failure !== null) throw (failure as { thrown: unknown }).thrown;
  }

  get isOver(): boolean {
    return this.#world.isOver;
  }

  pause(ms: number): Promise<void> {
    return this.timeline.pause(ms, this.#world);
  }

  /** Asks the process that runs, or the next one. Rejects when it dies before it answers: then nobody knows. */
  async ask<T>(question: (process: SimulatedProcess) => Promise<T>): Promise<T> {
    for (;;) {
      const process = this.#any(({ isFrozen }) => !isFrozen);
      if (process !== undefined) return process.ask(question);
      await this.pause(RETRY_MS);
    }
  }

  /** As `ask`, and asks again after a death or a refusal that may pass: the question may have its effect many times. */
  async askUntilAnswered<T>(question: (process: SimulatedProcess) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.ask(question);
      } catch (thrown) {
        const mayPass = thrown instanceof ProcessGone || (thrown instanceof MsecError && isPassing(thrown));
        if (!mayPass) throw thrown;
        await this.pause(RETRY_MS);
      }
    }
  }

  /** Resolves when every input of every task is committed to its end, at one moment. */
  async comesToRest(): Promise<void> {
    for (let looks = 1; ; looks++) {
      const isResting = await this.askUntilAnswered(async (process) => {
        await process.started;
        if (this.#kafka?.hasOpenTransactions === true) return false;
        this.#plan ??= planTopology(this.#scenario.createTopology(NO_THREAD, this));
        return isAtRest(this.#plan, process.reader);
      });
      if (isResting) return;
      await this.pause(Math.min(looks * LOOK_MS, LOOK_MS_MAX));
    }
  }

  /** Ends the processes in order: everything is committed when it resolves. A crash meanwhile counts as an end too. */
  async drain(): Promise<void> {
    for (const process of this.#processes) {
      if (process === null) continue;
      try {
        await process.ask(async () => (await process.started).drain());
      } catch (thrown) {
        if (!(thrown instanceof ProcessGone)) throw thrown;
      }
    }
  }

  /** Reads what is on the disk now, without a process. */
  async inspect(): Promise<LogReader> {
    if (this.#kafka !== null) return this.#kafka.openReader();
    const ends = new LocalEnds();
    const clock = this.timeline.clock(this.#world);
    // Opening a log is what finds the ends; it is closed at once, or it would be a second writer.
    await new EmbeddedLog(this.#disk.peek(), ends, clock).close();
    return new EmbeddedReader(this.#disk.peek(), ends, clock);
  }

  #boot(index: number): void {
    const scenario = this.#scenario;
    this.trace.add('boot', () => (this.#isShared ? `${index}` : ''));
    this.#processes[index] = new SimulatedProcess({
      timeline: this.timeline,
      random: this.#machineRandom,
      randomForKeys: this.#randomForKeys,
      board: this.#board,
      plan: this.faults,
      trace: this.trace,
      struck: this.#struck,
      workers: scenario.workers,
      taskOptions: scenario.taskOptions,
      supervisor: scenario.supervisor,
      idleTicks: scenario.idleTicks,
      createTopology: (world) => scenario.createTopology(world, this),
      openLog: (life, crash) => this.#openLogOf(life, crash),
      openShare: (life) => (this.#isShared ? this.#openGroup().openShare(life) : null),
      crashed: () => {
        this.#processes[index] = null;
        if (this.#world.isOver) return;
        this.timeline.after(1 + randomBelow(this.#machineRandom, RESTART_MS_MAX), this.#world, () => this.#boot(index));
      },
    });
  }

  #openLogOf(life: Life, crash: () => void): ProcessLog {
    if (this.#kafka !== null) return this.#kafka.open(life, this.#scenario.wrapLog);
    return this.#isShared ? this.#openServer() : this.#openLog(life, life, crash);
  }

  #openKafka(): SimulatedKafka {
    const random = this.#machineRandom;
    const plan = drawKafkaPlan(random, this.#scenario.horizonMs);
    return new SimulatedKafka(plan, random, this.timeline, this.#world, this.trace);
  }

  #openLog(life: Life, wire: Life, crash: () => void): ProcessLog {
    const { groupCommitMs, wrapLog } = this.#scenario;
    const clock = this.timeline.clock(life);
    const store = this.#disk.open(life, crash);
    const ends = new LocalEnds();
    const log = new EmbeddedLog(store, ends, clock, { groupCommitMs });
    const openReader = () => new EmbeddedReader(store, ends, clock);
    return {
      log: wrapLog?.(log) ?? log,
      wire,
      openReader,
      readersOf: () => openReader,
      crashed: () => this.#disk.crash(),
    };
  }

  /** The log on a machine of its own. It does not crash; a fault of its disk strikes one of those who use it. */
  #openServer(): ProcessLog {
    const crash = () => this.#any()?.crash();
    this.#server ??= { ...this.#openLog(this.#world, this.#world, crash), crashed: () => {} };
    return this.#server;
  }

  #openGroup(): SimulatedGroup {
    this.#group ??= new SimulatedGroup({
      timeline: this.timeline,
      random: this.#machineRandom,
      trace: this.trace,
      world: this.#world,
      partitions: planTopology(this.#scenario.createTopology(NO_THREAD, this)).partitions,
      sessionMs: SESSION_MS,
      heartbeatMs: HEARTBEAT_MS,
      messageMsMax: this.faults.messageMsMax,
    });
    return this.#group;
  }

  /** Partitions change hands, and processes stand still: some long enough to be given up by the others. */
  #scheduleChanges(): void {
    const random = this.#machineRandom;
    const { horizonMs } = this.#scenario;
    for (let i = randomBelow(random, 12); i > 0; i--)
      this.timeline.after(randomBelow(random, horizonMs), this.#world, () => this.#group?.shuffle());
    for (let i = randomBelow(random, 4); i > 0; i--) {
      const forMs = 1 + randomBelow(random, 4 * SESSION_MS);
      this.timeline.after(randomBelow(random, horizonMs), this.#world, () => this.#any()?.freeze(forMs));
    }
  }

  #any(isEligible: (process: SimulatedProcess) => boolean = () => true): SimulatedProcess | undefined {
    const alive = this.#processes.filter((process) => process !== null && isEligible(process));
    // A single process must draw nothing.
    return (alive.length < 2 ? alive[0] : alive[randomBelow(this.#machineRandom, alive.length)]) ?? undefined;
  }

  #scheduleFaults(): void {
    for (const fault of this.faults.faults) {
      if (fault.at === 'time') this.timeline.after(fault.ms, this.#world, () => this.#strike(fault.action));
      if (fault.at !== 'disk') continue;
      this.timeline.after(fault.ms, this.#world, () => this.#disk.trouble(fault.trouble));
      this.timeline.after(fault.ms + fault.forMs, this.#world, () => this.#disk.trouble(null));
    }
  }

  #strike(action: FaultAction): void {
    const process = this.#any();
    if (process === undefined) return;
    this.trace.add(`${action}@time`, () => '');
    if (action === 'crash') process.crash();
    else process.threads.any()?.strike(action);
  }
}

function isPassing({ code, retriable }: MsecError): boolean {
  return retriable || code === 'CLOSED';
}

/** Secrets of hash tables, which no result depends on; drawn once, because filling 36 KB for each task would take a third of a run. */
const poolOfBytes = seededRandom(1).bytes(64 * 1024);
const sharedBytes: Random = {
  u32: () => 0,
  bytes: (length) => poolOfBytes.subarray(0, length),
};
