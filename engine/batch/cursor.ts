/**
 * Walks the records of consecutive batches in place: no object, no copy and no call back for a record. It trusts no
 * byte: every malformed length is BATCH_CORRUPT with its field and position, and no field ever points outside of the
 * buffer. Layout: layout.ts; the records of one batch: record-places.ts.
 */
import { CODEC_NONE, decompress } from './compression.ts';
import { crc32c } from './crc32c.ts';
import {
  AT_ATTRIBUTES,
  AT_BASE_SEQUENCE,
  AT_BASE_TIMESTAMP,
  AT_CRC,
  AT_LAST_OFFSET_DELTA,
  AT_MAX_TIMESTAMP,
  AT_PRODUCER_EPOCH,
  AT_PRODUCER_ID,
  AT_RECORD_COUNT,
  BATCH_HEADER_BYTES,
  batchBytesAt,
  CODEC_MASK,
  CONTROL_BIT,
  corrupt,
  type Header,
  LOG_APPEND_TIME_BIT,
  readI16,
  readI32,
  readI64,
  TRANSACTIONAL_BIT,
} from './layout.ts';
import { copyHeaders, countHeaders, findHeader } from './record-headers.ts';
import { RecordPlaces } from './record-places.ts';
import { UnpackedRecords } from './unpacked-records.ts';

export interface CursorOptions {
  /** False only for bytes that this process has just encoded itself. Default true. */
  readonly checkCrc?: boolean;
  /** Control batches (transaction markers) are passed over unless asked for. Default false. */
  readonly includeControl?: boolean;
  /** The most a compressed batch may unpack to. Default 16 MiB. */
  readonly decompressedBytesMax?: number;
  /** How many records are looked at in one go, at 40 bytes each. Default 64. */
  readonly readAhead?: number;
}

const READ_AHEAD = 64;

const EMPTY = new Uint8Array(0);

/**
 * One per reader, reused for every buffer. The fields below describe the current record and its batch; slices lie in
 * `bytes`, which is either the memory given to `reset` (owned by the caller, unchanged as long as it walks) or the
 * cursor's own recycled buffer (overwritten by the next compressed batch). Copy what must live longer.
 */
export class BatchCursor {
  /** Of the current record. A safe integer. */
  offset = -1;
  /** Unix time in ms; the batch's, where the broker stamps on append. */
  timestamp = -1;
  /** In this memory lie the slices of the current record. Always a plain Uint8Array, never a Buffer. */
  bytes: Uint8Array = EMPTY;
  /** -1 for a null key. */
  keyStart = -1;
  keyEnd = -1;
  /** -1 for a null value (a tombstone). */
  valueStart = -1;
  valueEnd = -1;
  /** Which of `places` the current record is; -1 before the first. */
  index = -1;
  /** Where the records around the current one lie, all of its batch. */
  readonly places: RecordPlaces;

  /** The current batch's fields. */
  baseOffset = -1;
  lastOffset = -1;
  recordCount = 0;
  maxTimestamp = -1;
  attributes = 0;
  producerId = -1;
  producerEpoch = -1;
  baseSequence = -1;
  isTransactional = false;
  isControl = false;
  baseTimestamp = 0;
  /** The broker stamped on append: every record has `maxTimestamp`. */
  isLogAppendTime = false;
  /** Where the current batch lies in the memory given to `reset`. */
  batchStart = 0;
  batchEnd = 0;

  /** The offset after the batches that were walked to their end or passed over, gaps counted; -1 before the first. */
  offsetNext = -1;
  /** Whether the last batch was cut off; it was not walked. */
  truncated = false;

  readonly #checkCrc: boolean;
  readonly #includeControl: boolean;
  readonly #decompressedBytesMax: number;
  readonly #unpacked = new UnpackedRecords();
  #input: Uint8Array = EMPTY;
  #inputEnd = 0;
  #offsetFrom = 0;
  #headersAt = -1;

  constructor(options: CursorOptions = {}) {
    this.places = new RecordPlaces(options.readAhead ?? READ_AHEAD);
    this.#checkCrc = options.checkCrc ?? true;
    this.#includeControl = options.includeControl ?? false;
    this.#decompressedBytesMax = options.decompressedBytesMax ?? 16 * 1024 * 1024;
  }

  /** Stands before the first batch of bytes[start, end). The memory must not change until the walk is over. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (start < 0 || end > bytes.length || start > end) {
      throw corrupt(`slice ${start}..${end} of ${bytes.length} bytes`, 'slice', start);
    }
    // A Buffer has another hidden class; one class keeps every access below, and the handlers', monomorphic.
    const isPlain = Object.getPrototypeOf(bytes) === Uint8Array.prototype;
    this.#input = isPlain ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#inputEnd = end;
    this.bytes = this.#input;
    this.batchStart = start;
    this.batchEnd = start;
    this.places.forget();
    this.index = -1;
    this.#offsetFrom = 0;
    this.#headersAt = -1;
    this.offset = -1;
    this.baseOffset = -1;
    this.lastOffset = -1;
    this.offsetNext = -1;
    this.truncated = false;
  }

  /** From now on passes over records below `offset`: a fetch answers with the whole batch that holds its offset. */
  seek(offset: number): void {
    this.#offsetFrom = offset;
  }

  /**
   * Steps to the next batch, dropping what is left of the current one, and checks its sum; false at the end. `next`
   * then walks its records. BATCH_CORRUPT.
   */
  nextBatch(): boolean {
    for (;;) {
      if (this.lastOffset >= 0) this.offsetNext = this.lastOffset + 1;
      this.places.forget();
      this.index = -1;
      const start = this.batchEnd;
      if (start >= this.#inputEnd) return false;
      const size = batchBytesAt(this.#input, start, this.#inputEnd);
      if (size === 0) {
        this.truncated = true;
        return false;
      }
      this.#readBatchHeader(start, start + size);
      if (this.lastOffset < this.#offsetFrom) continue;
      if (this.#checkCrc) this.#verifyCrc();
      if (this.isControl && !this.#includeControl) continue;
      this.#openRecords();
      return true;
    }
  }

  #readBatchHeader(start: number, end: number): void {
    const input = this.#input;
    // The old fields stay until all of the new ones are known good, so that offsetNext never counts a corrupt batch.
    const baseOffset = readI64(input, start, 'baseOffset');
    const lastOffsetDelta = readI32(input, start + AT_LAST_OFFSET_DELTA);
    const recordCount = readI32(input, start + AT_RECORD_COUNT);
    const lastOffset = baseOffset + lastOffsetDelta;
    if (baseOffset < 0) throw corrupt(`baseOffset ${baseOffset}`, 'baseOffset', start);
    if (lastOffsetDelta < 0 || lastOffset >= Number.MAX_SAFE_INTEGER) {
      throw corrupt(`lastOffsetDelta ${lastOffsetDelta}`, 'lastOffsetDelta', start + AT_LAST_OFFSET_DELTA);
    }
    if (recordCount < 0 || recordCount > lastOffsetDelta + 1) {
      throw corrupt(`recordCount ${recordCount}`, 'recordCount', start + AT_RECORD_COUNT);
    }
    const attributes = readI16(input, start + AT_ATTRIBUTES);
    const baseTimestamp = readI64(input, start + AT_BASE_TIMESTAMP, 'baseTimestamp');
    const maxTimestamp = readI64(input, start + AT_MAX_TIMESTAMP, 'maxTimestamp');
    const producerId = readI64(input, start + AT_PRODUCER_ID, 'producerId');
    this.attributes = attributes;
    this.isTransactional = (attributes & TRANSACTIONAL_BIT) !== 0;
    this.isControl = (attributes & CONTROL_BIT) !== 0;
    this.isLogAppendTime = (attributes & LOG_APPEND_TIME_BIT) !== 0;
    this.baseTimestamp = baseTimestamp;
    this.maxTimestamp = maxTimestamp;
    this.producerId = producerId;
    this.producerEpoch = readI16(input, start + AT_PRODUCER_EPOCH);
    this.baseSequence = readI32(input, start + AT_BASE_SEQUENCE);
    this.recordCount = recordCount;
    this.baseOffset = baseOffset;
    this.lastOffset = lastOffset;
    this.batchStart = start;
    this.batchEnd = end;
  }

  #verifyCrc(): void {
    const at = this.batchStart + AT_CRC;
    const expected = readI32(this.#input, at) >>> 0;
    const actual = crc32c(this.#input, this.batchStart + AT_ATTRIBUTES, this.batchEnd);
    if (actual === expected) return;
    this.#forgetBatch();
    throw corrupt(`CRC-32C is ${actual.toString(16)}, the batch says ${expected.toString(16)}`, 'crc', at);
  }

  #openRecords(): void {
    const codec = this.attributes & CODEC_MASK;
    const start = this.batchStart + BATCH_HEADER_BYTES;
    if (codec === CODEC_NONE) {
      this.bytes = this.#input;
      if (this.recordCount === 0 && start !== this.batchEnd) {
        this.#forgetBatch();
        throw corrupt('bytes follow the last record', 'recordCount', start);
      }
      this.#placeRecords(start, this.batchEnd);
    } else {
      try {
        decompress(codec, this.#input, start, this.batchEnd, this.#decompressedBytesMax, this.#unpacked);
      } catch (error) {
        this.#forgetBatch();
        throw error;
      }
      this.bytes = this.#unpacked.bytes;
      this.#placeRecords(0, this.#unpacked.length);
    }
  }

  #placeRecords(start: number, end: number): void {
    this.places.reset(this, start, end);
  }

  /**
   * How many records after the current one lie ready in `places`: where there are none, the next ones of the batch, or
   * of the batch after it, are read; 0 at the end. BATCH_CORRUPT; after it only `reset` is allowed.
   */
  readAhead(): number {
    const ready = this.places.length - this.index - 1;
    if (ready > 0) return ready;
    for (;;) {
      try {
        if (this.places.read(this.#offsetFrom - this.baseOffset)) break;
      } catch (error) {
        this.#forgetBatch();
        throw error;
      }
      if (!this.nextBatch()) return 0;
    }
    this.index = -1;
    return this.places.length;
  }

  /** Steps to the next record, over batches; false at the end. BATCH_CORRUPT; after it only `reset` is allowed. */
  next(): boolean {
    if (this.readAhead() === 0) return false;
    this.moveTo(this.index + 1);
    return true;
  }

  /** Stands at a record of `places`; -1: before the first of them. */
  moveTo(index: number): void {
    this.index = index;
    if (index < 0) return;
    const { places } = this;
    this.keyStart = places.keyStarts[index]!;
    this.keyEnd = places.keyEnds[index]!;
    this.valueStart = places.valueStarts[index]!;
    this.valueEnd = places.valueEnds[index]!;
    this.#headersAt = places.headerStarts[index]!;
    this.offset = this.baseOffset + places.offsetDeltas[index]!;
    this.timestamp = places.timestamps[index]!;
  }

  get headersCount(): number {
    return countHeaders(this.bytes, this.#headersAt);
  }

  /**
   * The last header of that name: a view into `bytes`, valid as long as the record's other slices. Undefined where
   * there is none or its value is null (`readHeaders` tells the two apart).
   */
  header(name: string): Uint8Array | undefined {
    return findHeader(this.bytes, this.#headersAt, name);
  }

  /** All headers in their order, copied: the caller owns them. For the rare record that needs them all. */
  readHeaders(): Header[] {
    return copyHeaders(this.bytes, this.#headersAt);
  }

  /** A corrupt batch is not passed over: its records end, and offsetNext stays before it. */
  #forgetBatch(): void {
    this.places.forget();
    this.index = -1;
    this.lastOffset = -1;
    this.batchEnd = this.#inputEnd;
  }
}
