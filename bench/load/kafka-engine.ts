/** The engine over Kafka with real threads, as the product starts it, for a benchmark's own process. */
import { mkdirSync } from 'node:fs';
import {
  type Engine,
  KAFKA_TASK_OPTIONS,
  LocalSnapshots,
  openKafkaLog,
  openKafkaShare,
  openLocalStore,
  planTopology,
  realThreads,
  schemasOf,
  startEngine,
  stateTopic,
  systemClock,
  type TaskOptions,
  type TopologyModule,
  type WorkerShared,
} from '../../engine/index.ts';

export interface KafkaEngineTask {
  readonly bootstrap: string;
  /** URL of a module whose default export makes the topology from `config`. */
  readonly topologyModule: string;
  readonly config: unknown;
  readonly workers: number;
  /** Of the tasks' copies of their state; null: none are kept. */
  readonly stateFolder: string | null;
  readonly options?: Partial<TaskOptions>;
  /** Absent: all partitions are this process's. Else it is a member of the application's group under a static name. */
  readonly member?: { readonly topic: string; readonly instanceId: string };
}

/** Ticks of idle partitions are for silent sensors. */
const NEVER = { everyMs: 2 ** 30, ticksMax: 0 };

export async function startKafkaEngine(
  task: KafkaEngineTask,
): Promise<{ readonly engine: Engine; close(): Promise<void> }> {
  const { bootstrap, topologyModule, config, workers, stateFolder, options, member } = task;
  const module = (await import(topologyModule)) as { default: TopologyModule };
  const definition = await module.default(config);
  const plan = planTopology(definition);
  const subjects = [...new Set(schemasOf(definition).map(({ subject }) => subject))];
  const log = await openKafkaLog({ bootstrap: [bootstrap], applicationId: plan.name });
  if (stateFolder !== null) mkdirSync(stateFolder, { recursive: true });
  const disk = stateFolder === null ? null : openLocalStore(stateFolder);
  const stages = plan.subtopologies.flatMap((subtopology) => subtopology.stages);
  const changelogs = stages.map(({ actor }) => stateTopic(plan.name, actor.name));
  const shared: WorkerShared = {
    topologyModule,
    config,
    schemaIds: subjects.map((subject, i) => [subject, i + 1]),
    log: { bootstrap: [bootstrap], applicationId: plan.name },
    options: { ...KAFKA_TASK_OPTIONS, ...options },
    reportIntervalMs: 1000,
  };
  // A benchmark's topics are made once, so that their names tell them apart.
  const names = Object.fromEntries(changelogs.map((name) => [name, name]));
  const localState = disk === null ? {} : { localState: { copies: new LocalSnapshots(disk), changelogs: names } };
  const entry = new URL('../../engine/runtime/worker-main.ts', import.meta.url);
  const reached = { bootstrap: [bootstrap], applicationId: plan.name };
  const share =
    member === undefined ? {} : { share: await openKafkaShare({ ...reached, ...member, protocol: 'classic' }) };
  const engine = await startEngine({
    ...share,
    log,
    plan,
    threads: realThreads({ entry, shared, heapMegabytesMax: 256, ...localState }),
    workers,
    clock: systemClock,
    emit: (name, event) => {
      if (name === 'workerEnded' || name === 'taskPaused') console.error(name, JSON.stringify(event));
    },
    idleTicks: NEVER,
    logUsage: () => ({ usedBytes: 0, quotaBytes: null, commits: 0, commitQueue: 0 }),
  });
  return {
    engine,
    async close() {
      await engine.drain();
      await log.close();
      await disk?.close();
    },
  };
}
