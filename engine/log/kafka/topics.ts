/**
 * Topics and their configuration, through kafkajs's admin client: rare calls, where an object for each thing costs
 * nothing. Kafka has no notion of required readers and of a quota for each topic; `requiredReaders` has no effect here.
 */
import { type Admin, ConfigResourceTypes, Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { MsecError } from '../../base/index.ts';
import type { Cleanup, TopicConfig } from '../port.ts';

const UNLIMITED = -1;

/** Runs `use` with a connected admin client. Its failures are DEPENDENCY_DOWN unless they are ours. */
async function withAdmin<T>(config: KafkaConfig, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ ...config, logLevel: logLevel.NOTHING }).admin();
  try {
    await admin.connect();
    return await use(admin);
  } catch (error) {
    if (error instanceof MsecError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MsecError('DEPENDENCY_DOWN', `Kafka's admin interface: ${reason}`, { cause: error });
  } finally {
    await admin.disconnect();
  }
}

/** Makes the topics that do not exist. TOPIC_CONFLICT where one does with other partitions or cleanup. */
export async function createTopics(config: KafkaConfig, topics: readonly TopicConfig[]): Promise<void> {
  if (topics.length === 0) return;
  await withAdmin(config, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const absent = topics.filter(({ name }) => !existing.has(name));
    // Someone else may make it in between: then it is compared below like the others.
    if (absent.length > 0) await admin.createTopics({ topics: absent.map(kafkaTopic), waitForLeaders: true });
    const present = topics.filter(({ name }) => existing.has(name));
    if (present.length === 0) return;
    const names = present.map(({ name }) => name);
    const described = await admin.fetchTopicMetadata({ topics: names });
    const configs = await readConfigs(admin, names);
    for (const wanted of present) {
      const partitions = described.topics.find(({ name }) => name === wanted.name)?.partitions.length;
      const cleanup = configs.get(wanted.name)?.cleanup;
      if (partitions === wanted.partitions && cleanup === wanted.cleanup) continue;
      throw new MsecError(
        'TOPIC_CONFLICT',
        `topic ${wanted.name} has ${partitions} partitions and cleanup ${cleanup}, ` +
          `not ${wanted.partitions} and ${wanted.cleanup}`,
        { field: partitions === wanted.partitions ? 'cleanup' : 'partitions' },
      );
    }
  });
}

function kafkaTopic(topic: TopicConfig) {
  const entries: Record<string, string | number> = {
    'cleanup.policy': topic.cleanup,
    'retention.ms': topic.retentionMs ?? UNLIMITED,
    'retention.bytes': topic.retentionBytes ?? UNLIMITED,
    // Retention goes by the age of the append, as the port says, and not by what a device claims.
    'message.timestamp.before.max.ms': Number.MAX_SAFE_INTEGER,
    'message.timestamp.after.max.ms': Number.MAX_SAFE_INTEGER,
  };
  if (topic.segmentBytes !== undefined) entries['segment.bytes'] = topic.segmentBytes;
  return {
    topic: topic.name,
    numPartitions: topic.partitions,
    // The broker's default.
    replicationFactor: -1,
    configEntries: Object.entries(entries).map(([name, value]) => ({ name, value: String(value) })),
  };
}

export type StoredConfig = Pick<TopicConfig, 'cleanup' | 'retentionMs' | 'retentionBytes' | 'segmentBytes'>;

/** What the broker keeps of each topic's configuration. */
export async function describeTopics(
  config: KafkaConfig,
  names: readonly string[],
): Promise<ReadonlyMap<string, StoredConfig>> {
  if (names.length === 0) return new Map();
  return await withAdmin(config, (admin) => readConfigs(admin, names));
}

async function readConfigs(admin: Admin, names: readonly string[]): Promise<Map<string, StoredConfig>> {
  const answer = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    answer.resources.map(({ resourceName, configEntries }) => {
      const value = (name: string) => configEntries.find((entry) => entry.configName === name)?.configValue ?? '';
      const cleanup: Cleanup = value('cleanup.policy').includes('compact') ? 'compact' : 'delete';
      const limit = <Name extends string>(name: Name, text: string) => {
        const number = Number(text);
        return text === '' || number < 0 ? {} : ({ [name]: number } as Record<Name, number>);
      };
      return [
        resourceName,
        {
          cleanup,
          ...limit('retentionMs', value('retention.ms')),
          ...limit('retentionBytes', value('retention.bytes')),
          ...limit('segmentBytes', value('segment.bytes')),
        },
      ];
    }),
  );
}
