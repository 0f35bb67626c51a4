/**
 * Whole batches as the log handles them: where each lies and which offsets it takes, without walking records; giving
 * them their place in the log; and the full check of bytes that come from outside.
 */
import { assert, MsecError } from '../base/index.ts';
import { crc32c, crc32cAfterChange } from './crc32c.ts';
import { BatchCursor } from './cursor.ts';
import {
  AT_ATTRIBUTES,
  AT_BASE_SEQUENCE,
  AT_CRC,
  AT_LAST_OFFSET_DELTA,
  AT_MAX_TIMESTAMP,
  AT_PRODUCER_EPOCH,
  AT_PRODUCER_ID,
  AT_RECORD_COUNT,
  batchBytesAt,
  CONTROL_BIT,
  corrupt,
  readI16,
  readI32,
  readI64,
  TRANSACTIONAL_BIT,
  writeI16,
  writeI32,
  writeI64,
} from './layout.ts';

export interface BatchSpan {
  /** The batch is bytes[start, end). */
  readonly start: number;
  readonly end: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly recordCount: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
}

/** The whole batches of bytes[start, end), in order; a last one that is cut off is left out. BATCH_CORRUPT. */
export function* batchSpans(bytes: Uint8Array, start = 0, end = bytes.length): Generator<BatchSpan, void, void> {
  let at = start;
  while (at < end) {
    const size = batchBytesAt(bytes, at, end);
    if (size === 0) return;
    const baseOffset = readI64(bytes, at, 'baseOffset');
    const attributes = readI16(bytes, at + AT_ATTRIBUTES);
    yield {
      start: at,
      end: at + size,
      baseOffset,
      lastOffset: baseOffset + lastOffsetDeltaAt(bytes, at),
      recordCount: readI32(bytes, at + AT_RECORD_COUNT),
      maxTimestamp: readI64(bytes, at + AT_MAX_TIMESTAMP, 'maxTimestamp'),
      producerId: readI64(bytes, at + AT_PRODUCER_ID, 'producerId'),
      isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
      isControl: (attributes & CONTROL_BIT) !== 0,
    };
    at += size;
  }
}

/**
 * Numbers consecutive whole batches from `baseOffset` on, in place, each after the one before; gives the offset after
 * the last. The base offset lies outside of the sum, so nothing else changes. BATCH_CORRUPT, also where the last is
 * cut off; then some may have been renumbered.
 */
export function rewriteBaseOffsets(bytes: Uint8Array, baseOffset: number, start = 0, end = bytes.length): number {
  let offset = baseOffset;
  let at = start;
  assert(Number.isSafeInteger(baseOffset) && baseOffset >= 0, `base offset ${baseOffset}`);
  while (at < end) {
    const size = batchBytesAt(bytes, at, end);
    if (size === 0) throw corrupt('the last batch is cut off', 'batchLength', at);
    writeI64(bytes, at, offset);
    offset += lastOffsetDeltaAt(bytes, at) + 1;
    assert(Number.isSafeInteger(offset), 'offsets end at 2^53');
    at += size;
  }
  return offset;
}

/**
 * Turns the batch bytes[start, end) into a control batch, sum included: cursors pass over it and count its offsets.
 * For batches that must not be seen, as those of an aborted transaction.
 */
export function hideBatch(bytes: Uint8Array, start: number, end: number): void {
  writeI16(bytes, start + AT_ATTRIBUTES, readI16(bytes, start + AT_ATTRIBUTES) | CONTROL_BIT);
  writeI32(bytes, start + AT_CRC, crc32c(bytes, start + AT_ATTRIBUTES, end));
}

/** Who writes a batch, and in which place of its order (Kafka KIP-98): what a broker refuses repeats and gaps by. */
export interface BatchStamp {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Counts the records of a partition from 0 after each epoch. */
  readonly baseSequence: number;
  readonly isTransactional: boolean;
}

/** From the attributes on; behind it come the number of records and the records. */
const STAMPED_BYTES = AT_RECORD_COUNT - AT_ATTRIBUTES;
const stamped = new Uint8Array(STAMPED_BYTES);

/**
 * Writes the stamp into the one batch bytes[start, end), in place, sum included. The records are summed once, to see that
 * the sum held before: BATCH_CORRUPT where it did not. The new one follows from it and from what the stamp changes.
 */
export function stampBatch(bytes: Uint8Array, start: number, end: number, stamp: BatchStamp): void {
  const { producerId, producerEpoch, baseSequence, isTransactional } = stamp;
  const from = start + AT_ATTRIBUTES;
  const sum = readI32(bytes, start + AT_CRC) >>> 0;
  if (crc32c(bytes, from, end) !== sum) throw corrupt('the sum does not hold', 'crc', start + AT_CRC);
  for (let i = 0; i < STAMPED_BYTES; i++) stamped[i] = bytes[from + i]!;
  const attributes = readI16(bytes, from);
  writeI16(bytes, from, isTransactional ? attributes | TRANSACTIONAL_BIT : attributes & ~TRANSACTIONAL_BIT);
  writeI64(bytes, start + AT_PRODUCER_ID, producerId);
  writeI16(bytes, start + AT_PRODUCER_EPOCH, producerEpoch);
  writeI32(bytes, start + AT_BASE_SEQUENCE, baseSequence);
  for (let i = 0; i < STAMPED_BYTES; i++) stamped[i]! ^= bytes[from + i]!;
  writeI32(bytes, start + AT_CRC, crc32cAfterChange(sum, stamped, end - from - STAMPED_BYTES));
}

/** The sequence number `count` records later: after the largest of 31 bits comes 0 (KIP-98). */
export function sequenceAfter(sequence: number, count: number): number {
  const next = sequence + count;
  return next > SEQUENCE_MAX ? next - SEQUENCE_MAX - 1 : next;
}
const SEQUENCE_MAX = 0x7fffffff;

function lastOffsetDeltaAt(bytes: Uint8Array, at: number): number {
  const delta = readI32(bytes, at + AT_LAST_OFFSET_DELTA);
  if (delta < 0) throw corrupt(`lastOffsetDelta ${delta}`, 'lastOffsetDelta', at + AT_LAST_OFFSET_DELTA);
  return delta;
}

export interface BatchLimits {
  /** The most one batch may take, compressed. */
  readonly batchBytesMax: number;
  /** The most one batch may unpack to. */
  readonly decompressedBytesMax?: number;
  readonly recordsMax?: number;
}

export interface BatchTotals {
  readonly batchCount: number;
  readonly recordCount: number;
  readonly maxTimestamp: number;
}

/**
 * Walks every record of bytes that come from outside, before they are stored: sums, lengths, offsets that follow one
 * another without gaps, maxTimestamp, no control batch, nothing cut off. BATCH_CORRUPT, BATCH_TOO_LARGE.
 */
export function validateBatches(bytes: Uint8Array, limits: BatchLimits): BatchTotals {
  const { batchBytesMax, decompressedBytesMax = 16 * 1024 * 1024, recordsMax = Number.MAX_SAFE_INTEGER } = limits;
  const cursor = new BatchCursor({ includeControl: true, decompressedBytesMax });
  cursor.reset(bytes);
  let batchCount = 0;
  let recordCount = 0;
  let maxTimestamp = -1;
  while (cursor.nextBatch()) {
    const at = cursor.batchStart;
    const size = cursor.batchEnd - at;
    if (size > batchBytesMax) throw tooLarge(`a batch of ${size} bytes; the limit is ${batchBytesMax}`, at);
    if (cursor.isControl) throw corrupt('a control batch from outside', 'attributes', at);
    if (cursor.recordCount === 0) throw corrupt('a batch without records', 'recordCount', at + AT_RECORD_COUNT);
    if (cursor.recordCount !== cursor.lastOffset - cursor.baseOffset + 1) {
      throw corrupt('offsets have gaps', 'lastOffsetDelta', at + AT_LAST_OFFSET_DELTA);
    }
    recordCount += cursor.recordCount;
    if (recordCount > recordsMax) throw tooLarge(`more than ${recordsMax} records`, at);
    const { recordCount: expected, maxTimestamp: stated } = cursor;
    let latest = -Infinity;
    for (let i = 0; i < expected; i++) {
      cursor.next();
      if (cursor.timestamp > latest) latest = cursor.timestamp;
    }
    if (latest !== stated) throw corrupt(`maxTimestamp ${stated}, records say ${latest}`, 'maxTimestamp', at);
    maxTimestamp = Math.max(maxTimestamp, stated);
    batchCount++;
  }
  if (cursor.truncated) throw corrupt('the last batch is cut off', 'batchLength', cursor.batchEnd);
  return { batchCount, recordCount, maxTimestamp };
}

function tooLarge(message: string, byteOffset: number): MsecError {
  return new MsecError('BATCH_TOO_LARGE', message, { field: 'batchLength', byteOffset });
}
