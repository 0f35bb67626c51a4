/**
 * The writer's picture of one partition: its bounds and its segments, the unit of retention. Changes are made here
 * first and written with the next commit; where that fails, the picture is read again from the store, which is the
 * truth. It holds no batch and no record.
 */
import type { TopicConfig } from '../port.ts';
import {
  decodePartition,
  decodeSegment,
  encodePartition,
  encodeSegment,
  offsetOf,
  partitionKey,
  type SegmentRecord,
  segmentKey,
} from './keys.ts';
import type { Store, WriteBatch } from './store.ts';

export type Segment = { -readonly [K in keyof SegmentRecord]: SegmentRecord[K] };

/** What all partitions take together, as the quota counts it. */
export interface Usage {
  bytes: number;
}

const PAGE_BYTES = 4096;
/** From about half a page up LMDB puts a value into whole pages of its own, each run with a header of 16 bytes. */
const INLINE_BYTES_MAX = 2000;
const INLINE_EXTRA_BYTES = 48;

/** What a batch of that many bytes takes on the disk. */
export function storedBytes(batchBytes: number): number {
  if (batchBytes <= INLINE_BYTES_MAX) return batchBytes + INLINE_EXTRA_BYTES;
  return Math.ceil((batchBytes + 16) / PAGE_BYTES) * PAGE_BYTES;
}

export interface SegmentLimits {
  readonly bytesMax: number;
  /** A segment that was opened longer ago takes no more appends, or a quiet partition would never lose any. */
  readonly ageMsMax: number;
}

export class Partition {
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  config: TopicConfig;
  start = 0;
  end = 0;
  garbageFrom = 0;
  garbageBytes = 0;
  cleanedTo = 0;
  /** In the order of their offsets; the last one takes the appends. */
  segments: Segment[] = [];
  #bytes = 0;
  readonly #usage: Usage;
  readonly #changed = new Set<Segment>();
  readonly #removed = new Set<number>();

  constructor(id: number, partition: number, config: TopicConfig, usage: Usage) {
    this.id = id;
    this.topic = config.name;
    this.partition = partition;
    this.config = config;
    this.#usage = usage;
  }

  /** Of what can be read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the store's word for everything; `segmentKeys` are its keys of this partition, in order. */
  load(store: Store, segmentKeys: Iterable<Uint8Array>): void {
    this.#changed.clear();
    this.#removed.clear();
    this.#count(-this.#bytes, -this.garbageBytes);
    const record = store.get(partitionKey(this.id));
    Object.assign(
      this,
      record === undefined
        ? { start: 0, end: 0, garbageFrom: 0, garbageBytes: 0, cleanedTo: 0 }
        : decodePartition(record),
    );
    this.segments = [];
    for (const key of [...segmentKeys]) this.segments.push(decodeSegment(offsetOf(key), store.get(key)!));
    this.#bytes = this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
    this.#usage.bytes += this.#bytes + this.garbageBytes;
  }

  /** Counts one batch that takes the offsets [end, end + count). True where it begins a segment. */
  append(count: number, batchBytes: number, nowMs: number, limits: SegmentLimits): boolean {
    const bytes = storedBytes(batchBytes);
    let last = this.segments.at(-1);
    const before = last;
    if (last === undefined || last.bytes >= limits.bytesMax || nowMs - last.openedMs > limits.ageMsMax) {
      last = { base: this.end, end: this.end, bytes: 0, openedMs: nowMs, appendedMs: nowMs, hasTombstones: false };
      this.segments.push(last);
    }
    this.end += count;
    last.end = this.end;
    last.bytes += bytes;
    // A clock that went back must not make a segment look older than what it holds.
    last.appendedMs = Math.max(last.appendedMs, nowMs);
    this.#changed.add(last);
    this.#count(bytes, 0);
    return last !== before;
  }

  /**
   * Everything below `offset`, which is the base of a batch or the end, becomes garbage. A segment that it cuts keeps
   * a part of its bytes in proportion to its offsets: an estimate that ends with the segment.
   */
  truncate(offset: number): void {
    if (offset <= this.start) return;
    this.start = offset;
    let dropped = 0;
    while (this.segments.length > 0 && this.segments[0]!.end <= offset) {
      const segment = this.segments.shift()!;
      dropped += segment.bytes;
      this.#remove(segment);
    }
    const cut = this.segments[0];
    if (cut !== undefined && cut.base < offset) {
      const bytes = Math.floor(cut.bytes * ((offset - cut.base) / (cut.end - cut.base)));
      const { base, ...rest } = cut;
      this.#remove(cut);
      const left = { ...rest, base: offset, bytes: rest.bytes - bytes };
      this.segments[0] = left;
      this.#changed.add(left);
      dropped += bytes;
    }
    this.#count(-dropped, dropped);
    this.cleanedTo = Math.max(this.cleanedTo, Math.min(offset, this.end));
  }

  /** Garbage below `offset` has been removed. */
  collect(offset: number): void {
    const left = this.start - offset;
    const bytes = left <= 0 ? 0 : Math.floor(this.garbageBytes * (left / (this.start - this.garbageFrom)));
    this.garbageFrom = Math.min(offset, this.start);
    this.#count(0, bytes - this.garbageBytes);
  }

  /** A batch of the segment was rewritten. */
  resize(segment: Segment, bytesBefore: number, bytesAfter: number): void {
    const delta = Math.max(-segment.bytes, bytesAfter - bytesBefore);
    segment.bytes += delta;
    this.#changed.add(segment);
    this.#count(delta, 0);
  }

  setTombstones(segment: Segment, hasTombstones: boolean): void {
    if (segment.hasTombstones === hasTombstones) return;
    segment.hasTombstones = hasTombstones;
    this.#changed.add(segment);
  }

  /** Joins closed neighbours that compaction left small, so that segments do not outnumber their content. */
  joinSegments(before: number, bytesMax: number): void {
    const joined: Segment[] = [];
    for (const segment of this.segments) {
      const last = joined.at(-1);
      if (last === undefined || segment.end > before || last.bytes + segment.bytes > bytesMax) {
        joined.push(segment);
        continue;
      }
      last.end = segment.end;
      last.bytes += segment.bytes;
      last.appendedMs = Math.max(last.appendedMs, segment.appendedMs);
      last.hasTombstones ||= segment.hasTombstones;
      this.#changed.add(last);
      this.#remove(segment);
    }
    this.segments = joined;
  }

  /** Writes what changed since the last time. */
  write(batch: WriteBatch): void {
    for (const base of this.#removed) batch.delete(segmentKey(this.id, base));
    for (const segment of this.#changed) batch.put(segmentKey(this.id, segment.base), encodeSegment(segment));
    batch.put(partitionKey(this.id), encodePartition(this));
    this.#removed.clear();
    this.#changed.clear();
  }

  #remove(segment: Segment): void {
    this.#changed.delete(segment);
    this.#removed.add(segment.base);
  }

  #count(bytes: number, garbageBytes: number): void {
    this.#bytes += bytes;
    this.garbageBytes += garbageBytes;
    this.#usage.bytes += bytes + garbageBytes;
  }
}
