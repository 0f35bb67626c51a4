import { pathToFileURL } from 'node:url';
import { type Outside, pictureOf, type Topology } from '../../console/index.ts';
import { type Plan, planTopology, type TopicConfig, type TopologyDefinition } from '../../engine/index.ts';
import type { FrameTypes } from '../../schemas/index.ts';
import {
  DEVICE_AGGREGATES,
  DEVICE_FRAMES,
  DEVICE_LATE,
  DEVICE_READINGS,
  IDS_ALERTS,
  IDS_EVENTS,
  IDS_VERDICTS,
  NETWORK_PACKETS,
  TRUST_CHECKPOINTS,
  TRUST_LOG,
} from '../../schemas/topics/index.ts';
import { MAIN_JOB_CONFIG, type MainJobConfig } from '../../services/main-job/index.ts';
import type { Config } from '../config/index.ts';
import { configuredFrameTypes, readDescription } from '../frame-types.ts';
import { attestationJob } from './attestation.ts';
import type { DataFolder } from './data-folder.ts';
import { detectionJob } from './detection.ts';
import { FILE_TOPICS, FILES_GROUP } from './files.ts';
import { isOnKafka } from './kafka-settings.ts';
import { reputationConfig } from './reputation.ts';

const LETTERS = '.dlq';

export function cityJobConfig(config: Config, folder: DataFolder): MainJobConfig {
  return {
    ...MAIN_JOB_CONFIG,
    partitions: config['log.partitions'],
    keysFolder: folder.keys,
    areKeysShared: isOnKafka(config),
    frames: config.frames.map((file) => ({ file, text: readDescription(file) })),
    actors: config.actors.map((path) => pathToFileURL(path).href),
    graceMs: config['windows.grace'],
    conflicts: config['devices.conflicts'],
    attestation: attestationJob(config),
    ...reputationConfig(config),
    detection: detectionJob(config, folder),
    foreignPartitioning: isOnKafka(config) ? config['kafka.foreignPartitioning'] : null,
  };
}

export function cityFrameTypes(config: Config): FrameTypes {
  return configuredFrameTypes(config);
}

/** The plan with the topics as the configuration wants them kept. */
export function cityPlan(definition: TopologyDefinition, config: Config): Plan {
  const plan = planTopology(definition);
  return { ...plan, topics: plan.topics.map((topic) => keptAs(topic, config)) };
}

function keptAs(topic: TopicConfig, config: Config): TopicConfig {
  const retentionMs = retentionOf(topic.name, config);
  const isRead = config['files.enabled'] && FILE_TOPICS.includes(topic.name);
  const requiredReaders = [...(topic.requiredReaders ?? []), ...(isRead ? [FILES_GROUP] : [])];
  return { ...topic, ...(retentionMs === undefined ? {} : { retentionMs }), requiredReaders };
}

function retentionOf(name: string, config: Config): number | undefined {
  if (name.endsWith(LETTERS)) return config['retention.deadLetters'];
  if (name === DEVICE_FRAMES) return config['retention.frames'];
  if (name === DEVICE_READINGS) return config['retention.readings'];
  if (name === DEVICE_AGGREGATES) return config['retention.aggregates'];
  if (name === NETWORK_PACKETS) return config['retention.packets'];
  if (name === IDS_ALERTS || name === IDS_VERDICTS) return config['retention.alerts'];
  if (name === IDS_EVENTS) return config['retention.events'];
  if (name === TRUST_LOG || name === TRUST_CHECKPOINTS) return config['retention.trustLog'] ?? undefined;
  return undefined;
}

export const letterTopics = (plan: Plan): string[] =>
  plan.topics.map(({ name }) => name).filter((name) => name.endsWith(LETTERS));

/** The whole picture, with what stands around the engine. */
export function cityPicture(plan: Plan, config: Config): Topology {
  const found = [IDS_ALERTS, IDS_VERDICTS].filter((topic) => plan.topics.some(({ name }) => name === topic));
  const outside: Outside = {
    bridges: [
      ...(config['mqtt.enabled'] ? [{ name: 'mqtt', label: 'MQTT', topic: DEVICE_FRAMES }] : []),
      ...(config['http.enabled'] ? [{ name: 'http', label: 'HTTP', topic: DEVICE_FRAMES }] : []),
      ...(config['ids.interface'] === null
        ? []
        : [{ name: 'capture', label: `capture of ${config['ids.interface']}`, topic: NETWORK_PACKETS }]),
      ...(config['ids.gateways'].length === 0 ? [] : [{ name: 'gateways', label: 'gateways', topic: NETWORK_PACKETS }]),
    ],
    readers: [
      { name: 'page', label: 'status page', topics: [DEVICE_READINGS, DEVICE_AGGREGATES, ...found] },
      ...(config['files.enabled']
        ? [{ name: 'files', label: 'NDJSON files', topics: FILE_TOPICS, group: FILES_GROUP }]
        : []),
    ],
    late: [DEVICE_LATE],
    control: [],
  };
  return pictureOf(plan, outside);
}
