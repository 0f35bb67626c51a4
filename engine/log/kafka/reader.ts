/**
 * The reading side: raw batches from the partitions' leaders, read committed. One per thread, with connections of its
 * own; one call at a time.
 */
import { type Clock, MsecError } from '../../base/index.ts';
import type { FetchedBatches, LogReader, PartitionBounds, PartitionPosition } from '../port.ts';
import { hideAborted } from './aborted.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { answerError, NO_ERROR } from './kafka-errors.ts';
import { EARLIEST, type FetchRequest, fetchBatches, LATEST, listOffsets, offsetFetch } from './messages.ts';

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
    const request: FetchRequest = {
      items: [{ topic, partition, offset, bytesMax }],
      waitMsMax: 0,
      bytesMin: 0,
      bytesMax,
    };
    return await this.#cluster.retry(async () => {
      const connection = await this.#cluster.connection(await this.#cluster.leader(topic, partition));
      const reader = await connection.requestRaw(fetchBatches, request);
      const answer = fetchBatches.decode(reader);
      const item = answer.items[0];
      const error = answer.error === NO_ERROR ? (item?.error ?? NO_ERROR) : answer.error;
      if (error !== NO_ERROR) throw answerError(error, `Fetch of ${topic}-${partition} at ${offset}`);
      if (item === undefined)
        throw new MsecError('DEPENDENCY_DOWN', `Kafka's Fetch answer lacks ${topic}-${partition}`);
      const { start, end, aborted } = item;
      const bounds = { start: item.logStartOffset, end: item.lastStableOffset };
      // Kafka itself also serves what is written but not yet committed as an empty answer.
      if (offset > bounds.end && end === start) throw outOfRange(topic, partition, offset, bounds);
      if (aborted.length > 0) hideAborted(reader.bytes, start, end, aborted);
      return { bytes: reader.bytes, start, end, bounds };
    });
  }

  async bounds(topic: string, partition: number): Promise<PartitionBounds> {
    return await this.#cluster.retry(() => boundsOf(this.#cluster, topic, partition));
  }

  async committed(group: string, topic: string): Promise<readonly (number | null)[]> {
    return await this.#cluster.retry(async () => {
      const count = await this.#cluster.partitionCount(topic);
      const connection = await this.#cluster.connection(await this.#cluster.coordinator(group));
      const items = Array.from({ length: count }, (_, partition) => ({ topic, partition }));
      const answer = await connection.request(offsetFetch, { group, items });
      const offsets: (number | null)[] = new Array(count).fill(null);
      for (const { partition, offset, error } of answer.items) {
        const failed = answer.error === NO_ERROR ? error : answer.error;
        if (failed !== NO_ERROR) throw answerError(failed, `OffsetFetch of group ${group}`);
        if (offset >= 0) offsets[partition] = offset;
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
    const items = positions.map((position) => ({ ...position, bytesMax: 1 }));
    const request = { items, waitMsMax: Math.ceil(heldMs), bytesMin: 1, bytesMax: 1 };
    const answer = await connection.request(fetchBatches, request, heldMs);
    if (answer.error !== NO_ERROR) throw answerError(answer.error, 'Fetch');
    for (const { error, topic, partition } of answer.items) {
      if (error === NO_ERROR) continue;
      const failure = answerError(error, `Fetch of ${topic}-${partition}`);
      // What fetch will refuse is something to read, or its reader would never learn of it.
      if (failure.code !== 'DEPENDENCY_DOWN') return true;
      throw failure;
    }
    return answer.items.some(({ start, end }) => end > start);
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
  const connection = await cluster.connection(await cluster.leader(topic, partition));
  const [first, last] = await Promise.all(
    [EARLIEST, LATEST].map((timestamp) => connection.request(listOffsets, [{ topic, partition, timestamp }])),
  );
  const start = first?.[0];
  const end = last?.[0];
  const error = start?.error || end?.error;
  if (error) throw answerError(error, `ListOffsets of ${topic}-${partition}`);
  if (start === undefined || end === undefined) {
    throw new MsecError('DEPENDENCY_DOWN', `Kafka's ListOffsets answer lacks ${topic}-${partition}`);
  }
  return { start: start.offset, end: end.offset };
}
