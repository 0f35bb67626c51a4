/**
 * Compaction of one partition: of its closed segments, each key keeps its newest record. Offsets stay, so gaps appear.
 * First the dirty part (what was closed since the last time) is read for the newest offset of each key, then
 * everything up to its end is rewritten, oldest first: a crash between two steps leaves both an older and a newer
 * record of a key, never neither. Records without a key stay. Each step handles a few MiB.
 */
import { BATCH_HEADER_BYTES, BatchCursor, crc32c, NewestRecords } from '../../batch/index.ts';
import type { CommitGroup } from './group-commit.ts';
import { batchKey, batchRange, offsetOf } from './keys.ts';
import { type Partition, type Segment, storedBytes } from './partition.ts';
import type { Store } from './store.ts';

export interface CompactionLimits {
  /** Tombstones in segments whose newest append is older are forgotten. */
  readonly tombstonesBeforeMs: number;
  /** Nobody misses tombstones below this offset: every required reader has read them. */
  readonly readTo: number;
}

const STEP_BYTES_MAX = 2 * 1024 * 1024;
const STEP_BATCHES_MAX = 1_000;
/** Records that are looked up together. */
const STRETCH_RECORDS = 1024;
/** Keys of one run; what lies behind is the next run's. A key costs some 50 bytes and its own. */
const KEYS_MAX = 1_000_000;
/** A run rewrites everything closed, so it waits until the dirty part is that much of it. */
const DIRTY_SHARE_MIN = 0.5;

// Positions in a batch's header (Kafka protocol guide, "Record Batch").
const AT_BATCH_LENGTH = 8;
const BATCH_LENGTH_END = 12;
const AT_CRC = 17;
const AT_ATTRIBUTES = 21;
const AT_RECORD_COUNT = 57;
const CODEC_MASK = 0x07;

export class Compaction {
  isDone = false;
  readonly #partition: Partition;
  readonly #store: Store;
  readonly #limits: CompactionLimits;
  readonly #newest = new NewestRecords();
  /** By base offset of a batch of the dirty part: number of its first record. */
  readonly #firstRecords = new Map<number, number>();
  /** Of the records at hand: 1 where there is a newer one of its key in the dirty part. */
  readonly #isSuperseded = new Uint8Array(STRETCH_RECORDS);
  /** Where each record that stays begins and ends, of the batch at hand. */
  #kept = new Int32Array(0);
  readonly #cursor = new BatchCursor({ readAhead: STRETCH_RECORDS });
  /** For the batches that a step rewrites. */
  readonly #memory = new Uint8Array(STEP_BYTES_MAX);
  #memoryUsed = 0;
  readonly #end: number;
  #phase: 'index' | 'rewrite' = 'index';
  #next: number;
  /** Everything below is compacted when the run ends. */
  #cleanTo: number;
  /** Segments that still have a tombstone, by base. */
  readonly #withTombstones = new Set<number>();

  /** Undefined where there is nothing worth doing. */
  static of(partition: Partition, store: Store, limits: CompactionLimits): Compaction | undefined {
    const closed = partition.segments.slice(0, -1);
    const end = closed.at(-1)?.end ?? partition.start;
    const bytes = closed.reduce((sum, segment) => sum + segment.bytes, 0);
    const dirty = closed.reduce((sum, segment) => sum + (segment.end > partition.cleanedTo ? segment.bytes : 0), 0);
    const isDue = dirty > 0 && dirty >= bytes * DIRTY_SHARE_MIN;
    const hasExpired = closed.some((segment) => segment.end <= partition.cleanedTo && isExpired(segment, limits));
    return isDue || hasExpired ? new Compaction(partition, store, limits, end) : undefined;
  }

  private constructor(partition: Partition, store: Store, limits: CompactionLimits, end: number) {
    this.#partition = partition;
    this.#store = store;
    this.#limits = limits;
    this.#end = end;
    this.#next = partition.cleanedTo;
    this.#cleanTo = end;
  }

  /** BATCH_CORRUPT: then the partition is left as it is. The step before is on the disk, and its memory used again. */
  step(group: CommitGroup): void {
    this.#memoryUsed = 0;
    this.#next = Math.max(this.#next, this.#partition.start);
    if (this.#phase === 'index') this.#index();
    else this.#rewrite(group);
  }

  #index(): void {
    let bytes = 0;
    const keys = this.#batchKeys(this.#end);
    for (const key of keys) {
      const batch = this.#store.get(key)!;
      bytes += batch.length;
      this.#noteKeys(batch);
      this.#next = this.#cursor.offsetNext;
      if (this.#newest.size >= KEYS_MAX) {
        this.#cleanTo = this.#next;
        this.#beginRewrite();
        return;
      }
      if (bytes >= STEP_BYTES_MAX) return;
    }
    if (keys.length < STEP_BATCHES_MAX) this.#beginRewrite();
  }

  #noteKeys(batch: Uint8Array): void {
    const cursor = this.#cursor;
    const { places } = cursor;
    cursor.reset(batch);
    while (cursor.readAhead() > 0) {
      if (!this.#firstRecords.has(cursor.baseOffset)) this.#firstRecords.set(cursor.baseOffset, this.#newest.records);
      this.#newest.take(cursor.bytes, places, 0, places.length);
      cursor.moveTo(places.length - 1);
    }
  }

  #beginRewrite(): void {
    this.#phase = 'rewrite';
    this.#next = this.#partition.start;
  }

  #rewrite(group: CommitGroup): void {
    const partition = this.#partition;
    let bytes = 0;
    group.touched.add(partition);
    const keys = this.#batchKeys(this.#cleanTo);
    for (const key of keys) {
      const base = offsetOf(key);
      const segment = partition.segments.find(({ end }) => end > base);
      if (segment === undefined) continue;
      const batch = this.#store.get(key)!;
      const kept = this.#retained(batch, segment);
      this.#next = this.#cursor.offsetNext;
      bytes += batch.length;
      if (kept === undefined) group.batch.delete(batchKey(partition.id, base));
      else if (kept !== batch) group.batch.put(batchKey(partition.id, base), kept);
      if (kept !== batch) partition.resize(segment, storedBytes(batch.length), kept ? storedBytes(kept.length) : 0);
      if (bytes >= STEP_BYTES_MAX) return;
    }
    if (keys.length < STEP_BATCHES_MAX) this.#finish();
  }

  #finish(): void {
    const partition = this.#partition;
    for (const segment of partition.segments) {
      if (segment.end <= this.#cleanTo) partition.setTombstones(segment, this.#withTombstones.has(segment.base));
    }
    partition.cleanedTo = Math.max(partition.cleanedTo, this.#cleanTo);
    partition.joinSegments(this.#cleanTo, partition.config.segmentBytes ?? STEP_BYTES_MAX);
    this.isDone = true;
  }

  #batchKeys(end: number): readonly Uint8Array[] {
    return [...this.#store.keys({ ...batchRange(this.#partition.id, this.#next, end), limit: STEP_BATCHES_MAX })];
  }

  /** The batch itself where every record stays, undefined where none does. */
  #retained(batch: Uint8Array, segment: Segment): Uint8Array | undefined {
    const cursor = this.#cursor;
    cursor.reset(batch);
    if (!cursor.nextBatch()) return undefined;
    const count = cursor.recordCount;
    const isPacked = (cursor.attributes & CODEC_MASK) !== 0;
    // The records as they lie, one behind the other; each begins where the one before ended.
    let recordAt = isPacked ? 0 : BATCH_HEADER_BYTES;
    if (this.#kept.length < 2 * count) this.#kept = new Int32Array(2 * count);
    const kept = this.#kept;
    const { places } = cursor;
    const firstRecord = this.#firstRecords.get(cursor.baseOffset) ?? -1;
    let length = 0;
    for (let seen = 0; seen < count; seen += places.length) {
      cursor.readAhead();
      const { bytes } = cursor;
      this.#lookAt(bytes, firstRecord < 0 ? -1 : firstRecord + seen);
      for (let i = 0; i < places.length; i++) {
        const headersAt = places.headerStarts[i]!;
        const end = bytes[headersAt] === 0 ? headersAt + 1 : recordEnd(bytes, recordAt);
        if (this.#isKept(segment, i)) {
          kept[length++] = recordAt;
          kept[length++] = end;
        }
        recordAt = end;
      }
      cursor.moveTo(places.length - 1);
    }
    cursor.nextBatch();
    if (length === 2 * count) return batch;
    if (length === 0) return undefined;
    const bytes = this.#room(kept, length);
    rebuild(batch, cursor.bytes, kept, length, bytes);
    return bytes;
  }

  /** For a batch of the records that stay. */
  #room(kept: Int32Array, length: number): Uint8Array {
    let size = BATCH_HEADER_BYTES;
    for (let i = 0; i < length; i += 2) size += kept[i + 1]! - kept[i]!;
    const from = this.#memoryUsed;
    if (from + size > this.#memory.length) return new Uint8Array(size);
    this.#memoryUsed = from + size;
    return this.#memory.subarray(from, from + size);
  }

  /** The records at hand; `record`: number of the first, -1 where they are not of the dirty part. */
  #lookAt(bytes: Uint8Array, record: number): void {
    const { places } = this.#cursor;
    const isSuperseded = this.#isSuperseded;
    // What was compacted before is older than all that is dirty.
    if (record < 0) this.#newest.findEach(bytes, places, 0, places.length, isSuperseded);
    else for (let i = 0; i < places.length; i++) isSuperseded[i] = this.#newest.isSuperseded(record + i) ? 1 : 0;
  }

  /** The record at that place of the stretch at hand. */
  #isKept(segment: Segment, i: number): boolean {
    const { places, baseOffset } = this.#cursor;
    if (places.keyStarts[i]! < 0) return true;
    if (this.#isSuperseded[i] === 1) return false;
    if (places.valueStarts[i]! >= 0) return true;
    const offset = baseOffset + places.offsetDeltas[i]!;
    if (segment.appendedMs < this.#limits.tombstonesBeforeMs && offset < this.#limits.readTo) return false;
    this.#withTombstones.add(segment.base);
    return true;
  }
}

function isExpired(segment: Segment, limits: CompactionLimits): boolean {
  return segment.hasTombstones && segment.appendedMs < limits.tombstonesBeforeMs && segment.end <= limits.readTo;
}

/** A record is its length as a zigzag varint, and that many bytes; the cursor has checked it. */
function recordEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  let raw = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    raw |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return at + (raw >>> 1);
}

/** The same batch with some of its records, uncompressed, into `bytes`: base offset, last offset and timestamps stay. */
function rebuild(batch: Uint8Array, records: Uint8Array, kept: Int32Array, length: number, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  bytes.set(batch.subarray(0, BATCH_HEADER_BYTES));
  let at = BATCH_HEADER_BYTES;
  // What stays side by side is copied at once.
  for (let i = 0; i < length; ) {
    const start = kept[i]!;
    let end = kept[i + 1]!;
    for (i += 2; i < length && kept[i] === end; i += 2) end = kept[i + 1]!;
    bytes.set(records.subarray(start, end), at);
    at += end - start;
  }
  view.setInt32(AT_BATCH_LENGTH, bytes.length - BATCH_LENGTH_END);
  view.setInt16(AT_ATTRIBUTES, view.getInt16(AT_ATTRIBUTES) & ~CODEC_MASK);
  view.setInt32(AT_RECORD_COUNT, length / 2);
  view.setUint32(AT_CRC, crc32c(bytes, AT_ATTRIBUTES, bytes.length));
}
