/**
 * Reads the embedded log, in the log's own thread, in a worker, in another process or in the simulator: its two inputs
 * are the store's snapshots and the ends. No work is done for a record, and no snapshot is kept between two calls.
 */
import { type Clock, MsecError, type Timer } from '../../base/index.ts';
import type { FetchedBatches, LogReader, PartitionBounds, PartitionPosition } from '../port.ts';
import type { Ends } from './ends.ts';
import { batchKey, batchRange, decodeJson, decodeNumber, groupKey, topicKey } from './keys.ts';
import type { Store } from './store.ts';
import type { TopicRecord } from './topic-record.ts';

const BUFFER_BYTES_MIN = 64 * 1024;
const AT_LAST_OFFSET_DELTA = 23;

export class EmbeddedReader implements LogReader {
  readonly #store: Store;
  readonly #ends: Ends;
  readonly #clock: Clock;
  readonly #whenClosed: () => Promise<void>;
  readonly #topics = new Map<string, { id: number; partitions: number }>();
  /** Ends each wait that goes on. */
  readonly #stops = new Set<() => void>();
  #isClosed = false;
  #buffer = new Uint8Array(BUFFER_BYTES_MIN);
  /** Of the batch before: the guess at the next one's, so that a batch which will not fit is not copied in vain. */
  #batchBytes = 0;

  /** `whenClosed`: what else ends with the reader, such as a store of its own. */
  constructor(store: Store, ends: Ends, clock: Clock, whenClosed: () => Promise<void> = () => Promise.resolve()) {
    this.#store = store;
    this.#ends = ends;
    this.#clock = clock;
    this.#whenClosed = whenClosed;
  }

  async fetch(topic: string, partition: number, offset: number, bytesMax: number): Promise<FetchedBatches> {
    const id = this.#partitionId(topic, partition);
    // The end first, the snapshot after it: whatever lies below the end is in the snapshot.
    const bounds = this.#boundsOf(id);
    if (offset < bounds.start || offset > bounds.end) throw outOfRange(topic, partition, offset, bounds);
    if (offset === bounds.end) return { bytes: this.#buffer, start: 0, end: 0, bounds };
    this.#store.refresh();
    try {
      const end = this.#copyBatches(id, offset, bounds.end, bytesMax);
      const start = this.#ends.start(id);
      // What retention or a truncation took between the two looks may be missing from the snapshot.
      if (offset < start) throw outOfRange(topic, partition, offset, { start, end: bounds.end });
      if (end === 0) throw new MsecError('ASSERTION_FAILED', `${topic}-${partition} has a hole at offset ${offset}`);
      return { bytes: this.#buffer, start: 0, end, bounds };
    } finally {
      this.#store.refresh();
    }
  }

  async bounds(topic: string, partition: number): Promise<PartitionBounds> {
    return this.#boundsOf(this.#partitionId(topic, partition));
  }

  async committed(group: string, topic: string): Promise<readonly (number | null)[]> {
    const id = this.#partitionId(topic, 0);
    const { partitions } = this.#topics.get(topic)!;
    this.#store.refresh();
    const offsets: (number | null)[] = [];
    for (let i = 0; i < partitions; i++) {
      const bytes = this.#store.get(groupKey(id + i, group));
      offsets.push(bytes === undefined ? null : decodeNumber(bytes));
    }
    this.#store.refresh();
    return offsets;
  }

  async wait(positions: readonly PartitionPosition[], timeoutMs: number): Promise<boolean> {
    const wanted = positions.map(({ topic, partition, offset }) => ({
      id: this.#partitionId(topic, partition),
      offset,
    }));
    return new Promise((resolve) => {
      let unsubscribe = () => {};
      let timer: Timer | undefined;
      const finish = (hasSome: boolean) => {
        unsubscribe();
        timer?.cancel();
        this.#stops.delete(stop);
        resolve(hasSome);
      };
      const stop = () => finish(false);
      const look = () => {
        for (const { id, offset } of wanted) if (this.#ends.end(id) > offset) return finish(true);
      };
      this.#stops.add(stop);
      timer = this.#clock.after(timeoutMs, stop);
      unsubscribe = this.#ends.subscribe(look);
      look();
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of [...this.#stops]) stop();
    await this.#whenClosed();
  }

  #partitionId(topic: string, partition: number): number {
    if (this.#isClosed) throw new MsecError('CLOSED', 'the reader is closed');
    let known = this.#topics.get(topic);
    if (known === undefined) {
      this.#store.refresh();
      const bytes = this.#store.get(topicKey(topic));
      if (bytes === undefined) throw new MsecError('TOPIC_UNKNOWN', `no topic ${topic}`, { field: 'topic' });
      const { id, config } = decodeJson(bytes) as TopicRecord;
      this.#store.refresh();
      known = { id, partitions: config.partitions };
      this.#topics.set(topic, known);
    }
    if (!Number.isInteger(partition) || partition < 0 || partition >= known.partitions) {
      throw new MsecError('TOPIC_UNKNOWN', `${topic} has no partition ${partition}`, { field: 'partition' });
    }
    return known.id + partition;
  }

  #boundsOf(id: number): PartitionBounds {
    const end = this.#ends.end(id);
    return { start: this.#ends.start(id), end };
  }

  /** Copies whole batches from the one that holds `from` on, below `end`; gives how many bytes. */
  #copyBatches(id: number, from: number, end: number, bytesMax: number): number {
    let length = 0;
    let next = from;
    let batch = this.#batchAt(id, from, end);
    while (batch !== undefined) {
      if (length > 0 && length + batch.length > bytesMax) break;
      if (length + batch.length > this.#buffer.length) this.#grow(length, length + batch.length, bytesMax);
      this.#buffer.set(batch, length);
      this.#batchBytes = batch.length;
      next = lastOffsetOf(this.#buffer, length) + 1;
      length += batch.length;
      if (next >= end || length + this.#batchBytes > bytesMax) break;
      // The next batch nearly always begins where this one ends; only compaction leaves gaps.
      batch = this.#store.get(batchKey(id, next)) ?? this.#firstFrom(id, next, end);
    }
    return length;
  }

  /** The batch that holds the offset, else the first after it. */
  #batchAt(id: number, offset: number, end: number): Uint8Array | undefined {
    const exact = this.#store.get(batchKey(id, offset));
    if (exact !== undefined) return exact;
    for (const key of this.#store.keys({ ...batchRange(id, 0, offset), reverse: true, limit: 1 })) {
      const before = this.#store.get(key)!;
      if (lastOffsetOf(before, 0) >= offset) return before;
    }
    return this.#firstFrom(id, offset, end);
  }

  #firstFrom(id: number, offset: number, end: number): Uint8Array | undefined {
    for (const key of this.#store.keys({ ...batchRange(id, offset, end), limit: 1 })) return this.#store.get(key);
    return undefined;
  }

  #grow(used: number, needed: number, bytesMax: number): void {
    const capacity = Math.max(needed, Math.min(this.#buffer.length * 2, bytesMax));
    const grown = new Uint8Array(capacity);
    grown.set(this.#buffer.subarray(0, used));
    this.#buffer = grown;
  }
}

function lastOffsetOf(bytes: Uint8Array, at: number): number {
  let base = 0;
  for (let i = 0; i < 8; i++) base = base * 256 + bytes[at + i]!;
  const delta = at + AT_LAST_OFFSET_DELTA;
  return base + ((bytes[delta]! << 24) | (bytes[delta + 1]! << 16) | (bytes[delta + 2]! << 8) | bytes[delta + 3]!);
}

function outOfRange(topic: string, partition: number, offset: number, bounds: PartitionBounds): MsecError {
  const text = `offset ${offset} of ${topic}-${partition} is outside of ${bounds.start} to ${bounds.end}`;
  return new MsecError('OFFSET_OUT_OF_RANGE', text, { field: 'offset' });
}
