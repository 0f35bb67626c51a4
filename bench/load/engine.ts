/** Starts the engine on a log with real threads, as the product does, for a benchmark's own process. */
import {
  type Engine,
  type EngineEvents,
  type EventName,
  type LocalState,
  type Log,
  type LogReaderDescriptor,
  type PartitionShare,
  type Plan,
  planTopology,
  realThreads,
  type SupervisorOptions,
  schemasOf,
  startEngine,
  systemClock,
  TASK_OPTIONS,
  type TopicConfig,
  type WorkerShared,
  type WorkerThreads,
} from '../../engine/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import { type BenchTopology, benchTopology } from './topology.ts';

export interface EngineOptions {
  readonly topology: BenchTopology;
  readonly workers: number;
  readonly supervisor?: Partial<SupervisorOptions>;
  readonly heapMegabytesMax?: number;
  readonly reportIntervalMs?: number;
  /** Another retention than the product's. */
  readonly configOf?: (topic: TopicConfig) => TopicConfig;
  /** Where workers keep copies of their state, once the changelogs exist. */
  readonly localState?: (changelogs: readonly string[]) => Promise<LocalState>;
  /** Which partitions this process works on; absent: all. */
  readonly share?: PartitionShare;
  /** Stands between the engine and its threads; for tests that hurt them. */
  readonly wrapThreads?: (threads: WorkerThreads) => WorkerThreads;
  readonly emit?: <N extends EventName>(name: N, event: EngineEvents[N]) => void;
}

export interface BenchEngine {
  readonly engine: Engine;
  readonly plan: Plan;
  /** Under which the frames' offsets are committed. */
  readonly group: string;
}

/** Ticks of idle partitions would move the ends that runs are measured by. */
const NEVER = { everyMs: 2 ** 30, ticksMax: 0 };

/** `log` may stand in front of the one that the descriptor leads to. */
export async function startBenchEngine(
  log: Log,
  descriptor: LogReaderDescriptor,
  options: EngineOptions,
): Promise<BenchEngine> {
  const { topology, workers, supervisor, heapMegabytesMax = 256, reportIntervalMs = 1000, emit = () => {} } = options;
  const { wrapThreads = (threads: WorkerThreads) => threads } = options;
  const definition = await benchTopology(topology);
  const planned = planTopology(definition);
  const { configOf = (topic: TopicConfig) => topic } = options;
  const plan = { ...planned, topics: planned.topics.map(configOf) };
  if (options.localState !== undefined) await log.createTopics(plan.topics);
  const changelogs = plan.topics.map(({ name }) => name).filter((name) => name.endsWith('.state'));
  const localState = await options.localState?.(changelogs);
  const subjects = [...new Set(schemasOf(definition).map(({ subject }) => subject))];
  const shared: WorkerShared = {
    topologyModule: new URL('./topology.ts', import.meta.url).href,
    config: topology,
    schemaIds: subjects.map((subject, i) => [subject, i + 1]),
    log: descriptor,
    options: TASK_OPTIONS,
    reportIntervalMs,
  };
  const entry = new URL('../../engine/runtime/worker-main.ts', import.meta.url);
  const engine = await startEngine({
    log,
    plan,
    threads: wrapThreads(
      realThreads({ entry, shared, heapMegabytesMax, ...(localState === undefined ? {} : { localState }) }),
    ),
    workers,
    clock: systemClock,
    emit,
    idleTicks: NEVER,
    ...(supervisor === undefined ? {} : { supervisor }),
    ...(options.share === undefined ? {} : { share: options.share }),
    logUsage: () => ({ usedBytes: 0, quotaBytes: null, commits: 0, commitQueue: 0 }),
  });
  const group = plan.subtopologies.find(({ sources }) =>
    sources.some(({ topic }) => topic.name === DEVICE_FRAMES),
  )!.group;
  return { engine, plan, group };
}
