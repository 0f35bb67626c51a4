/**
 * The main job, put together: log → registry → engine → devices → bridges → files → fleet, and the console over all of
 * it. What starts in one order ends in the other: nothing new comes in, then what is in is finished, then it closes.
 */
import { availableParallelism } from 'node:os';
import type { Console } from '../../console/index.ts';
import {
  type Clock,
  type Emit,
  type Engine,
  type FromWorker,
  KAFKA_TASK_OPTIONS,
  type Log,
  type Plan,
  RecordAppender,
  realThreads,
  type SchemaDeclaration,
  schemasOf,
  startEngine,
  stateTopic,
  TASK_OPTIONS,
  type ToWorker,
  type WorkerInit,
  type WorkerShared,
} from '../../engine/index.ts';
import { type RegistryServer, registryServer, SchemaRegistry } from '../../engine/registry/index.ts';
import {
  DEVICE_FRAMES,
  DEVICE_QUARANTINE,
  DEVICE_VERIFIED,
  deviceDecisionsConfig,
  deviceRegistryConfig,
  deviceTopics,
  recommendationSchemas,
  recommendationTopicConfigs,
} from '../../schemas/topics/index.ts';
import { RETURNS_GROUP } from '../../services/attestation/index.ts';
import { DeviceService } from '../../services/devices/index.ts';
import { type MainJobConfig, mainJobTopology } from '../../services/main-job/index.ts';
import { ensureLogKey } from '../../services/trust-audit/index.ts';
import type { Config, SettingName } from '../config/index.ts';
import { keylessNote, startAttestation } from './attestation.ts';
import { type Bridges, openBridges } from './bridges.ts';
import { watchChecksums } from './checksum-watch.ts';
import { attachConsole } from './city-console.ts';
import { type CityLog, openCityLog } from './city-log.ts';
import { cityFrameTypes, cityJobConfig, cityPlan } from './city-plan.ts';
import { type DataFolder, makeDataFolder } from './data-folder.ts';
import { rulesNote, startCapture } from './detection.ts';
import { type FileSinks, openFileSinks } from './files.ts';
import { startCityFleet } from './fleet.ts';
import { heldFramesOf } from './held-frames.ts';
import { openIdsRules } from './ids-rules.ts';
import { isOnKafka } from './kafka-settings.ts';
import { careForKeys, destroyOverdueWithoutLog, openDayKeys } from './key-care.ts';
import { claimKeysFolder, SHARED_TOPIC } from './keys-folder.ts';
import { listenOn } from './listen.ts';
import { keepsTrust, openRecommendations } from './recommendations.ts';
import { announcePlaces } from './reputation.ts';
import { SCHEMAS_TOPIC, topicSchemaLog } from './schema-topic.ts';
import { openSyslog } from './syslog.ts';

export interface CityOptions {
  readonly config: Config;
  /** Settings that the user chose: their ports do not move. */
  readonly set: ReadonlySet<SettingName>;
  readonly folder: DataFolder;
  readonly clock: Clock;
  readonly emit: Emit;
}

export interface City {
  readonly bridges: Bridges;
  /** Address of the schema registry; null where it does not answer. */
  readonly registry: string | null;
  readonly hasFleet: boolean;
  readonly files: FileSinks | null;
  readonly workers: number;
  /** Why frames of devices without an attestation key come to nothing; null where they pass, or all devices have one. */
  readonly keylessNote: string | null;
  /** What is to be known of rules that are not examined; null where all are. */
  readonly rulesNote: string | null;
  /** Records in a topic, by the log's offsets. */
  recordsIn(topic: string): Promise<number>;
  /** Takes nothing new in, finishes and commits what is in, and closes. Once. */
  drain(): Promise<void>;
}

/** Held frames wait for a decision with their keys, up to the deadline. */
const SEALED = [
  { topic: DEVICE_FRAMES, readers: [] },
  { topic: DEVICE_VERIFIED, readers: [] },
  { topic: DEVICE_QUARANTINE, readers: [RETURNS_GROUP] },
];

const WORKERS_MAX = 8;
export const WORKER_HEAP_MEGABYTES = 512;
/** 30,000 rules take 170 MB, and two sets of them are there while one takes the place of the other; flows come beside them. */
const DETECTION_HEAP_MEGABYTES = 1024;

export function workersOf(config: Config): number {
  return config.workers ?? Math.min(availableParallelism(), WORKERS_MAX);
}

/** What was opened, to be closed in the other order; also when the opening fails half way. */
class Closing {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    let failure: unknown;
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      // A step that fails must not keep the rest open; the first failure is told at the end.
      await step().catch((error: unknown) => {
        failure ??= error;
      });
    }
    if (failure !== undefined) throw failure;
  }
}

export async function openCity(options: CityOptions, page: Console): Promise<City> {
  const closing = new Closing();
  try {
    return await open(options, page, closing);
  } catch (error) {
    await closing.run().catch(() => undefined);
    throw error;
  }
}

async function open(options: CityOptions, page: Console, closing: Closing): Promise<City> {
  const { config, folder, clock, emit } = options;
  makeDataFolder(folder);
  const cityLog = await openCityLog(config, folder, clock, emit).catch((error: unknown) => {
    destroyOverdueWithoutLog(error, folder.keys, clock, emit);
    throw error;
  });
  closing.add(() => cityLog.close());
  const { log } = cityLog;
  const keys = openDayKeys(folder.keys, clock, emit);

  const jobConfig = cityJobConfig(config, folder);
  if (jobConfig.trustLog !== null) await ensureLogKey(folder.keys);
  const definition = await mainJobTopology(jobConfig);
  const plan = cityPlan(definition, config);
  const decisions = jobConfig.attestation === null ? [] : [deviceDecisionsConfig(plan.partitions)];
  const questions = keepsTrust(plan) ? recommendationTopicConfigs(plan.partitions) : [];
  const own = [deviceRegistryConfig(plan.partitions), ...decisions, ...questions, SCHEMAS_TOPIC];
  await log.createTopics([...plan.topics, ...own]);
  if (isOnKafka(config)) {
    await log.createTopics([SHARED_TOPIC]);
    await claimKeysFolder(log, folder.keys, config['keys.adopt'], clock);
  }
  const registry = await openRegistry(log, clock, closing);
  const schemas = [...schemasOf(definition), ...(keepsTrust(plan) ? recommendationSchemas() : [])];
  const schemaIds = await registerSchemas(registry, schemas);
  const registryFace = config['registry.enabled'] ? await serveRegistry(options, registry) : null;
  if (registryFace !== null) closing.add(() => registryFace.close());

  const devices = await DeviceService.open({ log, clock });
  closing.add(() => devices.close());

  const workers = workersOf(config);
  const engine = await startCityEngine(options, cityLog, plan, jobConfig, schemaIds);
  closing.add(() => engine.drain());
  const checksums = jobConfig.detection?.validatesChecksums === true ? watchChecksums({ engine, clock, emit }) : null;
  if (checksums !== null) closing.add(() => checksums.close());
  const care = careForKeys(keys, log.openReader(), plan, SEALED, clock, emit);
  closing.add(() => care.close());

  const held = heldFramesOf(log, clock, keys, emit);
  closing.add(() => held.close());
  if (jobConfig.attestation !== null) {
    const { partitions } = plan;
    const job = jobConfig.attestation;
    const attestation = await startAttestation({ job, log, clock, emit, partitions, engine, devices, held });
    closing.add(() => attestation.close());
  }

  const rules = await openIdsRules({ config, folder, log, clock, emit, plan });
  if (rules !== null) closing.add(() => rules.close());
  rules?.start();

  if (jobConfig.judge !== null)
    closing.add(await announcePlaces({ log, clock, devices, emit, partitions: plan.partitions }));

  const types = cityFrameTypes(config);
  const topics = deviceTopics(types);
  for (const topic of Object.values(topics)) topic.codec.bindSchemaIds?.(schemaIds);
  const files = config['files.enabled'] ? await openFileSinks(config, folder, log, topics, clock, emit) : null;
  if (files !== null) closing.add(() => files.close());

  const syslog = await openSyslog({ ...options, plan, log });
  if (syslog !== null) closing.add(() => syslog.close());

  const { readers } = cityLog;
  const recommendations = openRecommendations({ ...options, plan, log, readers, schemaIds, engine });
  if (recommendations !== null) closing.add(() => recommendations.close());
  const desk = recommendations?.desk ?? null;

  const appender = new RecordAppender(log);
  closing.add(() => appender.close());
  const bridges = await openBridges({ ...options, plan, log, devices, keys, appender, types, desk, schemaIds });
  closing.add(() => bridges.close());
  const capture = await startCapture({ config, appender, partitions: plan.partitions, clock, emit });
  if (capture !== null) closing.add(() => capture.close());

  const follow = devices.follow();
  // It ends with `close`; before that only when the log is gone, which everybody else notices, too.
  follow.catch(() => undefined);

  const parts = { engine, bridges, plan, types, topics, log, devices, held, rules, desk, schemaIds, appender };
  await attachConsole({ ...parts, page, config, clock, emit });
  closing.add(() => page.detach());
  const fleet = config['fleet.enabled'] ? await startCityFleet({ ...options, devices, bridges }) : null;
  if (fleet !== null) closing.add(async () => void (await fleet.stop()));

  return {
    bridges,
    files,
    registry: registryFace?.url ?? null,
    hasFleet: fleet !== null,
    workers,
    keylessNote: keylessNote(config, devices),
    rulesNote: await rulesNote(jobConfig.detection, (await rules?.overview())?.inForce ?? null),
    recordsIn: async (name) => {
      const [topic] = await log.describe([name]);
      return topic?.bounds.reduce((sum, { end }) => sum + end, 0) ?? 0;
    },
    drain: () => closing.run(),
  };
}

async function openRegistry(log: Log, clock: Clock, closing: Closing): Promise<SchemaRegistry> {
  const reader = log.openReader();
  closing.add(() => reader.close());
  return SchemaRegistry.open(topicSchemaLog(log, reader, clock));
}

function serveRegistry({ config, set }: CityOptions, registry: SchemaRegistry): Promise<RegistryServer> {
  const wanted = {
    port: config['registry.port'],
    mayMove: !set.has('registry.port'),
    what: 'The schema registry',
    flag: 'registry.port',
  };
  return listenOn(wanted, (port) => registryServer(registry, port));
}

/** The id of each subject, registered at the first start. SCHEMA_INCOMPATIBLE says why a changed schema is refused. */
async function registerSchemas(
  registry: SchemaRegistry,
  schemas: readonly SchemaDeclaration[],
): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for (const { subject, schema } of schemas) {
    if (!ids.has(subject)) ids.set(subject, (await registry.register(subject, { schema })).id);
  }
  return ids;
}

/** Beside the entry of a worker lies the module that makes its topology; both are plain paths to the thread. */
// Names in strings are not rewritten when this is built to JavaScript.
const SUFFIX = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const WORKER_ENTRY = new URL(`../../engine/runtime/worker-main.${SUFFIX}`, import.meta.url);
const TOPOLOGY_MODULE = new URL(`../../services/main-job/topology.${SUFFIX}`, import.meta.url);

async function startCityEngine(
  { config, clock, emit }: CityOptions,
  cityLog: CityLog,
  plan: Plan,
  jobConfig: MainJobConfig,
  schemaIds: ReadonlyMap<string, number>,
): Promise<Engine> {
  const { log, readers, usage } = cityLog;
  const changelogs = plan.subtopologies.flatMap(({ stages }) =>
    stages.map(({ actor }) => stateTopic(plan.name, actor.name)),
  );
  const localState = await cityLog.localState?.(changelogs);
  const share = await cityLog.share?.(sharedTopic(plan));
  const shared: WorkerShared = {
    topologyModule: TOPOLOGY_MODULE.href,
    config: jobConfig,
    schemaIds: [...schemaIds],
    log: readers,
    options: isOnKafka(config) ? KAFKA_TASK_OPTIONS : TASK_OPTIONS,
    reportIntervalMs: 1_000,
  };
  const threads = realThreads<WorkerInit, ToWorker, FromWorker>({
    entry: WORKER_ENTRY,
    shared,
    heapMegabytesMax: jobConfig.detection === null ? WORKER_HEAP_MEGABYTES : DETECTION_HEAP_MEGABYTES,
    ...(localState === undefined ? {} : { localState }),
  });
  const workers = workersOf(config);
  return startEngine({
    ...{ log, plan, threads, workers, clock, emit, logUsage: usage },
    ...(share === undefined ? {} : { share }),
  });
}

/** All topics of a plan have the same partitions: the first that is read stands for the tasks of each of them. */
function sharedTopic(plan: Plan): string {
  const source = plan.subtopologies[0]?.sources.find(({ isResend }) => !isResend);
  return source?.topic.name ?? DEVICE_FRAMES;
}
