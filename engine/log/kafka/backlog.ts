/** What groups have not read yet, one request of a kind to each broker: a word about load, not about positions. */
import type { OffsetPlace } from '../port.ts';
import { byTopic } from './by-topic.ts';
import { answerError, type Cluster, NO_ERROR } from './client/index.ts';
import { boundsOfAll, keyOf } from './describe.ts';
import { offsetFetch } from './protocol/index.ts';

/** The last version with one group a request. */
const OFFSET_FETCH_VERSION_MAX = 7;

/** Records behind the committed offset of each place. Offsets that a transaction may still change count as they stand. */
export async function backlogOf(cluster: Cluster, places: readonly OffsetPlace[]): Promise<number[]> {
  const groups = [...Map.groupBy(places, ({ group }) => group)];
  // Brokers refuse a request that names a partition twice.
  const partitions = [...new Map(places.map((place) => [keyOf(place), place])).values()];
  const [bounds, ...committed] = await Promise.all([
    cluster.retry(() => boundsOfAll(cluster, partitions)),
    ...groups.map(([group, ofGroup]) => cluster.retry(() => committedAt(cluster, group, ofGroup))),
  ]);
  const offsets = new Map(groups.map(([group], i) => [group, committed[i]!]));
  return places.map((place) => {
    const { start, end } = bounds.get(keyOf(place)) ?? { start: 0, end: 0 };
    return Math.max(0, end - Math.max(start, offsets.get(place.group)?.get(keyOf(place)) ?? start));
  });
}

async function committedAt(
  cluster: Cluster,
  groupId: string,
  places: readonly OffsetPlace[],
): Promise<Map<string, number>> {
  const connection = await cluster.connection(await cluster.groupCoordinator(groupId));
  const topics = byTopic(places).map(({ topic: name, items }) => ({
    name,
    partitionIndexes: items.map(({ partition }) => partition),
  }));
  const request = { groupId, topics, requireStable: false };
  const answer = await connection.request(offsetFetch, request, { versionMax: OFFSET_FETCH_VERSION_MAX });
  if (answer.errorCode !== NO_ERROR) throw answerError(answer.errorCode, `OffsetFetch of group ${groupId}`);
  const offsets = new Map<string, number>();
  for (const { name: topic, partitions } of answer.topics)
    for (const { partitionIndex: partition, committedOffset, errorCode } of partitions) {
      if (errorCode !== NO_ERROR) throw answerError(errorCode, `OffsetFetch of group ${groupId}`);
      offsets.set(keyOf({ topic, partition }), committedOffset);
    }
  return offsets;
}
