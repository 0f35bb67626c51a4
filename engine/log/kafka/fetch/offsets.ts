/** Offsets that are asked for beside the data: a partition's bounds, a group's positions, where an epoch ended. */
import { MsecError } from '../../../base/index.ts';
import type { PartitionBounds } from '../../port.ts';
import { answerError, NO_ERROR } from '../client/index.ts';
import { listOffsets, offsetFetch, offsetForLeaderEpoch } from '../protocol/index.ts';
import type { FetchCluster, FetchConnection } from './ports.ts';

const CONSUMER = -1;
export const READ_COMMITTED = 1;
const EARLIEST = -2;
const LATEST = -1;
/** The last version with one group a request. */
const OFFSET_FETCH_VERSION_MAX = 7;

/** The partition's first offset and the one after its last committed. One attempt. */
export async function boundsOf(cluster: FetchCluster, topic: string, partition: number): Promise<PartitionBounds> {
  const { leader, epoch } = await cluster.leaderAndEpoch(topic, partition);
  const connection = await cluster.connection(leader);
  const [start, end] = await Promise.all([
    offsetAt(connection, topic, partition, epoch, EARLIEST),
    offsetAt(connection, topic, partition, epoch, LATEST),
  ]);
  return { start, end };
}

async function offsetAt(
  connection: FetchConnection,
  topic: string,
  partition: number,
  currentLeaderEpoch: number,
  timestamp: number,
): Promise<number> {
  const partitions = [{ partitionIndex: partition, currentLeaderEpoch, timestamp }];
  const request = { replicaId: CONSUMER, isolationLevel: READ_COMMITTED, topics: [{ name: topic, partitions }] };
  const answer = (await connection.request(listOffsets, request)).topics[0]?.partitions[0];
  if (answer === undefined) throw lacking('ListOffsets', topic, partition);
  if (answer.errorCode !== NO_ERROR) throw answerError(answer.errorCode, `ListOffsets of ${topic}-${partition}`);
  return answer.offset;
}

/**
 * The group's next offset of each partition; null where there is none. While a transaction that commits some is
 * undecided the broker says so, and the whole is DEPENDENCY_DOWN: an offset that may still change is no position. One
 * attempt.
 */
export async function committedOf(cluster: FetchCluster, group: string, topic: string): Promise<(number | null)[]> {
  const count = await cluster.partitionCount(topic);
  const connection = await cluster.connection(await cluster.groupCoordinator(group));
  const partitionIndexes = Array.from({ length: count }, (_, partition) => partition);
  const request = { groupId: group, topics: [{ name: topic, partitionIndexes }], requireStable: true };
  const answer = await connection.request(offsetFetch, request, { versionMax: OFFSET_FETCH_VERSION_MAX });
  if (answer.errorCode !== NO_ERROR) throw answerError(answer.errorCode, `OffsetFetch of group ${group}`);
  const offsets: (number | null)[] = new Array(count).fill(null);
  for (const { partitionIndex, committedOffset, errorCode } of answer.topics[0]?.partitions ?? []) {
    if (errorCode !== NO_ERROR) throw answerError(errorCode, `OffsetFetch of group ${group}`);
    if (committedOffset >= 0) offsets[partitionIndex] = committedOffset;
  }
  return offsets;
}

/**
 * Whether the log still is the one that was read up to `offset`, whose last batch was written under `lastEpoch`
 * (KIP-320). After an unclean election it may not be: LOG_TRUNCATED. One attempt.
 */
export async function validatePosition(
  connection: FetchConnection,
  position: { readonly topic: string; readonly partition: number; readonly offset: number; readonly lastEpoch: number },
  currentLeaderEpoch: number,
): Promise<void> {
  const { topic, partition, offset, lastEpoch } = position;
  const partitions = [{ partition, currentLeaderEpoch, leaderEpoch: lastEpoch }];
  const request = { replicaId: CONSUMER, topics: [{ topic, partitions }] };
  const answer = (await connection.request(offsetForLeaderEpoch, request)).topics[0]?.partitions[0];
  if (answer === undefined) throw lacking('OffsetForLeaderEpoch', topic, partition);
  const { errorCode, leaderEpoch, endOffset } = answer;
  if (errorCode !== NO_ERROR) throw answerError(errorCode, `OffsetForLeaderEpoch of ${topic}-${partition}`);
  // Undefined: the leader has never heard of that epoch. Another epoch than the asked: the log went another way after it.
  if (leaderEpoch >= 0 && endOffset >= offset) return;
  const where = endOffset < 0 ? `epoch ${lastEpoch} is unknown` : `they end at ${endOffset}`;
  throw new MsecError(
    'LOG_TRUNCATED',
    `records of ${topic}-${partition} up to ${offset} were read, but are gone from its leader: ${where}`,
    { field: 'offset' },
  );
}

export function outOfRange(topic: string, partition: number, offset: number, bounds: PartitionBounds): MsecError {
  return new MsecError(
    'OFFSET_OUT_OF_RANGE',
    `offset ${offset} of ${topic}-${partition} lies outside of ${bounds.start}..${bounds.end}`,
    { field: 'offset' },
  );
}

export function lacking(request: string, topic: string, partition: number): MsecError {
  return new MsecError('DEPENDENCY_DOWN', `Kafka's ${request} answer lacks ${topic}-${partition}`);
}
