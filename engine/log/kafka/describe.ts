/** What a cluster says of topics: their configuration, bounds and sizes, with one request of a kind to each broker. */
import type { PartitionBounds, TopicDescription } from '../port.ts';
import type { Cluster } from './cluster.ts';
import { answerError, NO_ERROR, UNKNOWN_TOPIC_OR_PARTITION } from './kafka-errors.ts';
import { describeLogDirs, EARLIEST, LATEST, listOffsets } from './messages.ts';
import { describeTopics } from './topics.ts';

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** Of the named topics that there are; without names of all but Kafka's own. */
export async function describe(cluster: Cluster, names: readonly string[] | null): Promise<TopicDescription[]> {
  if (names?.length === 0) return [];
  const answer = await cluster.retry(() => cluster.describe(names));
  for (const { name, error } of answer.topics) {
    if (error !== NO_ERROR && error !== UNKNOWN_TOPIC_OR_PARTITION) throw answerError(error, `Metadata of ${name}`);
  }
  const topics = answer.topics.filter(({ isInternal, error }) => !isInternal && error === NO_ERROR);
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
      answer.brokers.map(({ id }) => id),
      places,
    ),
  ]);
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.length,
    ...(configs.get(name) ?? { cleanup: 'delete' }),
    bounds: partitions.map((_, partition) => bounds.get(keyOf({ topic: name, partition })) ?? { start: 0, end: 0 }),
    bytes: bytes.get(name) ?? 0,
  }));
}

const keyOf = ({ topic, partition }: Place): string => `${partition}:${topic}`;

async function boundsOfAll(cluster: Cluster, places: readonly Place[]): Promise<Map<string, PartitionBounds>> {
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
  const connection = await cluster.connection(leader);
  const [starts, ends] = await Promise.all(
    [EARLIEST, LATEST].map(async (timestamp) => {
      const answers = await connection.request(
        listOffsets,
        places.map((place) => ({ ...place, timestamp })),
      );
      return new Map(
        answers.map(({ topic, partition, error, offset }) => {
          if (error !== NO_ERROR) throw answerError(error, `ListOffsets of ${topic}-${partition}`);
          return [keyOf({ topic, partition }), offset] as const;
        }),
      );
    }),
  );
  for (const place of places) {
    const key = keyOf(place);
    into.set(key, { start: starts!.get(key) ?? 0, end: ends!.get(key) ?? 0 });
  }
}

/** Bytes by topic, summed over the replicas of all brokers. */
async function sizes(
  cluster: Cluster,
  brokers: readonly number[],
  places: readonly Place[],
): Promise<Map<string, number>> {
  const total = new Map<string, number>();
  for (const broker of brokers) {
    const replicas = await cluster.retry(async () => {
      const connection = await cluster.connection(broker);
      return await connection.request(describeLogDirs, places);
    });
    for (const { topic, bytes } of replicas) total.set(topic, (total.get(topic) ?? 0) + bytes);
  }
  return total;
}
