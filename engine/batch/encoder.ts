/**
 * Writes records into consecutive batches in one growing buffer, which is reused after each `finish`. What `saveTo`
 * remembered can be rolled back exactly, also across a batch split: the state is a handful of numbers, and a batch's
 * header is written only when it is closed or finished. Layout: layout.ts.
 */
import { ByteWriter, copyShort, MsecError } from '../base/index.ts';
import type { BatchMemory } from './batch-memory.ts';
import { CODEC_OF, type Compression, compress } from './compression.ts';
import { crc32c } from './crc32c.ts';
import {
  AT_ATTRIBUTES,
  AT_BASE_SEQUENCE,
  AT_BASE_TIMESTAMP,
  AT_BATCH_LENGTH,
  AT_CRC,
  AT_LAST_OFFSET_DELTA,
  AT_LEADER_EPOCH,
  AT_MAGIC,
  AT_MAX_TIMESTAMP,
  AT_PRODUCER_EPOCH,
  AT_PRODUCER_ID,
  AT_RECORD_COUNT,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_END,
  type Header,
  readI32,
  TRANSACTIONAL_BIT,
  writeI16,
  writeI32,
  writeI64,
} from './layout.ts';

export interface EncoderOptions {
  /** A batch is closed before it would pass this; one longer record stands alone in its batch. Default 512 KiB. */
  readonly batchBytesMax?: number;
  /** A longer record is refused with BATCH_TOO_LARGE. Default 1,000,000, which fits a broker's default limit. */
  readonly recordBytesMax?: number;
  /** Default none. A batch that would not shrink stays uncompressed. */
  readonly compression?: Compression;
  /** Where its memory comes from: large batches that are not compressed are handed over in it and not copied. */
  readonly memory?: BatchMemory;
}

/** A savepoint, held and reused by the caller; its content belongs to the encoder. */
export class EncoderMark {
  position = 0;
  batchStart = 0;
  batchCount = 0;
  count = 0;
  baseTimestamp = 0;
  maxTimestamp = 0;
}

/** More than this is not kept between two uses. */
const RETAINED_BYTES_MAX = 8 * 1024 * 1024;
/** Up to this many bytes a loop is faster than a native copy and the view that it needs. */
const LOOP_COPY_BYTES_MAX = 64;
const NO_HEADERS: readonly Header[] = [];
const NO_BYTES = new Uint8Array(0);
const NO_MEMORY = new ArrayBuffer(0);

export class BatchEncoder {
  /** Written into each batch; -1 where the producer is not idempotent. */
  producerId = -1;
  producerEpoch = -1;
  /** The sequence of the first record of the next `finish`, which advances it; -1 where there is none. */
  baseSequence = -1;
  isTransactional = false;

  readonly #batchBytesMax: number;
  readonly #recordBytesMax: number;
  readonly #codec: number;
  readonly #capacityMin: number;
  readonly #memory: BatchMemory | null;
  /** How much memory the next batches will take, by the last. */
  #bytesExpected = 0;
  /** Over the buffer; codecs write values into it where they will stay. */
  #writer: ByteWriter;
  #position = 0;
  #batchStart = 0;
  #batchCount = 0;
  #count = 0;
  #baseTimestamp = 0;
  #maxTimestamp = 0;
  /** Of the record that was begun. */
  #timestamp = 0;
  #keyAt = 0;
  #valueAt = 0;
  /** What the lengths of the last record and of its value took: most often those of the next one take as much. */
  #lengthBytes = 1;
  #valueLengthBytes = 1;

  constructor(options: EncoderOptions = {}) {
    this.#batchBytesMax = options.batchBytesMax ?? 512 * 1024;
    this.#recordBytesMax = options.recordBytesMax ?? 1_000_000;
    this.#codec = CODEC_OF[options.compression ?? 'none'];
    this.#capacityMin = 4096;
    this.#memory = options.memory ?? null;
    this.#writer = new ByteWriter(this.#capacityMin, this.#memory);
  }

  /** Records since the last `finish`. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of their batches before compression. */
  get byteLength(): number {
    return this.#position;
  }

  /**
   * Appends one record; its bytes are copied, the arguments stay the caller's. A start of -1 is a null key or value.
   * `timestamp` in ms, a safe integer. BATCH_TOO_LARGE leaves the encoder as it was.
   */
  append(
    timestamp: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers: readonly Header[] = NO_HEADERS,
  ): void {
    const keyLength = keyStart < 0 ? -1 : keyEnd - keyStart;
    const valueLength = valueStart < 0 ? -1 : valueEnd - valueStart;
    const names = headers.length === 0 ? undefined : headers.map((header) => Buffer.from(header.name));
    // Everything but the two deltas, which depend on the batch that the record falls into.
    let fixed = 1 + varintBytes(keyLength) + varintBytes(valueLength) + varintBytes(headers.length);
    if (keyLength > 0) fixed += keyLength;
    if (valueLength > 0) fixed += valueLength;
    if (names !== undefined) fixed += headersBytes(headers, names);
    if (fixed > this.#recordBytesMax || keyLength < -1 || valueLength < -1 || !Number.isSafeInteger(timestamp)) {
      throw this.#refusal(fixed, keyLength, valueLength, timestamp);
    }

    // 20: the longest that record length, both deltas and their rounding can take.
    if (this.#batchCount > 0 && this.#position - this.#batchStart + fixed + 20 > this.#batchBytesMax)
      this.#closeBatch();
    if (this.#batchCount > 0 && !isDelta(timestamp - this.#baseTimestamp)) this.#closeBatch();
    if (this.#batchCount === 0) this.#openBatch(timestamp);
    this.#ensure(fixed + 20);

    const delta = timestamp - this.#baseTimestamp;
    const offsetDelta = this.#batchCount;
    const length = fixed + varlongBytes(delta) + varintBytes(offsetDelta);
    const { bytes } = this.#writer;
    let at = writeVarint(bytes, this.#position, length);
    bytes[at++] = 0;
    at = (delta | 0) === delta ? writeVarint(bytes, at, delta) : writeVarlong(bytes, at, delta);
    at = writeVarint(bytes, at, offsetDelta);
    at = writeVarint(bytes, at, keyLength);
    if (keyLength > 0) at = copyBytes(bytes, at, keyBytes, keyStart, keyEnd);
    at = writeVarint(bytes, at, valueLength);
    if (valueLength > 0) at = copyBytes(bytes, at, valueBytes, valueStart, valueEnd);
    at = writeVarint(bytes, at, headers.length);
    if (names !== undefined) at = writeHeaders(bytes, at, headers, names);

    this.#position = at;
    this.#batchCount = offsetDelta + 1;
    this.#count++;
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp;
  }

  /**
   * Begins a record whose value the caller writes next, into the writer that comes back and nowhere before its position;
   * then `end`. Without that call nothing was appended. The key is copied.
   */
  begin(timestamp: number, keyBytes: Uint8Array, keyStart: number, keyEnd: number): ByteWriter {
    const keyLength = keyEnd - keyStart;
    if (keyLength < 0 || !Number.isSafeInteger(timestamp)) throw this.#refusal(0, keyLength, 0, timestamp);
    if (this.#batchCount > 0 && !isDelta(timestamp - this.#baseTimestamp)) this.#closeBatch();
    if (this.#batchCount === 0) this.#openBatch(timestamp);
    // Of lengths, deltas and attributes at their longest.
    this.#ensure(keyLength + 32);
    const writer = this.#writer;
    const { bytes } = writer;
    const delta = timestamp - this.#baseTimestamp;
    let at = this.#position + this.#lengthBytes;
    bytes[at++] = 0;
    at = (delta | 0) === delta ? writeVarint(bytes, at, delta) : writeVarlong(bytes, at, delta);
    at = writeVarint(bytes, at, this.#batchCount);
    at = writeVarint(bytes, at, keyLength);
    this.#keyAt = at;
    this.#valueAt = copyShort(writer.view, at, keyBytes, keyStart, keyEnd) + this.#valueLengthBytes;
    this.#timestamp = timestamp;
    writer.position = this.#valueAt;
    return writer;
  }

  /** What stands in the writer is the value of the record that was begun; gives its length. BATCH_TOO_LARGE. */
  end(): number {
    const writer = this.#writer;
    const valueLength = writer.position - this.#valueAt;
    const valueLengthBytes = varintBytes(valueLength);
    const keyEnd = this.#valueAt - this.#valueLengthBytes;
    const length = keyEnd - this.#position - this.#lengthBytes + valueLengthBytes + valueLength + 1;
    if (length > this.#recordBytesMax) throw this.#refusal(length, 0, valueLength, 0);
    if (this.#batchCount > 0 && this.#position - this.#batchStart + length + 20 > this.#batchBytesMax) {
      // It begins the next batch, with other deltas.
      const record = writer.bytes.slice(this.#keyAt, writer.position);
      const valueStart = record.length - valueLength;
      this.append(this.#timestamp, record, 0, keyEnd - this.#keyAt, record, valueStart, record.length);
      return valueLength;
    }
    const lengthBytes = varintBytes(length);
    writer.ensure(20);
    if (lengthBytes !== this.#lengthBytes || valueLengthBytes !== this.#valueLengthBytes)
      this.#moveBegun(lengthBytes, valueLengthBytes, keyEnd, valueLength);
    const { bytes } = writer;
    writeVarint(bytes, this.#position, length);
    writeVarint(bytes, this.#valueAt - valueLengthBytes, valueLength);
    const at = this.#valueAt + valueLength;
    // No headers.
    bytes[at] = 0;
    this.#position = at + 1;
    this.#batchCount++;
    this.#count++;
    if (this.#timestamp > this.#maxTimestamp) this.#maxTimestamp = this.#timestamp;
    return valueLength;
  }

  /** The record that was begun has lengths of other lengths than were left room for. */
  #moveBegun(lengthBytes: number, valueLengthBytes: number, keyEnd: number, valueLength: number): void {
    const { bytes } = this.#writer;
    const shift = lengthBytes - this.#lengthBytes;
    const bodyAt = this.#position + this.#lengthBytes;
    const valueAt = keyEnd + shift + valueLengthBytes;
    // Whatever moves to the right makes room before what is left of it.
    if (shift <= 0) bytes.copyWithin(bodyAt + shift, bodyAt, keyEnd);
    bytes.copyWithin(valueAt, this.#valueAt, this.#valueAt + valueLength);
    if (shift > 0) bytes.copyWithin(bodyAt + shift, bodyAt, keyEnd);
    this.#valueAt = valueAt;
    this.#lengthBytes = lengthBytes;
    this.#valueLengthBytes = valueLengthBytes;
  }

  /** Remembers the present state in the caller's mark. A few stores; for every record. */
  saveTo(mark: EncoderMark): void {
    mark.position = this.#position;
    mark.batchStart = this.#batchStart;
    mark.batchCount = this.#batchCount;
    mark.count = this.#count;
    mark.baseTimestamp = this.#baseTimestamp;
    mark.maxTimestamp = this.#maxTimestamp;
  }

  /** Undoes every append since `saveTo`. A mark is void after `finish` or `clear`. */
  rollback(mark: EncoderMark): void {
    this.#position = mark.position;
    this.#batchStart = mark.batchStart;
    this.#batchCount = mark.batchCount;
    this.#count = mark.count;
    this.#baseTimestamp = mark.baseTimestamp;
    this.#maxTimestamp = mark.maxTimestamp;
  }

  /** Drops all records. */
  clear(): void {
    this.#position = 0;
    this.#batchStart = 0;
    this.#batchCount = 0;
    this.#count = 0;
    this.#baseTimestamp = 0;
    this.#maxTimestamp = 0;
    const { bytes } = this.#writer;
    if (bytes.length <= RETAINED_BYTES_MAX) return;
    this.#memory?.give(bytes.buffer);
    this.#writer = new ByteWriter(this.#capacityMin, this.#memory);
  }

  /**
   * The finished batches in memory of their own, which the caller owns and may hand on; empty where nothing
   * was appended. Each batch's base offset is 0: the log writes the real one (rewriteBaseOffsets). The encoder is
   * then empty, and where it has memory from elsewhere, it has none any more.
   */
  finish(): Uint8Array {
    if (this.#batchCount > 0) this.#closeBatch();
    this.#position = this.#batchStart;
    const isLarge = this.#memory !== null && this.#position >= this.#memory.bytesMin;
    const isHandedOver = isLarge && this.#codec === CODEC_OF.none && this.#position > 0;
    const finished = isHandedOver ? this.#handOver(this.#position) : this.#copy(this.#position);
    let at = 0;
    while (at < finished.length) {
      const end = at + BATCH_LENGTH_END + readI32(finished, at + AT_BATCH_LENGTH);
      this.#sealBatch(finished, at, end);
      at = end;
    }
    this.clear();
    return finished;
  }

  #copy(length: number): Uint8Array {
    if (this.#codec !== CODEC_OF.none) return this.#pack(length);
    return this.#writer.bytes.slice(0, length);
  }

  #handOver(length: number): Uint8Array {
    const finished = this.#writer.bytes.subarray(0, length);
    this.#bytesExpected = Math.max(length + length / 8, this.#bytesExpected * (7 / 8));
    this.#writer.replace(NO_MEMORY);
    return finished;
  }

  #openBatch(timestamp: number): void {
    if (this.#writer.bytes.length === 0 && this.#memory !== null)
      this.#writer.replace(this.#memory.take(this.#bytesExpected));
    // One may be open already, for a record that was begun and came to nothing.
    this.#position = this.#batchStart;
    this.#ensure(BATCH_HEADER_BYTES);
    this.#position += BATCH_HEADER_BYTES;
    this.#baseTimestamp = timestamp;
    this.#maxTimestamp = timestamp;
  }

  /** Writes what the state knows of the batch; a rollback may open it again, then it is written once more. */
  #closeBatch(): void {
    const { bytes } = this.#writer;
    const at = this.#batchStart;
    writeI64(bytes, at, 0);
    writeI32(bytes, at + AT_BATCH_LENGTH, this.#position - at - BATCH_LENGTH_END);
    writeI32(bytes, at + AT_LEADER_EPOCH, -1);
    bytes[at + AT_MAGIC] = 2;
    writeI16(bytes, at + AT_ATTRIBUTES, 0);
    writeI32(bytes, at + AT_LAST_OFFSET_DELTA, this.#batchCount - 1);
    writeI64(bytes, at + AT_BASE_TIMESTAMP, this.#baseTimestamp);
    writeI64(bytes, at + AT_MAX_TIMESTAMP, this.#maxTimestamp);
    writeI32(bytes, at + AT_RECORD_COUNT, this.#batchCount);
    this.#batchStart = this.#position;
    this.#batchCount = 0;
  }

  #sealBatch(finished: Uint8Array, at: number, end: number): void {
    const codec = finished[at + AT_ATTRIBUTES + 1]!;
    const recordCount = readI32(finished, at + AT_RECORD_COUNT);
    writeI16(finished, at + AT_ATTRIBUTES, codec | (this.isTransactional ? TRANSACTIONAL_BIT : 0));
    writeI64(finished, at + AT_PRODUCER_ID, this.producerId);
    writeI16(finished, at + AT_PRODUCER_EPOCH, this.producerEpoch);
    writeI32(finished, at + AT_BASE_SEQUENCE, this.baseSequence);
    // A sequence returns to 0 after 2^31 - 1 (KIP-98).
    if (this.baseSequence >= 0) this.baseSequence = (this.baseSequence + recordCount) % 2 ** 31;
    writeI32(finished, at + AT_CRC, crc32c(finished, at + AT_ATTRIBUTES, end));
  }

  #pack(length: number): Uint8Array<ArrayBuffer> {
    const source = this.#writer.bytes;
    const parts: Uint8Array[] = [];
    let total = 0;
    let at = 0;
    while (at < length) {
      const recordsStart = at + BATCH_HEADER_BYTES;
      const end = at + BATCH_LENGTH_END + readI32(source, at + AT_BATCH_LENGTH);
      const packed = compress(this.#codec, source, recordsStart, end);
      const shrinks = packed.length < end - recordsStart;
      if (shrinks) {
        writeI32(source, at + AT_BATCH_LENGTH, BATCH_HEADER_BYTES - BATCH_LENGTH_END + packed.length);
        writeI16(source, at + AT_ATTRIBUTES, this.#codec);
      }
      const records = shrinks ? packed : source.subarray(recordsStart, end);
      parts.push(source.subarray(at, recordsStart), records);
      total += BATCH_HEADER_BYTES + records.length;
      at = end;
    }
    const joined = new Uint8Array(total);
    let position = 0;
    for (const part of parts) {
      joined.set(part, position);
      position += part.length;
    }
    return joined;
  }

  #ensure(length: number): void {
    this.#writer.position = this.#position;
    this.#writer.ensure(length);
  }

  #refusal(size: number, keyLength: number, valueLength: number, timestamp: number): MsecError {
    if (!Number.isSafeInteger(timestamp)) {
      return new MsecError('ASSERTION_FAILED', `timestamp ${timestamp} is no whole millisecond`, {
        field: 'timestamp',
      });
    }
    if (keyLength < -1 || valueLength < -1) {
      return new MsecError('ASSERTION_FAILED', 'a slice ends before it starts', {
        field: keyLength < -1 ? 'key' : 'value',
      });
    }
    return new MsecError('BATCH_TOO_LARGE', `a record of ${size} bytes; the limit is ${this.#recordBytesMax}`, {
      field: 'length',
    });
  }
}

/** Whether a delta survives zigzag within 2^53. */
function isDelta(delta: number): boolean {
  return delta < 2 ** 51 && delta > -(2 ** 51);
}

function varintBytes(value: number): number {
  const zigzag = (value << 1) ^ (value >> 31);
  return zigzag >>> 0 < 0x80 ? 1 : ((38 - Math.clz32(zigzag)) / 7) | 0;
}

function varlongBytes(value: number): number {
  if ((value | 0) === value) return varintBytes(value);
  let raw = value < 0 ? -2 * value - 1 : 2 * value;
  let size = 1;
  for (; raw >= 0x80; raw = Math.floor(raw / 128)) size++;
  return size;
}

function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let raw = ((value << 1) ^ (value >> 31)) >>> 0;
  while (raw >= 0x80) {
    bytes[at++] = (raw & 0x7f) | 0x80;
    raw >>>= 7;
  }
  bytes[at++] = raw;
  return at;
}

function writeVarlong(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let raw = value < 0 ? -2 * value - 1 : 2 * value;
  while (raw >= 0x80) {
    bytes[at++] = (raw % 128) | 0x80;
    raw = Math.floor(raw / 128);
  }
  bytes[at++] = raw;
  return at;
}

function copyBytes(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= LOOP_COPY_BYTES_MAX) for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
  else target.set(source.subarray(start, end), at);
  return at + length;
}

function headersBytes(headers: readonly Header[], names: readonly Uint8Array[]): number {
  let total = 0;
  for (let i = 0; i < headers.length; i++) {
    const nameLength = names[i]!.length;
    const valueLength = headers[i]!.value?.length ?? -1;
    total += varintBytes(nameLength) + nameLength + varintBytes(valueLength) + Math.max(valueLength, 0);
  }
  return total;
}

function writeHeaders(
  bytes: Uint8Array,
  start: number,
  headers: readonly Header[],
  names: readonly Uint8Array[],
): number {
  let at = start;
  for (let i = 0; i < headers.length; i++) {
    const name = names[i]!;
    const value = headers[i]!.value ?? NO_BYTES;
    at = writeVarint(bytes, at, name.length);
    at = copyBytes(bytes, at, name, 0, name.length);
    at = writeVarint(bytes, at, headers[i]!.value === null ? -1 : value.length);
    at = copyBytes(bytes, at, value, 0, value.length);
  }
  return at;
}
