/**
 * Reads the records of a batch a stretch at a time: where each of them lies, as columns of numbers. No object, no copy.
 * The hottest loop of the product. It trusts no byte: every malformed length is BATCH_CORRUPT with its field and
 * position, and no place ever lies outside of the records. Layout: layout.ts.
 */
import { corrupt, RECORD_BYTES_MIN } from './layout.ts';

/** Of a record in all columns. */
const RECORD_BYTES = 8 + 7 * 4;

/** What is to be known of a batch to read its records. */
export interface PlacedBatch {
  readonly bytes: Uint8Array;
  readonly recordCount: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  /** The broker stamped on append: every record has `maxTimestamp`. */
  readonly isLogAppendTime: boolean;
}

export class RecordPlaces {
  /** Records that lie in the columns. */
  length = 0;
  /** Unix time in ms; the batch's, where the broker stamps on append. */
  readonly timestamps: Float64Array;
  /** For the reader to fill in. */
  readonly keyIds: Int32Array;
  /** -1 for a null key. */
  readonly keyStarts: Int32Array;
  readonly keyEnds: Int32Array;
  /** -1 for a null value (a tombstone). */
  readonly valueStarts: Int32Array;
  readonly valueEnds: Int32Array;
  readonly offsetDeltas: Int32Array;
  /** Where the number of headers stands. */
  readonly headerStarts: Int32Array;
  readonly #capacity: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #end = 0;
  #remaining = 0;
  #deltaLast = -1;
  #deltaMax = 0;
  #baseTimestamp = 0;
  /** All records have the base timestamp. */
  #isStamped = false;
  /** After a varint that was read out of line. */
  #after = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    const memory = new ArrayBuffer(capacity * RECORD_BYTES);
    this.timestamps = new Float64Array(memory, 0, capacity);
    const numbers = (column: number) => new Int32Array(memory, capacity * (8 + column * 4), capacity);
    this.keyIds = numbers(0);
    this.keyStarts = numbers(1);
    this.keyEnds = numbers(2);
    this.valueStarts = numbers(3);
    this.valueEnds = numbers(4);
    this.offsetDeltas = numbers(5);
    this.headerStarts = numbers(6);
  }

  /** Stands before the first of the batch's records in its bytes[start, end). */
  reset(batch: PlacedBatch, start: number, end: number): void {
    this.#bytes = batch.bytes;
    this.#position = start;
    this.#end = end;
    this.#remaining = batch.recordCount;
    this.#deltaLast = -1;
    this.#deltaMax = batch.lastOffset - batch.baseOffset;
    this.#isStamped = batch.isLogAppendTime;
    this.#baseTimestamp = this.#isStamped ? batch.maxTimestamp : batch.baseTimestamp;
    this.length = 0;
  }

  /** No record is left to read. */
  forget(): void {
    this.#remaining = 0;
    this.length = 0;
  }

  /**
   * The next records, those below `deltaFrom` left out; false when none is left. A corrupt record ends a stretch before
   * it, and is reported as BATCH_CORRUPT when a stretch would begin with it.
   */
  read(deltaFrom: number): boolean {
    this.length = 0;
    while (this.length === 0) {
      if (this.#remaining === 0) return false;
      try {
        this.#readRecords(deltaFrom);
      } catch (error) {
        if (this.length === 0) throw error;
      }
    }
    if (this.#isStamped) this.timestamps.fill(this.#baseTimestamp, 0, this.length);
    return true;
  }

  #readRecords(deltaFrom: number): void {
    const { timestamps, keyStarts, keyEnds, valueStarts, valueEnds, offsetDeltas, headerStarts } = this;
    const baseTimestamp = this.#baseTimestamp;
    const bytes = this.#bytes;
    const recordsEnd = this.#end;
    const stopAt = this.#capacity;
    const deltaMax = this.#deltaMax;
    let start = this.#position;
    let deltaLast = this.#deltaLast;
    let remaining = this.#remaining;
    for (let index = 0; index < stopAt && remaining > 0; ) {
      // A varint of one byte, by far the most frequent, is read in line; a longer one leaves its end in #after. Reads
      // may run past the record into its neighbour, never past the check at the end of each step.
      let at = start;
      let byte = at < recordsEnd ? bytes[at]! : 0x80;
      let length: number;
      if (byte < 0x80) {
        length = (byte >>> 1) ^ -(byte & 1);
        at++;
      } else {
        length = this.#readVarint(at, 'length');
        at = this.#after;
      }
      const end = at + length;
      if (length < RECORD_BYTES_MIN || end > recordsEnd) throw corrupt(`a record of ${length} bytes`, 'length', start);

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
          at = this.#after;
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
          at = this.#after;
        }
      }
      if (offsetDelta <= deltaLast || offsetDelta > deltaMax) {
        throw corrupt(`offsetDelta ${offsetDelta} after ${deltaLast}`, 'offsetDelta', at);
      }

      byte = bytes[at]!;
      let size: number;
      if (byte < 0x80) {
        size = (byte >>> 1) ^ -(byte & 1);
        at++;
      } else {
        size = this.#readVarint(at, 'keyLength');
        at = this.#after;
      }
      let keyStart = -1;
      let keyEnd = -1;
      if (size >= 0) {
        keyStart = at;
        at += size;
        keyEnd = at;
      } else if (size !== -1) throw corrupt(`keyLength ${size}`, 'keyLength', at);
      if (at >= end) throw corrupt('the key passes the end of its record', 'keyLength', start);

      byte = bytes[at]!;
      if (byte < 0x80) {
        size = (byte >>> 1) ^ -(byte & 1);
        at++;
      } else {
        size = this.#readVarint(at, 'valueLength');
        at = this.#after;
      }
      let valueStart = -1;
      let valueEnd = -1;
      if (size >= 0) {
        valueStart = at;
        at += size;
        valueEnd = at;
      } else if (size !== -1) throw corrupt(`valueLength ${size}`, 'valueLength', at);
      if (at >= end) throw corrupt('the value passes the end of its record', 'valueLength', start);

      const headersAt = at;
      at = bytes[at] === 0 ? at + 1 : this.#readHeadersEnd(at, end);
      if (at !== end) throw corrupt(`a record ends at ${at}, its length says ${end}`, 'length', start);
      if (remaining === 1 && end !== recordsEnd) throw corrupt('bytes follow the last record', 'recordCount', end);

      start = end;
      deltaLast = offsetDelta;
      remaining--;
      if (offsetDelta >= deltaFrom) {
        keyStarts[index] = keyStart;
        keyEnds[index] = keyEnd;
        valueStarts[index] = valueStart;
        valueEnds[index] = valueEnd;
        offsetDeltas[index] = offsetDelta;
        headerStarts[index] = headersAt;
        timestamps[index] = baseTimestamp + timestampDelta;
        index++;
      }
      this.#position = start;
      this.#deltaLast = deltaLast;
      this.#remaining = remaining;
      this.length = index;
    }
  }

  /** Checks every header, so that reading them later cannot fail; gives where they end. */
  #readHeadersEnd(countAt: number, end: number): number {
    const count = this.#readVarint(countAt, 'headerCount');
    let at = this.#after;
    if (count < 0 || count > (end - at) >> 1) throw corrupt(`headerCount ${count}`, 'headerCount', countAt);
    for (let i = 0; i < count; i++) {
      const nameAt = at;
      const nameLength = this.#readVarint(at, 'headerNameLength');
      at = this.#after + nameLength;
      if (nameLength < 0 || at >= end) throw corrupt(`headerNameLength ${nameLength}`, 'headerNameLength', nameAt);
      const valueAt = at;
      const valueLength = this.#readVarint(at, 'headerValueLength');
      at = this.#after + Math.max(valueLength, 0);
      if (valueLength < -1 || at > end) {
        throw corrupt(`headerValueLength ${valueLength}`, 'headerValueLength', valueAt);
      }
    }
    return at;
  }

  /** At most five bytes; the end is left in #after. */
  #readVarint(start: number, field: string): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let raw = 0;
    let at = start;
    for (let shift = 0; ; shift += 7) {
      if (at >= end) throw corrupt('a varint is cut off', field, start);
      const byte = bytes[at++]!;
      if (shift === 28 && byte > 0x0f) throw corrupt('a varint exceeds 32 bits', field, start);
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    this.#after = at;
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** The delta of a timestamp, up to 2^53; the end is left in #after. */
  #readVarlong(start: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    // Below 2^53 a double holds every bit, so the parts are added; bit 0, the sign, stays readable in the first byte.
    let raw = 0;
    let factor = 1;
    let at = start;
    for (;;) {
      if (at >= end) throw corrupt('a varint is cut off', 'timestampDelta', start);
      const byte = bytes[at++]!;
      raw += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 128;
      if (at - start >= 10) throw corrupt('a varint exceeds 64 bits', 'timestampDelta', start);
    }
    if (raw > Number.MAX_SAFE_INTEGER) throw corrupt('timestampDelta is beyond 2^52', 'timestampDelta', start);
    this.#after = at;
    return (bytes[start]! & 1) === 0 ? raw / 2 : -(raw + 1) / 2;
  }
}
