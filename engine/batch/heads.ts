/**
 * Steps from batch to batch by their headers alone: one object for any number of batches, no sum checked, no record
 * looked at. For drivers, on every batch that is read.
 */
import {
  AT_ATTRIBUTES,
  AT_LAST_OFFSET_DELTA,
  AT_LEADER_EPOCH,
  AT_PRODUCER_ID,
  BATCH_HEADER_BYTES,
  batchBytesAt,
  CONTROL_BIT,
  corrupt,
  readI16,
  readI32,
  readI64,
  TRANSACTIONAL_BIT,
} from './layout.ts';

const EMPTY = new Uint8Array(0);

/** The fields describe the current batch, bytes[start, end). */
export class BatchHeads {
  start = 0;
  end = 0;
  baseOffset = -1;
  lastOffset = -1;
  /** Of the leader that wrote the batch into the log. */
  leaderEpoch = -1;
  producerId = -1;
  isTransactional = false;
  isControl = false;
  #bytes: Uint8Array = EMPTY;
  #limit = 0;

  /** Stands before the first batch of bytes[start, end). */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#bytes = bytes;
    this.#limit = end;
    this.start = start;
    this.end = start;
    this.baseOffset = -1;
    this.lastOffset = -1;
  }

  /**
   * Steps to the next batch; false at the end, and where the last batch is cut off: then `end` stays before it.
   * BATCH_CORRUPT for lengths and offsets that cannot be a batch's.
   */
  next(): boolean {
    const at = this.end;
    const bytes = this.#bytes;
    const size = batchBytesAt(bytes, at, this.#limit);
    if (size === 0) return false;
    if (size < BATCH_HEADER_BYTES) throw corrupt(`a batch of ${size} bytes`, 'batchLength', at);
    const baseOffset = readI64(bytes, at, 'baseOffset');
    const delta = readI32(bytes, at + AT_LAST_OFFSET_DELTA);
    if (delta < 0) throw corrupt(`lastOffsetDelta ${delta}`, 'lastOffsetDelta', at + AT_LAST_OFFSET_DELTA);
    const attributes = readI16(bytes, at + AT_ATTRIBUTES);
    this.start = at;
    this.end = at + size;
    this.baseOffset = baseOffset;
    this.lastOffset = baseOffset + delta;
    this.leaderEpoch = readI32(bytes, at + AT_LEADER_EPOCH);
    this.producerId = readI64(bytes, at + AT_PRODUCER_ID, 'producerId');
    this.isTransactional = (attributes & TRANSACTIONAL_BIT) !== 0;
    this.isControl = (attributes & CONTROL_BIT) !== 0;
    return true;
  }
}
