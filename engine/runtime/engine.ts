/**
 * The engine as its users start it: topics, workers and tasks over a log, its status, and an orderly end. Everything it
 * touches comes in through ports, so the simulator starts the same engine.
 */
import type { Clock } from '../base/index.ts';
import type { Log, PartitionShare } from '../log/index.ts';
import type { Emit, EngineStatus } from '../observe/index.ts';
import type { Plan } from '../topology/index.ts';
import { backlogOf } from './backlog.ts';
import { IDLE_TICK_OPTIONS, type IdleTickOptions, IdleTicks } from './idle-ticks.ts';
import { SUPERVISOR_OPTIONS, Supervisor, type SupervisorOptions, type WorkerThreads } from './supervisor.ts';

export interface EngineSetup {
  readonly log: Log;
  readonly plan: Plan;
  readonly threads: WorkerThreads;
  readonly workers: number;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly supervisor?: Partial<SupervisorOptions>;
  readonly idleTicks?: IdleTickOptions;
  /** Which partitions are this process's; absent: all. The engine starts and closes it. */
  readonly share?: PartitionShare;
  /** What the log driver knows beyond its topics. */
  logUsage(): EngineStatus['log'];
}

export interface Engine {
  status(): Promise<EngineStatus>;
  /** Whether the partition is this process's now. */
  isHere(partition: number): boolean;
  /** Commits what was begun and ends the workers; the log stays open. */
  drain(): Promise<void>;
}

/** Resolves when every task runs that is this process's. */
export async function startEngine(setup: EngineSetup): Promise<Engine> {
  const { log, plan, clock, emit, share } = setup;
  const startedAt = clock.now();
  await log.createTopics(plan.topics);
  const options = { ...SUPERVISOR_OPTIONS, ...setup.supervisor };
  const all = Array.from({ length: plan.partitions }, (_, partition) => partition);
  const placed = share === undefined ? { backlog: await backlogOf(setup, all) } : { partitions: [] };
  const supervisor = new Supervisor({ ...setup, options, ...placed });
  const ticks = new IdleTicks(log, plan, clock, setup.idleTicks ?? IDLE_TICK_OPTIONS, (partition) =>
    supervisor.isHere(partition),
  );
  // A cluster may hold much more than the plan.
  const names = plan.topics.map(({ name }) => name);
  let state: EngineStatus['state'] = 'starting';
  await supervisor.start();
  if (share !== undefined) await join(share, supervisor, setup);
  ticks.start();
  state = 'running';
  emit('engineRunning', {
    tasks: supervisor.tasks().filter((task) => task.state !== 'elsewhere').length,
    workers: setup.workers,
    tookMs: clock.now() - startedAt,
  });
  return {
    async status() {
      const topics = await log.describe(names);
      return {
        state,
        startedAt,
        tasks: supervisor.tasks(),
        workers: supervisor.workers(),
        topics: topics.map(({ name, partitions, bounds, bytes }) => ({
          topic: name,
          partitions,
          start: bounds.map(({ start }) => start),
          end: bounds.map(({ end }) => end),
          bytes,
        })),
        log: setup.logUsage(),
      };
    },
    isHere: (partition) => supervisor.isHere(partition),
    async drain() {
      const before = clock.now();
      state = 'draining';
      await ticks.close();
      // The others take over as soon as this process leaves: by then everything is committed.
      await supervisor.drain();
      await share?.close();
      state = 'stopped';
      emit('engineStopped', { tookMs: clock.now() - before });
    },
  };
}

async function join(share: PartitionShare, supervisor: Supervisor, setup: EngineSetup): Promise<void> {
  const { emit } = setup;
  let before: readonly number[] = [];
  let losses = 0;
  try {
    await share.start({
      async change(partitions) {
        const taken = partitions.filter((partition) => !before.includes(partition)).length;
        const given = before.length - (partitions.length - taken);
        before = partitions;
        emit('partitionsChanged', { partitions: partitions.length, taken, given });
        const lossesBefore = losses;
        const backlog = await backlogOf(setup, taken > 0 ? partitions : []);
        if (losses === lossesBefore) await supervisor.setPartitions(partitions, backlog);
      },
      lost(because) {
        before = [];
        losses++;
        emit('partitionsLost', { because });
        supervisor.losePartitions();
      },
    });
  } catch (thrown) {
    await supervisor.drain();
    throw thrown;
  }
  await supervisor.running();
}
