/**
 * Topics and their configuration. Kafka has no notion of required readers and no quota for a topic's disk:
 * `requiredReaders` has no effect here and is not described back.
 */
import { MsecError } from '../../base/index.ts';
import type { Cleanup, TopicConfig } from '../port.ts';
import { answerError, type Cluster, KAFKA_ERROR, NO_ERROR } from './client/index.ts';
import {
  type CreateTopicsRequestCreatableTopic,
  createTopics as createTopicsMessage,
  describeConfigs,
} from './protocol/index.ts';

const { TOPIC_ALREADY_EXISTS, UNKNOWN_TOPIC_OR_PARTITION } = KAFKA_ERROR;
const UNLIMITED = -1;
/** Partitions and replicas as the brokers' default says. */
const BROKERS_DEFAULT = -1;
const TOPIC_RESOURCE = 2;
/** Brokers since 4.0 refuse smaller segments (KIP-1030). */
const SEGMENT_BYTES_MIN = 1024 * 1024;

/** Makes the topics that do not exist, and resolves once they have leaders. TOPIC_CONFLICT. */
export async function createTopics(
  cluster: Cluster,
  wanted: readonly TopicConfig[],
  requestTimeoutMs: number,
  replicationFactor = BROKERS_DEFAULT,
): Promise<void> {
  if (wanted.length === 0) return;
  const topics = wanted.map((topic) => newTopic(topic, replicationFactor));
  const request = { topics, timeoutMs: requestTimeoutMs };
  const answers = await cluster.retry(async () => {
    const connection = await cluster.anyConnection();
    const answer = await connection.request(createTopicsMessage, request, { extraMs: requestTimeoutMs });
    for (const { name, errorCode, errorMessage } of answer.topics) {
      if (errorCode === NO_ERROR || errorCode === TOPIC_ALREADY_EXISTS) continue;
      // What may pass by itself goes again; the topics that were made then exist, as they were asked for.
      throw answerError(errorCode, `CreateTopics of ${name}`, errorMessage);
    }
    return answer.topics;
  });
  const existing = new Set(
    answers.filter(({ errorCode }) => errorCode === TOPIC_ALREADY_EXISTS).map(({ name }) => name),
  );
  await cluster.retry(() => awaitLeaders(cluster, wanted));
  await checkExisting(
    cluster,
    wanted.filter(({ name }) => existing.has(name)),
  );
}

function newTopic(topic: TopicConfig, replicationFactor: number): CreateTopicsRequestCreatableTopic {
  const configs: Record<string, string | number> = {
    'cleanup.policy': topic.cleanup,
    'retention.ms': topic.retentionMs ?? UNLIMITED,
    'retention.bytes': topic.retentionBytes ?? UNLIMITED,
  };
  if (topic.segmentBytes !== undefined) configs['segment.bytes'] = Math.max(topic.segmentBytes, SEGMENT_BYTES_MIN);
  return {
    name: topic.name,
    numPartitions: topic.partitions,
    replicationFactor,
    assignments: [],
    configs: Object.entries(configs).map(([name, value]) => ({ name, value: String(value) })),
  };
}

/** A topic that was made a moment ago is unknown to the broker, or without leaders, for a while. */
async function awaitLeaders(cluster: Cluster, wanted: readonly TopicConfig[]): Promise<void> {
  const names = wanted.map(({ name }) => name);
  const { topics } = await cluster.describe(names);
  for (const name of names) {
    const found = topics.find((topic) => topic.name === name);
    const error = found?.errorCode ?? UNKNOWN_TOPIC_OR_PARTITION;
    if (error !== NO_ERROR) throw answerError(error, `Metadata of ${name}`);
    if (found?.partitions.some(({ leaderId }) => leaderId < 0)) {
      throw new MsecError('DEPENDENCY_DOWN', `${name} has a partition without a leader`);
    }
  }
}

async function checkExisting(cluster: Cluster, wanted: readonly TopicConfig[]): Promise<void> {
  const stored = await describeTopics(
    cluster,
    wanted.map(({ name }) => name),
  );
  for (const { name, partitions, cleanup } of wanted) {
    const found = await cluster.retry(() => cluster.partitionCount(name));
    const foundCleanup = stored.get(name)?.cleanup;
    if (found === partitions && foundCleanup === cleanup) continue;
    throw new MsecError(
      'TOPIC_CONFLICT',
      `topic ${name} has ${found} partitions and cleanup ${foundCleanup}, not ${partitions} and ${cleanup}`,
      { field: found === partitions ? 'cleanup' : 'partitions' },
    );
  }
}

export type StoredConfig = Pick<TopicConfig, 'cleanup' | 'retentionMs' | 'retentionBytes' | 'segmentBytes'>;

/** What the brokers keep of each topic's configuration. */
export async function describeTopics(
  cluster: Cluster,
  names: readonly string[],
): Promise<ReadonlyMap<string, StoredConfig>> {
  if (names.length === 0) return new Map();
  const resources = await cluster.retry(async () => {
    const connection = await cluster.anyConnection();
    const resources = names.map((resourceName) => ({
      resourceType: TOPIC_RESOURCE,
      resourceName,
      configurationKeys: null,
    }));
    return (await connection.request(describeConfigs, { resources })).results;
  });
  const stored = new Map<string, StoredConfig>();
  for (const { resourceName: name, errorCode, errorMessage, configs } of resources) {
    if (errorCode !== NO_ERROR) throw answerError(errorCode, `DescribeConfigs of ${name}`, errorMessage);
    const values = new Map(configs.map((config) => [config.name, config.value]));
    const value = (config: string) => values.get(config) ?? '';
    const cleanup: Cleanup = value('cleanup.policy').includes('compact') ? 'compact' : 'delete';
    stored.set(name, {
      cleanup,
      ...limit('retentionMs', value('retention.ms')),
      ...limit('retentionBytes', value('retention.bytes')),
      ...limit('segmentBytes', value('segment.bytes')),
    });
  }
  return stored;
}

function limit<Name extends string>(name: Name, text: string): Partial<Record<Name, number>> {
  const value = Number(text);
  return text === '' || value < 0 ? {} : ({ [name]: value } as Record<Name, number>);
}
