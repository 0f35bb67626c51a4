/**
 * The operator's main job on a log of its own: actors, partitions, workers and log driver as configured; no bridges, no
 * page, no fleet. Nothing of theirs is opened: another folder, another application, other topics.
 */
import { randomBytes } from 'node:crypto';
import {
  type Clock,
  deleteKafkaTopics,
  type Engine,
  type EngineEvents,
  type EventName,
  type FromWorker,
  KAFKA_TASK_OPTIONS,
  type Log,
  MsecError,
  type Plan,
  realThreads,
  schemasOf,
  startEngine,
  stateTopic,
  TASK_OPTIONS,
  type TaskOptions,
  type ToWorker,
  type WorkerInit,
  type WorkerShared,
} from '../../engine/index.ts';
import { deviceRegistryConfig } from '../../schemas/topics/index.ts';
import {
  cityJobConfig,
  isOnKafka,
  kafkaSettings,
  openCityLog,
  WORKER_HEAP_MEGABYTES,
  workersOf,
} from '../city/index.ts';
import type { Config } from '../config/index.ts';
import { prefixedLog } from './prefixed-log.ts';
import { makeScratch, type Scratch } from './scratch-folder.ts';
import { type ScratchTopology, scratchPlan, scratchTopology } from './scratch-topology.ts';
import type { ThreadProfile } from './thread-profile.ts';

export interface ScratchOptions {
  readonly config: Config;
  /** Folder in which the scratch folder is made; null: beside the data folder. */
  readonly place: string | null;
  readonly clock: Clock;
  readonly profile: ThreadProfile | null;
}

export interface ScratchJob {
  readonly plan: Plan;
  readonly config: Config;
  readonly workers: number;
  readonly isOnKafka: boolean;
  /** Of the day keys and whatever else the load needs. */
  readonly keysFolder: string;
  /** Without the prefix: as if it were the operator's. */
  readonly log: Log;
  readonly prefix: string;
  readonly options: TaskOptions;
  readonly engine: Engine;
  /** What has gone wrong so far: workers that ended, tasks that pause. */
  troubles(): readonly string[];
  /** Drains, closes, and removes folder and topics. */
  close(): Promise<void>;
}

const SUFFIX = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const WORKER_ENTRY = new URL(`../../engine/runtime/worker-main.${SUFFIX}`, import.meta.url);
const TOPOLOGY_MODULE = new URL(`./scratch-topology.${SUFFIX}`, import.meta.url);
const TROUBLES_MAX = 5;

/** `prepare` fills the log with what must be there before the engine runs: devices. */
export async function openScratchJob(
  options: ScratchOptions,
  prepare: (log: Log, plan: Plan, config: Config, keysFolder: string) => Promise<void>,
): Promise<ScratchJob> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    let failure: unknown;
    for (let step = closers.pop(); step !== undefined; step = closers.pop()) {
      try {
        await step();
      } catch (error) {
        // What comes after must be removed all the same; the first failure is told.
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  };
  try {
    return await open(options, prepare, closers, close);
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

async function open(
  { config: live, place, clock, profile }: ScratchOptions,
  prepare: Parameters<typeof openScratchJob>[1],
  closers: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<ScratchJob> {
  const scratch: Scratch = makeScratch(live.data, place);
  closers.push(() => scratch.remove());
  const { folder } = scratch;
  const application = `msec-load-${randomBytes(4).toString('hex')}`;
  const prefix = `${application}.`;
  const config: Config = { ...live, data: folder.path, 'keys.folder': null, 'kafka.applicationId': application };
  const troubles: string[] = [];
  const trouble = (says: string) => {
    if (troubles.length < TROUBLES_MAX && !troubles.includes(says)) troubles.push(says);
  };
  const emit = <N extends EventName>(name: N, event: EngineEvents[N]) => {
    if (name === 'workerEnded') trouble(`a worker ended: ${(event as EngineEvents['workerEnded']).because}`);
    if (name === 'taskPaused') trouble(`a task pauses: ${(event as EngineEvents['taskPaused']).because}`);
  };
  const cityLog = await openCityLog(config, folder, clock, emit);
  closers.push(() => cityLog.close());

  const topology: ScratchTopology = { job: cityJobConfig(config, folder), application, prefix, profile };
  const definition = await scratchTopology(topology);
  const plan = scratchPlan(definition);
  const log = prefixedLog(cityLog.log, prefix);
  if (isOnKafka(config)) closers.push(() => removeTopics(config, cityLog.log, prefix));
  await cityLog.log.createTopics(plan.topics);
  await log.createTopics([deviceRegistryConfig(plan.partitions)]);
  await prepare(log, plan, config, folder.keys);

  const changelogs = plan.subtopologies.flatMap(({ stages }) =>
    stages.map(({ actor }) => stateTopic(plan.name, actor.name)),
  );
  const localState = await cityLog.localState?.(changelogs);
  const subjects = [...new Set(schemasOf(definition).map(({ subject }) => subject))];
  const taskOptions = isOnKafka(config) ? KAFKA_TASK_OPTIONS : TASK_OPTIONS;
  const shared: WorkerShared = {
    topologyModule: TOPOLOGY_MODULE.href,
    config: topology,
    // Nobody reads these records, so no registry needs to know their schemas.
    schemaIds: subjects.map((subject, i) => [subject, i + 1]),
    log: cityLog.readers,
    options: taskOptions,
    reportIntervalMs: 1_000,
  };
  const threads = realThreads<WorkerInit, ToWorker, FromWorker>({
    entry: WORKER_ENTRY,
    shared,
    heapMegabytesMax: WORKER_HEAP_MEGABYTES,
    ...(localState === undefined ? {} : { localState }),
  });
  const workers = workersOf(config);
  const engine = await startEngine({ log: cityLog.log, plan, threads, workers, clock, emit, logUsage: cityLog.usage });
  closers.push(() => engine.drain());
  return {
    ...{ plan, config, workers, log, prefix, engine, close },
    isOnKafka: isOnKafka(config),
    keysFolder: folder.keys,
    options: taskOptions,
    troubles: () => troubles,
  };
}

async function removeTopics(config: Config, log: Log, prefix: string): Promise<void> {
  const topics = await log.describe();
  const names = topics.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  try {
    await deleteKafkaTopics(kafkaSettings(config, process.env.MSEC_KAFKA_PASSWORD), names);
  } catch (cause) {
    throw new MsecError(
      'DEPENDENCY_DOWN',
      `The topics of the load test could not be removed from the cluster; their names begin with ${prefix}`,
      { cause },
    );
  }
}
