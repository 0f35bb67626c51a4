/**
 * The engine as its users start it: topics, workers and tasks over a log, its status, and an orderly end. Everything it
 * touches comes in through ports, so the simulator starts the same engine.
 */
import type { Clock } from '../base/index.ts';
import type { Log } from '../log/index.ts';
import type { Emit, EngineStatus } from '../observe/index.ts';
import type { Plan } from '../topology/index.ts';
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
  /** What the log driver knows beyond its topics. */
  logUsage(): EngineStatus['log'];
}

export interface Engine {
  status(): Promise<EngineStatus>;
  /** Commits what was begun and ends the workers; the log stays open. */
  drain(): Promise<void>;
}

/** Resolves when every task runs. */
export async function startEngine(setup: EngineSetup): Promise<Engine> {
  const { log, plan, clock, emit } = setup;
  const startedAt = clock.now();
  await log.createTopics(plan.topics);
  const supervisor = new Supervisor({ ...setup, options: { ...SUPERVISOR_OPTIONS, ...setup.supervisor } });
  const ticks = new IdleTicks(log, plan, clock, setup.idleTicks ?? IDLE_TICK_OPTIONS);
  // A cluster may hold much more than the plan.
  const names = plan.topics.map(({ name }) => name);
  let state: EngineStatus['state'] = 'starting';
  await supervisor.start();
  ticks.start();
  state = 'running';
  emit('engineRunning', {
    tasks: supervisor.tasks().length,
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
    async drain() {
      const before = clock.now();
      state = 'draining';
      await ticks.close();
      await supervisor.drain();
      state = 'stopped';
      emit('engineStopped', { tookMs: clock.now() - before });
    },
  };
}
