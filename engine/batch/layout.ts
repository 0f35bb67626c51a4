/**
 * The record-batch v2 layout (Kafka protocol guide, "Record Batch"), all integers big-endian:
 *
 *   RecordBatch = baseOffset i64, batchLength i32 (the bytes after it), partitionLeaderEpoch i32, magic i8 = 2,
 *                 crc u32 (CRC-32C from attributes to the end), attributes i16, lastOffsetDelta i32,
 *                 baseTimestamp i64, maxTimestamp i64, producerId i64, producerEpoch i16, baseSequence i32,
 *                 recordCount i32, Record* (as one compressed block where attributes name a codec)
 *   Record      = length varint, attributes i8, timestampDelta varlong, offsetDelta varint,
 *                 keyLength varint, key, valueLength varint, value, headerCount varint, Header*
 *   Header      = nameLength varint, name, valueLength varint, value
 *   attributes  = bits 0..2 codec, 3 log-append time, 4 transactional, 5 control, 6 delete horizon
 *   varint      = zigzag, 7 bits a byte, low bits first; a length of -1 is null
 */
import { MsecError } from '../base/index.ts';

export const AT_BATCH_LENGTH = 8;
export const AT_LEADER_EPOCH = 12;
export const AT_MAGIC = 16;
export const AT_CRC = 17;
export const AT_ATTRIBUTES = 21;
export const AT_LAST_OFFSET_DELTA = 23;
export const AT_BASE_TIMESTAMP = 27;
export const AT_MAX_TIMESTAMP = 35;
export const AT_PRODUCER_ID = 43;
export const AT_PRODUCER_EPOCH = 51;
export const AT_BASE_SEQUENCE = 53;
export const AT_RECORD_COUNT = 57;

/** Bytes before the first record. */
export const BATCH_HEADER_BYTES = 61;
/** baseOffset and batchLength, which batchLength does not count. */
export const BATCH_LENGTH_END = 12;
/** A record's bytes after its length, with every field at its shortest. */
export const RECORD_BYTES_MIN = 6;

export const CODEC_MASK = 0x07;
export const LOG_APPEND_TIME_BIT = 0x08;
export const TRANSACTIONAL_BIT = 0x10;
export const CONTROL_BIT = 0x20;

/** A record's header; `value` is owned by whoever made the object. */
export interface Header {
  readonly name: string;
  readonly value: Uint8Array | null;
}

export function readI16(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16)) >> 16;
}

export function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** A signed 64-bit integer as a number; BATCH_CORRUPT beyond 2^53, where a number is no longer exact. */
export function readI64(bytes: Uint8Array, at: number, field: string): number {
  const value = readI32(bytes, at) * 2 ** 32 + (readI32(bytes, at + 4) >>> 0);
  if (!Number.isSafeInteger(value)) throw corrupt(`${field} is beyond 2^53`, field, at);
  return value;
}

export function writeI16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

export function writeI32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}

/** `value` is a safe integer. */
export function writeI64(bytes: Uint8Array, at: number, value: number): void {
  writeI32(bytes, at, Math.floor(value / 2 ** 32));
  writeI32(bytes, at + 4, value >>> 0);
}

export function corrupt(message: string, field: string, byteOffset: number, cause?: unknown): MsecError {
  return new MsecError('BATCH_CORRUPT', `${message} (${field} at byte ${byteOffset})`, { field, byteOffset, cause });
}

/**
 * How many bytes the batch at `start` takes, or 0 where it is cut off by `end`. Looks at length and magic only.
 * BATCH_CORRUPT where they cannot be a batch's.
 */
export function batchBytesAt(bytes: Uint8Array, start: number, end: number): number {
  const available = end - start;
  if (available < BATCH_LENGTH_END) return 0;
  const batchLength = readI32(bytes, start + AT_BATCH_LENGTH);
  if (available > AT_MAGIC && bytes[start + AT_MAGIC] !== 2) {
    throw corrupt(`magic is ${bytes[start + AT_MAGIC]}, only 2 is read`, 'magic', start + AT_MAGIC);
  }
  if (batchLength < BATCH_HEADER_BYTES - BATCH_LENGTH_END) {
    throw corrupt(`batchLength ${batchLength} is less than a header`, 'batchLength', start + AT_BATCH_LENGTH);
  }
  const total = batchLength + BATCH_LENGTH_END;
  return total > available ? 0 : total;
}
