/**
 * How the embedded log lies in its store. One byte says what a key is for; numbers are big-endian, so that keys order
 * as their numbers do:
 *
 *   01 name                         → topic: JSON {id, config}; partition p of the topic has the id + p
 *   02 partition u32                → PartitionRecord: start, end, garbageFrom, garbageBytes, cleanedTo (i64 each)
 *   03 partition u32, base i64      → SegmentRecord: end, bytes, openedMs, appendedMs, hasTombstones (i64 each)
 *   04 partition u32, group         → the group's next offset, i64
 *   05 owner                        → the newest epoch, i64
 *   06 partition u32, baseOffset i64→ one record batch, its bytes as they are
 *   07 text                         → facts about the store itself: format, owning process
 */
import { ByteWriter } from '../../base/index.ts';

const TOPIC = 1;
const PARTITION = 2;
const SEGMENT = 3;
const GROUP = 4;
const OWNER = 5;
const BATCH = 6;
const FACT = 7;

/** LMDB's limit is 1,978 with pages of 4 KiB; names are far below. */
export const NAME_BYTES_MAX = 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export interface PartitionRecord {
  readonly start: number;
  readonly end: number;
  /** Batches in [garbageFrom, start) are no longer read and wait for their removal. */
  readonly garbageFrom: number;
  readonly garbageBytes: number;
  /** Below it, each key has one record (compaction). */
  readonly cleanedTo: number;
}

export interface SegmentRecord {
  readonly base: number;
  /** The next offset after its last. */
  readonly end: number;
  readonly bytes: number;
  /** Unix time in ms of the first and of the newest append. */
  readonly openedMs: number;
  readonly appendedMs: number;
  readonly hasTombstones: boolean;
}

function textKey(kind: number, text: string): Uint8Array {
  const bytes = encoder.encode(text);
  const key = new Uint8Array(1 + bytes.length);
  key[0] = kind;
  key.set(bytes, 1);
  return key;
}

function numberedKey(kind: number, partitionId: number, offset: number): Uint8Array {
  const key = new Uint8Array(13);
  key[0] = kind;
  putU32(key, 1, partitionId);
  putU32(key, 5, Math.floor(offset / 2 ** 32));
  putU32(key, 9, offset >>> 0);
  return key;
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function u32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function i64At(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at) * 2 ** 32 + u32At(bytes, at + 4);
}

export const topicKey = (name: string): Uint8Array => textKey(TOPIC, name);
export const ownerKey = (owner: string): Uint8Array => textKey(OWNER, owner);
export const factKey = (name: string): Uint8Array => textKey(FACT, name);
export const segmentKey = (partitionId: number, base: number): Uint8Array => numberedKey(SEGMENT, partitionId, base);
export const batchKey = (partitionId: number, base: number): Uint8Array => numberedKey(BATCH, partitionId, base);

export function partitionKey(partitionId: number): Uint8Array {
  const key = new Uint8Array(5);
  key[0] = PARTITION;
  putU32(key, 1, partitionId);
  return key;
}

export function groupKey(partitionId: number, group: string): Uint8Array {
  const name = encoder.encode(group);
  const key = new Uint8Array(5 + name.length);
  key[0] = GROUP;
  putU32(key, 1, partitionId);
  key.set(name, 5);
  return key;
}

const kindRange = (kind: number) => ({ from: Uint8Array.of(kind), to: Uint8Array.of(kind + 1) });
export const TOPIC_RANGE = kindRange(TOPIC);
export const OWNER_RANGE = kindRange(OWNER);
export const SEGMENT_RANGE = kindRange(SEGMENT);

/** The batches of a partition that begin in [from, to). */
export function batchRange(partitionId: number, from: number, to: number): { from: Uint8Array; to: Uint8Array } {
  return { from: batchKey(partitionId, from), to: batchKey(partitionId, to) };
}

/** Of a segment or batch key. */
export const partitionIdOf = (key: Uint8Array): number => u32At(key, 1);
export const offsetOf = (key: Uint8Array): number => i64At(key, 5);
/** Of a topic or owner key. */
export const nameOf = (key: Uint8Array): string => decoder.decode(key.subarray(1));

export function encodeNumbers(...values: readonly number[]): Uint8Array {
  const writer = new ByteWriter(values.length * 8);
  for (const value of values) writer.i64(value);
  return writer.take();
}

export const decodeNumber = (bytes: Uint8Array): number => i64At(bytes, 0);

export function encodePartition(record: PartitionRecord): Uint8Array {
  return encodeNumbers(record.start, record.end, record.garbageFrom, record.garbageBytes, record.cleanedTo);
}

export function decodePartition(bytes: Uint8Array): PartitionRecord {
  return {
    start: i64At(bytes, 0),
    end: i64At(bytes, 8),
    garbageFrom: i64At(bytes, 16),
    garbageBytes: i64At(bytes, 24),
    cleanedTo: i64At(bytes, 32),
  };
}

export function encodeSegment(record: SegmentRecord): Uint8Array {
  return encodeNumbers(record.end, record.bytes, record.openedMs, record.appendedMs, record.hasTombstones ? 1 : 0);
}

export function decodeSegment(base: number, bytes: Uint8Array): SegmentRecord {
  return {
    base,
    end: i64At(bytes, 0),
    bytes: i64At(bytes, 8),
    openedMs: i64At(bytes, 16),
    appendedMs: i64At(bytes, 24),
    hasTombstones: i64At(bytes, 32) !== 0,
  };
}

export const encodeJson = (value: object): Uint8Array => encoder.encode(JSON.stringify(value));
export const decodeJson = (bytes: Uint8Array): unknown => JSON.parse(decoder.decode(bytes));
