/**
 * The reading side: raw batches from the partitions' leaders, read committed. One per thread, with connections of its
 * own; one call at a time.
 */
import { type Clock, MsecError } from '../../base/index.ts';
import type { FetchedBatches, LogReader, PartitionBounds, PartitionPosition } from '../port.ts';
import { hideAborted } from './aborted.ts';
import { byTopic } from './by-topic.ts';
import { answerError, Cluster, type ClusterOptions, NO_ERROR } from './client/index.ts';
import { fetch, listOffsets, offsetFetch } from './protocol/index.ts';

const READ_COMMITTED = 1;
const CONSUMER = -1;
/** What ListOffsets takes for the first offset, and for the one after the last committed. */
const EARLIEST = -2;
const LATEST = -1;
/** The last version that names topics instead of their ids. */
const FETCH_VERSION_MAX = 12;
/** The last version with one group in a request. */
const OFFSET_FETCH_VERSION_MAX = 7;

/** How long a broker is asked to hold a wait; longer waits ask again. */
const HELD_MS_MAX = 10_000;

export class KafkaReader implements LogReader {
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  /** Waits hold their connection until the broker answers, so they have connections apart. */
  readonly #waiting: Cluster;

  readonly #onClose: (reader: KafkaReader) => void;

  constructor(options: ClusterOptions, onClose: (reader: KafkaReader) => void) {
    this.#clock = options.clock;
    this.#onClose = onClose;
    this.#cluster = new Cluster(options);
    this.#waiting = new Cluster(options);
  }

  async fetch(topic: string, partition: number, offset: number, bytesMax: number): Promise<FetchedBatches> {
    const request = {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: bytesMax,
      isolationLevel: READ_COMMITTED,
      topics: [{ topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: bytesMax }] }],
    };
    return await this.#cluster.retry(async () => {
      const connection = await this.#cluster.connection(await this.#cluster.leader(topic, partition));
      const response = await connection.request(fetch, request, { versionMax: FETCH_VERSION_MAX });
      const item = response.responses[0]?.partitions[0];
      const error = response.errorCode === NO_ERROR ? (item?.errorCode ?? NO_ERROR) : response.errorCode;
      if (error !== NO_ERROR) throw answerError(error, `Fetch of ${topic}-${partition} at ${offset}`);
      if (item === undefined)
        throw new MsecError('DEPENDENCY_DOWN', `Kafka's Fetch answer lacks ${topic}-${partition}`);
      const { records, abortedTransactions, logStartOffset, lastStableOffset } = item;
      const bytes = records ?? new Uint8Array(0);
      const bounds = { start: logStartOffset, end: lastStableOffset };
      // Kafka itself also serves what is written but not yet committed as an empty answer.
      if (offset > bounds.end && bytes.length === 0) throw outOfRange(topic, partition, offset, bounds);
      if (abortedTransactions !== null) hideAborted(bytes, 0, bytes.length, abortedTransactions);
      return { bytes, start: 0, end: bytes.length, bounds };
    });
  }

  async bounds(topic: string, partition: number): Promise<PartitionBounds> {
    return await this.#cluster.retry(() => boundsOf(this.#cluster, topic, partition));
  }

  async committed(group: string, topic: string): Promise<readonly (number | null)[]> {
    return await this.#cluster.retry(async () => {
      const count = await this.#cluster.partitionCount(topic);
      const connection = await this.#cluster.connection(await this.#cluster.groupCoordinator(group));
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
    });
  }

  async wait(positions: readonly PartitionPosition[], timeoutMs: number): Promise<boolean> {
    const deadline = this.#clock.monotonic() + timeoutMs;
    if (positions.length === 0) return false;
    for (;;) {
      const leftMs = Math.max(0, deadline - this.#clock.monotonic());
      try {
        if (await this.#waiting.retry(() => this.#holdOnce(positions, Math.min(leftMs, HELD_MS_MAX)), leftMs))
          return true;
      } catch (error) {
        if (!(error instanceof MsecError)) throw error;
        if (error.code === 'CLOSED' || error.code === 'DEPENDENCY_DOWN') return false;
        throw error;
      }
      if (this.#clock.monotonic() >= deadline) return false;
    }
  }

  async close(): Promise<void> {
    this.#cluster.close();
    this.#waiting.close();
    this.#onClose(this);
  }

  /** One long Fetch at each broker that leads a position; the first that has something decides. */
  async #holdOnce(positions: readonly PartitionPosition[], heldMs: number): Promise<boolean> {
    const byLeader = new Map<number, PartitionPosition[]>();
    for (const position of positions) {
      const leader = await this.#waiting.leader(position.topic, position.partition);
      const known = byLeader.get(leader);
      if (known === undefined) byLeader.set(leader, [position]);
      else known.push(position);
    }
    const holds = [...byLeader].map(([leader, places]) => this.#hold(leader, places, heldMs));
    const isReady = await firstTrue(holds);
    // A broker that still holds its answer would keep the next wait in line behind it.
    if (isReady && holds.length > 1) {
      for (const leader of byLeader.keys()) {
        const connection = await this.#waiting.connection(leader);
        if (connection.pendingCount > 0) connection.close();
      }
    }
    return isReady;
  }

  async #hold(leader: number, positions: readonly PartitionPosition[], heldMs: number): Promise<boolean> {
    const connection = await this.#waiting.connection(leader);
    // A broker sends at least one whole batch, however little is asked for: one byte asks for just that.
    const topics = byTopic(positions).map(({ topic, items }) => ({
      topic,
      partitions: items.map(({ partition, offset }) => ({ partition, fetchOffset: offset, partitionMaxBytes: 1 })),
    }));
    const request = { maxWaitMs: Math.ceil(heldMs), minBytes: 1, maxBytes: 1, isolationLevel: READ_COMMITTED, topics };
    const answer = await connection.request(fetch, request, { extraMs: heldMs, versionMax: FETCH_VERSION_MAX });
    if (answer.errorCode !== NO_ERROR) throw answerError(answer.errorCode, 'Fetch');
    let isReady = false;
    for (const { topic, partitions } of answer.responses) {
      for (const { partitionIndex, errorCode, records } of partitions) {
        if (records !== null && records.length > 0) isReady = true;
        if (errorCode === NO_ERROR) continue;
        const failure = answerError(errorCode, `Fetch of ${topic}-${partitionIndex}`);
        // What fetch will refuse is something to read, or its reader would never learn of it.
        if (failure.code !== 'DEPENDENCY_DOWN') return true;
        throw failure;
      }
    }
    return isReady;
  }
}

/** True as soon as one is; false once all are; the error of one only where none is true. */
async function firstTrue(promises: readonly Promise<boolean>[]): Promise<boolean> {
  try {
    await Promise.any(promises.map((promise) => promise.then((isTrue) => (isTrue ? isTrue : Promise.reject(NOTHING)))));
    return true;
  } catch (failures) {
    if (!(failures instanceof AggregateError)) throw failures;
    const failure = failures.errors.find((error) => error !== NOTHING);
    if (failure !== undefined) throw failure;
    return false;
  }
}
const NOTHING = new Error('nothing to read');

function outOfRange(topic: string, partition: number, offset: number, bounds: PartitionBounds): MsecError {
  return new MsecError(
    'OFFSET_OUT_OF_RANGE',
    `offset ${offset} of ${topic}-${partition} lies outside of ${bounds.start}..${bounds.end}`,
    { field: 'offset' },
  );
}

/** The partition's first offset and the one after its last committed. */
export async function boundsOf(cluster: Cluster, topic: string, partition: number): Promise<PartitionBounds> {
  const [start, end] = await Promise.all([EARLIEST, LATEST].map((time) => offsetAt(cluster, topic, partition, time)));
  return { start: start!, end: end! };
}

async function offsetAt(cluster: Cluster, topic: string, partition: number, timestamp: number): Promise<number> {
  const connection = await cluster.connection(await cluster.leader(topic, partition));
  const topics = [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }];
  const request = { replicaId: CONSUMER, isolationLevel: READ_COMMITTED, topics };
  const answer = (await connection.request(listOffsets, request)).topics[0]?.partitions[0];
  if (answer === undefined) {
    throw new MsecError('DEPENDENCY_DOWN', `Kafka's ListOffsets answer lacks ${topic}-${partition}`);
  }
  if (answer.errorCode !== NO_ERROR) throw answerError(answer.errorCode, `ListOffsets of ${topic}-${partition}`);
  return answer.offset;
}
