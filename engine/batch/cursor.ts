/**
 * Walks the records of consecutive batches in place: no object, no copy and no call back for a record. The hottest loop
 * of the product. It trusts no byte: every malformed length is BATCH_CORRUPT with its field and position, and no field
 * ever points outside of the buffer. Layout: layout.ts.
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
  RECORD_BYTES_MIN,
  readI16,
  readI32,
  readI64,
  TRANSACTIONAL_BIT,
} from './layout.ts';
import { UnpackedRecords } from './unpacked-records.ts';

export interface CursorOptions {
  /** False only for bytes that this process has just encoded itself. Default true. */
  readonly checkCrc?: boolean;
  /** Control batches (transaction markers) are passed over unless asked for. Default false. */
  readonly includeControl?: boolean;
  /** The most a compressed batch may unpack to. Default 16 MiB. */
  readonly decompressedBytesMax?: number;
}

/** A record's place in its batch, held and reused by the caller; its content belongs to the cursor. */
export class RecordPlace {
  position = 0;
  remaining = 0;
  offsetDelta = 0;
}

const EMPTY = new Uint8Array(0);
const decoder = new TextDecoder();

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
  headersCount = 0;

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
  #position = 0;
  #recordsEnd = 0;
  #remaining = 0;
  #deltaLast = -1;
  #lastOffsetDelta = 0;
  #baseTimestamp = 0;
  #isLogAppendTime = false;
  #headersStart = 0;
  #recordStart = 0;
  #recordEnd = 0;

  constructor(options: CursorOptions = {}) {
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
    this.#remaining = 0;
    this.#offsetFrom = 0;
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
      this.#remaining = 0;
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
    this.#isLogAppendTime = (attributes & LOG_APPEND_TIME_BIT) !== 0;
    this.#baseTimestamp = baseTimestamp;
    this.maxTimestamp = maxTimestamp;
    this.producerId = producerId;
    this.producerEpoch = readI16(input, start + AT_PRODUCER_EPOCH);
    this.baseSequence = readI32(input, start + AT_BASE_SEQUENCE);
    this.recordCount = recordCount;
    this.#lastOffsetDelta = lastOffsetDelta;
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
      this.#position = start;
      this.#recordsEnd = this.batchEnd;
    } else {
      try {
        decompress(codec, this.#input, start, this.batchEnd, this.#decompressedBytesMax, this.#unpacked);
      } catch (error) {
        this.#forgetBatch();
        throw error;
      }
      this.bytes = this.#unpacked.bytes;
      this.#position = 0;
      this.#recordsEnd = this.#unpacked.length;
    }
    this.#remaining = this.recordCount;
    this.#deltaLast = -1;
    if (this.recordCount === 0 && this.#position !== this.#recordsEnd && codec === CODEC_NONE) {
      throw this.#fail('bytes follow the last record', 'recordCount', this.#position);
    }
  }

  /** Steps to the next record, over batches; false at the end. BATCH_CORRUPT; after it only `reset` is allowed. */
  next(): boolean {
    for (;;) {
      while (this.#remaining === 0) if (!this.nextBatch()) return false;
      this.#readRecord();
      if (this.offset >= this.#offsetFrom) return true;
    }
  }

  /** Remembers where the current record lies. */
  saveTo(place: RecordPlace): void {
    place.position = this.#recordStart;
    place.remaining = this.#remaining + 1;
    place.offsetDelta = this.#deltaLast;
  }

  /** `next` reads the record of the place once more. The place must be of the current batch. */
  returnTo(place: RecordPlace): void {
    this.#position = place.position;
    this.#remaining = place.remaining;
    this.#deltaLast = place.offsetDelta - 1;
  }

  #readRecord(): void {
    const bytes = this.bytes;
    const recordsEnd = this.#recordsEnd;
    const start = this.#position;
    let at = start;
    // A varint of one byte, by far the most frequent, is read in line; a longer one leaves its end in #position. Reads
    // may run past the record into its neighbour, never past the check at the end of each step.
    let byte = at < recordsEnd ? bytes[at]! : 0x80;
    let length: number;
    if (byte < 0x80) {
      length = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      length = this.#readVarint(at, 'length');
      at = this.#position;
    }
    const end = at + length;
    if (length < RECORD_BYTES_MIN || end > recordsEnd) throw this.#fail(`a record of ${length} bytes`, 'length', start);

    at++;
    let timestampDelta: number;
    byte = bytes[at]!;
    if (byte < 0x80) {
      timestampDelta = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      const second = bytes[at + 1]!;
      if (second < 0x80) {
        const raw = (byte & 0x7f) | (second << 7);
        timestampDelta = (raw >>> 1) ^ -(raw & 1);
        at += 2;
      } else {
        timestampDelta = this.#readVarlong(at);
        at = this.#position;
      }
    }

    byte = bytes[at]!;
    let offsetDelta: number;
    if (byte < 0x80) {
      offsetDelta = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      const second = bytes[at + 1]!;
      if (second < 0x80) {
        const raw = (byte & 0x7f) | (second << 7);
        offsetDelta = (raw >>> 1) ^ -(raw & 1);
        at += 2;
      } else {
        offsetDelta = this.#readVarint(at, 'offsetDelta');
        at = this.#position;
      }
    }
    if (offsetDelta <= this.#deltaLast || offsetDelta > this.#lastOffsetDelta) {
      throw this.#fail(`offsetDelta ${offsetDelta} after ${this.#deltaLast}`, 'offsetDelta', at);
    }

    byte = bytes[at]!;
    let size: number;
    if (byte < 0x80) {
      size = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      size = this.#readVarint(at, 'keyLength');
      at = this.#position;
    }
    if (size >= 0) {
      this.keyStart = at;
      at += size;
      this.keyEnd = at;
    } else {
      if (size !== -1) throw this.#fail(`keyLength ${size}`, 'keyLength', at);
      this.keyStart = -1;
      this.keyEnd = -1;
    }
    if (at >= end) throw this.#fail('the key passes the end of its record', 'keyLength', start);

    byte = bytes[at]!;
    if (byte < 0x80) {
      size = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      size = this.#readVarint(at, 'valueLength');
      at = this.#position;
    }
    if (size >= 0) {
      this.valueStart = at;
      at += size;
      this.valueEnd = at;
    } else {
      if (size !== -1) throw this.#fail(`valueLength ${size}`, 'valueLength', at);
      this.valueStart = -1;
      this.valueEnd = -1;
    }
    if (at >= end) throw this.#fail('the value passes the end of its record', 'valueLength', start);

    if (bytes[at] === 0) {
      this.headersCount = 0;
      at++;
    } else {
      at = this.#readHeadersEnd(at, end);
    }
    if (at !== end) throw this.#fail(`a record ends at ${at}, its length says ${end}`, 'length', start);

    this.timestamp = this.#isLogAppendTime ? this.maxTimestamp : this.#baseTimestamp + timestampDelta;
    this.offset = this.baseOffset + offsetDelta;
    this.#recordStart = start;
    this.#recordEnd = end;
    this.#deltaLast = offsetDelta;
    this.#position = end;
    if (--this.#remaining === 0 && end !== recordsEnd) {
      throw this.#fail('bytes follow the last record', 'recordCount', end);
    }
  }

  /** Checks every header, so that `header` and `readHeaders` cannot fail later; gives where they end. */
  #readHeadersEnd(countAt: number, end: number): number {
    const count = this.#readVarint(countAt, 'headerCount');
    let at = this.#position;
    if (count < 0 || count > (end - at) >> 1) throw this.#fail(`headerCount ${count}`, 'headerCount', countAt);
    this.headersCount = count;
    this.#headersStart = at;
    for (let i = 0; i < count; i++) {
      const nameAt = at;
      const nameLength = this.#readVarint(at, 'headerNameLength');
      at = this.#position + nameLength;
      if (nameLength < 0 || at >= end) throw this.#fail(`headerNameLength ${nameLength}`, 'headerNameLength', nameAt);
      const valueAt = at;
      const valueLength = this.#readVarint(at, 'headerValueLength');
      at = this.#position + Math.max(valueLength, 0);
      if (valueLength < -1 || at > end) {
        throw this.#fail(`headerValueLength ${valueLength}`, 'headerValueLength', valueAt);
      }
    }
    return at;
  }

  /**
   * The last header of that name: a view into `bytes`, valid as long as the record's other slices. Undefined where
   * there is none or its value is null (`readHeaders` tells the two apart).
   */
  header(name: string): Uint8Array | undefined {
    const bytes = this.bytes;
    let found: Uint8Array | undefined;
    this.#position = this.#headersStart;
    for (let i = 0; i < this.headersCount; i++) {
      const nameLength = this.#readVarint(this.#position, 'headerNameLength');
      const nameStart = this.#position;
      const valueLength = this.#readVarint(nameStart + nameLength, 'headerValueLength');
      const valueStart = this.#position;
      this.#position = valueStart + Math.max(valueLength, 0);
      if (!isText(bytes, nameStart, nameStart + nameLength, name)) continue;
      found = valueLength < 0 ? undefined : bytes.subarray(valueStart, valueStart + valueLength);
    }
    this.#position = this.#recordEnd;
    return found;
  }

  /** All headers in their order, copied: the caller owns them. For the rare record that needs them all. */
  readHeaders(): Header[] {
    const headers: Header[] = [];
    this.#position = this.#headersStart;
    for (let i = 0; i < this.headersCount; i++) {
      const nameLength = this.#readVarint(this.#position, 'headerNameLength');
      const nameEnd = this.#position + nameLength;
      const name = decoder.decode(this.bytes.subarray(this.#position, nameEnd));
      const valueLength = this.#readVarint(nameEnd, 'headerValueLength');
      const valueEnd = this.#position + Math.max(valueLength, 0);
      headers.push({ name, value: valueLength < 0 ? null : this.bytes.slice(this.#position, valueEnd) });
      this.#position = valueEnd;
    }
    this.#position = this.#recordEnd;
    return headers;
  }

  /** At most five bytes; the end is left in #position. */
  #readVarint(start: number, field: string): number {
    const bytes = this.bytes;
    const end = this.#recordsEnd;
    let raw = 0;
    let at = start;
    for (let shift = 0; ; shift += 7) {
      if (at >= end) throw this.#fail('a varint is cut off', field, start);
      const byte = bytes[at++]!;
      if (shift === 28 && byte > 0x0f) throw this.#fail('a varint exceeds 32 bits', field, start);
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    this.#position = at;
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** The delta of a timestamp, up to 2^53; the end is left in #position. */
  #readVarlong(start: number): number {
    const bytes = this.bytes;
    const end = this.#recordsEnd;
    // Below 2^53 a double holds every bit, so the parts are added; bit 0, the sign, stays readable in the first byte.
    let raw = 0;
    let factor = 1;
    let at = start;
    for (;;) {
      if (at >= end) throw this.#fail('a varint is cut off', 'timestampDelta', start);
      const byte = bytes[at++]!;
      raw += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 128;
      if (at - start >= 10) throw this.#fail('a varint exceeds 64 bits', 'timestampDelta', start);
    }
    if (raw > Number.MAX_SAFE_INTEGER) throw this.#fail('timestampDelta is beyond 2^52', 'timestampDelta', start);
    this.#position = at;
    return (bytes[start]! & 1) === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  #fail(message: string, field: string, byteOffset: number): Error {
    this.#forgetBatch();
    return corrupt(message, field, byteOffset);
  }

  /** A corrupt batch is not passed over: its records end, and offsetNext stays before it. */
  #forgetBatch(): void {
    this.#remaining = 0;
    this.lastOffset = -1;
    this.batchEnd = this.#inputEnd;
  }
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  let at = start;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return decoder.decode(bytes.subarray(start, end)) === text;
    if (at >= end || bytes[at++] !== unit) return false;
  }
  return at === end;
}
