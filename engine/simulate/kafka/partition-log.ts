/**
 * One partition as a broker keeps it: batches in order, what each producer wrote last (repeats and gaps are seen by
 * that), transactions that are open, and those that were aborted. As Kafka 4.1 was seen to answer; see
 * test/engine/simulate/kafka/broker-suite.ts, which asks both.
 */
import { BatchEncoder, batchSpans, hideBatch, rewriteBaseOffsets, stampBatch } from '../../batch/index.ts';
import { readI16, readI32 } from './batch-fields.ts';
import { ERROR } from './kafka-error-codes.ts';

interface StoredBatch {
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly last: number;
}

/** A batch that a producer wrote, by which its repeat is known. */
interface Written {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
}

interface ProducerEntry {
  epoch: number;
  /** The newest five, as Kafka keeps. */
  batches: Written[];
}

interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Of its marker. */
  readonly lastOffset: number;
}

export interface Appended {
  readonly error: number;
  readonly baseOffset: number;
}

const REMEMBERED_BATCHES = 5;
const SEQUENCE_END = 2 ** 31;

export class PartitionLog {
  start = 0;
  end = 0;
  bytes = 0;
  readonly #batches: StoredBatch[] = [];
  readonly #producers = new Map<number, ProducerEntry>();
  /** Producer id → first offset of its open transaction. */
  readonly #open = new Map<number, number>();
  readonly #aborted: AbortedTransaction[] = [];
  /** Base offsets of the batches of open transactions, and of those that were aborted. */
  readonly #openBatches = new Map<number, readonly number[]>();
  readonly #hidden = new Set<number>();
  readonly #listeners = new Set<() => void>();

  /** Everything below is committed or aborted. */
  get lastStableOffset(): number {
    return Math.min(this.end, ...this.#open.values());
  }

  /** Called after each change of `end` or of the last stable offset. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One batch from a client. The bytes are copied. */
  append(batch: Uint8Array): Appended {
    const bytes = batch.slice();
    const [span] = batchSpans(bytes);
    if (span === undefined || span.end !== bytes.length) return { error: ERROR.CORRUPT_MESSAGE, baseOffset: -1 };
    const { producerId, recordCount, isTransactional } = span;
    if (producerId >= 0) {
      const epoch = readI16(bytes, AT_PRODUCER_EPOCH);
      const firstSequence = readI32(bytes, AT_BASE_SEQUENCE);
      const lastSequence = (firstSequence + recordCount - 1) % SEQUENCE_END;
      const refused = this.#checkSequence(producerId, epoch, firstSequence, lastSequence);
      if (refused !== null) return refused;
      const entry = this.#producers.get(producerId)!;
      entry.batches.push({ firstSequence, lastSequence, baseOffset: this.end });
      if (entry.batches.length > REMEMBERED_BATCHES) entry.batches.shift();
      if (isTransactional) {
        if (!this.#open.has(producerId)) this.#open.set(producerId, this.end);
        this.#openBatches.set(producerId, [...(this.#openBatches.get(producerId) ?? []), this.end]);
      }
    }
    return { error: ERROR.NONE, baseOffset: this.#store(bytes) };
  }

  hasOpenTransaction(producerId: number): boolean {
    return this.#open.has(producerId);
  }

  /** The end of a transaction, with the epoch that counts from now on. */
  writeMarker(producerId: number, epoch: number, isCommitted: boolean, nowMs: number): void {
    const entry = this.#producers.get(producerId) ?? { epoch, batches: [] };
    if (epoch > entry.epoch) entry.batches = [];
    entry.epoch = Math.max(entry.epoch, epoch);
    this.#producers.set(producerId, entry);
    const firstOffset = this.#open.get(producerId);
    this.#open.delete(producerId);
    if (firstOffset !== undefined && !isCommitted) {
      this.#aborted.push({ producerId, firstOffset, lastOffset: this.end });
      for (const base of this.#openBatches.get(producerId) ?? []) this.#hidden.add(base);
    }
    this.#openBatches.delete(producerId);
    this.#store(markerBatch(producerId, epoch, isCommitted, nowMs));
  }

  /** Whole batches from the one with `offset` on, below `limit`; the first however large it is. Own bytes. */
  read(offset: number, limit: number, bytesMax: number): Uint8Array {
    const found: Uint8Array[] = [];
    let bytes = 0;
    for (const batch of this.#batches) {
      if (batch.last < offset) continue;
      if (batch.base >= limit || (found.length > 0 && bytes + batch.bytes.length > bytesMax)) break;
      found.push(batch.bytes);
      bytes += batch.bytes.length;
    }
    return new Uint8Array(Buffer.concat(found));
  }

  /** Of transactions that reach into [offset, end). */
  aborted(offset: number, end: number): readonly { readonly producerId: number; readonly firstOffset: number }[] {
    return this.#aborted.filter(({ firstOffset, lastOffset }) => firstOffset < end && lastOffset >= offset);
  }

  isAborted(baseOffset: number): boolean {
    return this.#hidden.has(baseOffset);
  }

  deleteBefore(offset: number): void {
    this.start = Math.max(this.start, Math.min(offset, this.lastStableOffset));
    while (this.#batches.length > 0 && this.#batches[0]!.last < this.start) {
      this.bytes -= this.#batches.shift()!.bytes.length;
    }
  }

  /** Null where the batch is the next one. */
  #checkSequence(producerId: number, epoch: number, first: number, last: number): Appended | null {
    const entry = this.#producers.get(producerId);
    if (entry === undefined) {
      this.#producers.set(producerId, { epoch, batches: [] });
      return null;
    }
    if (epoch < entry.epoch) return { error: ERROR.INVALID_PRODUCER_EPOCH, baseOffset: -1 };
    if (epoch > entry.epoch) {
      if (first !== 0) return { error: ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 };
      entry.epoch = epoch;
      entry.batches = [];
      return null;
    }
    const repeated = entry.batches.find((known) => known.firstSequence === first && known.lastSequence === last);
    if (repeated !== undefined) return { error: ERROR.NONE, baseOffset: repeated.baseOffset };
    const before = entry.batches.at(-1)?.lastSequence ?? -1;
    if (first === (before + 1) % SEQUENCE_END) return null;
    return { error: ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 };
  }

  #store(bytes: Uint8Array): number {
    const base = this.end;
    this.end = rewriteBaseOffsets(bytes, base);
    this.#batches.push({ bytes, base, last: this.end - 1 });
    this.bytes += bytes.length;
    for (const listener of [...this.#listeners]) listener();
    return base;
  }
}

const AT_PRODUCER_EPOCH = 51;
const AT_BASE_SEQUENCE = 53;
const COORDINATOR_EPOCH = 0;

/** Key: version i16, type i16 (0 abort, 1 commit); value: version i16, coordinator epoch i32 (KIP-98, "Control Messages"). */
function markerBatch(producerId: number, producerEpoch: number, isCommitted: boolean, nowMs: number): Uint8Array {
  const encoder = new BatchEncoder();
  const key = new Uint8Array([0, 0, 0, isCommitted ? 1 : 0]);
  const value = new Uint8Array([0, 0, 0, 0, 0, COORDINATOR_EPOCH]);
  encoder.append(nowMs, key, 0, key.length, value, 0, value.length);
  const bytes = encoder.finish();
  hideBatch(bytes, 0, bytes.length);
  stampBatch(bytes, 0, bytes.length, { producerId, producerEpoch, baseSequence: -1, isTransactional: true });
  return bytes;
}
