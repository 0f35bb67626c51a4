/** What a cluster says of topics: their configuration, bounds and sizes, with one request of a kind to each broker. */
import type { PartitionBounds, TopicDescription } from '../port.ts';
import { byTopic } from './by-topic.ts';
import { answerError, type Cluster, KAFKA_ERROR, NO_ERROR } from './client/index.ts';
import { describeLogDirs, listOffsets } from './protocol/index.ts';
import { describeTopics } from './topics.ts';

const { UNKNOWN_TOPIC_OR_PARTITION } = KAFKA_ERROR;
const CONSUMER = -1;
const READ_COMMITTED = 1;
/** What ListOffsets takes for the first offset, and for the one after the last committed. */
const EARLIEST = -2;
const LATEST = -1;

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** Of the named topics that there are; without names of all but Kafka's own. */
export async function describe(cluster: Cluster, names: readonly string[] | null): Promise<TopicDescription[]> {
  if (names?.length === 0) return [];
  const answer = await cluster.retry(() => cluster.describe(names));
  for (const { name, errorCode: error } of answer.topics) {
    if (error !== NO_ERROR && error !== UNKNOWN_TOPIC_OR_PARTITION) throw answerError(error, `Metadata of ${name}`);
  }
  const topics = answer.topics.flatMap(({ name, isInternal, errorCode, partitions, topicId }) =>
    isInternal || errorCode !== NO_ERROR || name === null ? [] : [{ name, partitions, topicId }],
  );
  const places = topics.flatMap(({ name: topic, partitions }) =>
    partitions.map((_, partition): Place => ({ topic, partition })),
  );
  const [configs, bounds, bytes] = await Promise.all([
    describeTopics(
      cluster,
      topics.map(({ name }) => name),
    ),
    cluster.retry(() => boundsOfAll(cluster, places)),
    sizes(
      cluster,
      answer.brokers.map(({ nodeId }) => nodeId),
      places,
    ),
  ]);
  return topics.map(({ name, partitions, topicId }) => ({
    name,
    identity: `${answer.clusterId}/${topicId}`,
    partitions: partitions.length,
    ...(configs.get(name) ?? { cleanup: 'delete' }),
    bounds: partitions.map((_, partition) => bounds.get(keyOf({ topic: name, partition })) ?? { start: 0, end: 0 }),
    bytes: bytes.get(name) ?? 0,
  }));
}

export const keyOf = ({ topic, partition }: Place): string => `${partition}:${topic}`;

export async function boundsOfAll(cluster: Cluster, places: readonly Place[]): Promise<Map<string, PartitionBounds>> {
  const byLeader = new Map<number, Place[]>();
  for (const place of places) {
    const leader = await cluster.leader(place.topic, place.partition);
    const led = byLeader.get(leader);
    if (led === undefined) byLeader.set(leader, [place]);
    else led.push(place);
  }
  const bounds = new Map<string, PartitionBounds>();
  await Promise.all([...byLeader].map(([leader, led]) => boundsAt(cluster, leader, led, bounds)));
  return bounds;
}

async function boundsAt(
  cluster: Cluster,
  leader: number,
  places: readonly Place[],
  into: Map<string, PartitionBounds>,
): Promise<void> {
  const [starts, ends] = await Promise.all([
    offsetsAt(cluster, leader, places, EARLIEST),
    offsetsAt(cluster, leader, places, LATEST),
  ]);
  for (const place of places) {
    const key = keyOf(place);
    into.set(key, { start: starts.get(key) ?? 0, end: ends.get(key) ?? 0 });
  }
}

async function offsetsAt(
  cluster: Cluster,
  leader: number,
  places: readonly Place[],
  timestamp: number,
): Promise<Map<string, number>> {
  const connection = await cluster.connection(leader);
  const topics = byTopic(places).map(({ topic, items }) => ({
    name: topic,
    partitions: items.map(({ partition }) => ({ partitionIndex: partition, timestamp })),
  }));
  const request = { replicaId: CONSUMER, isolationLevel: READ_COMMITTED, topics };
  const offsets = new Map<string, number>();
  for (const { name: topic, partitions } of (await connection.request(listOffsets, request)).topics) {
    for (const { partitionIndex: partition, errorCode, offset } of partitions) {
      if (errorCode !== NO_ERROR) throw answerError(errorCode, `ListOffsets of ${topic}-${partition}`);
      offsets.set(keyOf({ topic, partition }), offset);
    }
  }
  return offsets;
}

/** Bytes by topic, summed over the replicas of all brokers. */
async function sizes(
  cluster: Cluster,
  brokers: readonly number[],
  places: readonly Place[],
): Promise<Map<string, number>> {
  const total = new Map<string, number>();
  const topics = byTopic(places).map(({ topic, items }) => ({
    topic,
    partitions: items.map(({ partition }) => partition),
  }));
  for (const broker of brokers) {
    const { results } = await cluster.retry(async () => {
      const connection = await cluster.connection(broker);
      return await connection.request(describeLogDirs, { topics });
    });
    for (const { name, partitions } of results.flatMap((folder) => folder.topics)) {
      for (const { partitionSize } of partitions) total.set(name, (total.get(name) ?? 0) + partitionSize);
    }
  }
  return total;
}
