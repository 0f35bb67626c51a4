/**
 * The pieces of Avro's binary encoding that generated codecs are put together from (Avro 1.12 specification, "Binary
 * Encoding"). Writers take bytes with room enough and return the next position; the reader checks every bound.
 */
import { copyShort, MsecError } from './base.ts';

const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The longest that `putLong` writes for a safe integer. */
export const LONG_BYTES_MAX = 8;

/** A safe integer as zigzag varint. */
export function putLong(bytes: Uint8Array, at: number, value: number): number {
  let next = at;
  let rest: number;
  if (value >= -0x40000000 && value < 0x40000000) {
    rest = ((value << 1) ^ (value >> 31)) >>> 0;
  } else {
    // Beyond 31 bits, as dates are: the 28 lowest bits of the zigzag form are four bytes, one step in doubles apart.
    const isNegative = value < 0;
    const magnitude = isNegative ? -value - 1 : value;
    rest = Math.floor(magnitude / 0x8000000);
    const low = ((magnitude - rest * 0x8000000) << 1) | (isNegative ? 1 : 0);
    bytes[next++] = low | 0x80;
    bytes[next++] = (low >> 7) | 0x80;
    bytes[next++] = (low >> 14) | 0x80;
    bytes[next++] = (low >> 21) | 0x80;
  }
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}

/** `putLong` of what most often is a time in ms since 1970: six bytes, written at once. */
export function putDate(view: DataView, at: number, value: number): number {
  const high = Math.floor(value * 2 ** -27);
  // So many units of 2^27 ms are two bytes: from July 1970 until 2039.
  if (high < 0x80 || high > 0x3fff) return putLong(bytesOf(view), at, value);
  const low = value - high * 2 ** 27;
  const spread = ((low << 1) & 0x7f) | ((low << 2) & 0x7f00) | ((low << 3) & 0x7f0000) | ((low << 4) & 0x7f000000);
  view.setInt32(at, spread | 0x80808080, true);
  view.setInt16(at + 4, (high & 0x7f) | 0x80 | ((high << 1) & 0x7f00), true);
  return at + 6;
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Avro `bytes` or, of UTF-8, `string`. */
export function putBytes(bytes: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  let next = putLong(bytes, at, end - start);
  for (let i = start; i < end; i++) bytes[next++] = source[i];
  return next;
}

/** `putBytes` of a name: four bytes at a time, where the source is memory that many names lie in. */
export function putName(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  return copyShort(view, putLong(bytes, at, end - start), source, start, end);
}

/** Confluent's wire format: 0x00, then the schema id, big-endian. */
export function putWireHeader(bytes: Uint8Array, at: number, schemaId: number): number {
  bytes[at] = 0;
  bytes[at + 1] = schemaId >>> 24;
  bytes[at + 2] = schemaId >>> 16;
  bytes[at + 3] = schemaId >>> 8;
  bytes[at + 4] = schemaId;
  return at + 5;
}

/** Names as Avro strings, each with its length in front: what an array of them is copied from. */
export function avroStrings(names: readonly string[]): readonly Uint8Array[] {
  return names.map((name) => {
    const text = new TextEncoder().encode(name);
    const string = new Uint8Array(text.length + LONG_BYTES_MAX);
    return string.slice(0, putBytes(string, 0, text, 0, text.length));
  });
}

/** An array of those strings whose bit is set in `flags`, as one block. */
export function putFlags(bytes: Uint8Array, at: number, flags: number, strings: readonly Uint8Array[]): number {
  let next = at;
  if (flags !== 0) {
    let count = 0;
    for (let left = flags; left !== 0; left &= left - 1) count++;
    next = putLong(bytes, next, count);
    for (let i = 0; i < strings.length; i++) {
      if ((flags & (1 << i)) === 0) continue;
      const string = strings[i];
      for (const byte of string) bytes[next++] = byte;
    }
  }
  bytes[next++] = 0;
  return next;
}

/** Walks one Avro record in place. Throws AVRO_INVALID with the field and the offset from where it was opened. */
export class AvroReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  #start = 0;
  #end = 0;

  /** Points at a record in Confluent's wire format and returns its schema id. */
  open(bytes: Uint8Array, start: number, end: number): number {
    this.bytes = bytes;
    this.at = start;
    this.#start = start;
    this.#end = end;
    if (end - start < 5) this.fail('schemaId', 'the five bytes of the wire header are not there');
    if (bytes[start] !== 0) this.fail('magic', `the first byte is ${bytes[start]}, not 0`);
    this.at = start + 5;
    return ((bytes[start + 1] << 24) | (bytes[start + 2] << 16) | (bytes[start + 3] << 8) | bytes[start + 4]) >>> 0;
  }

  /** Lets go of the bytes; throws where some are left over. */
  close(): void {
    const left = this.#end - this.at;
    if (left !== 0) this.fail('end', `${left} bytes are left over`);
    this.bytes = EMPTY;
  }

  long(field: string): number {
    const first = this.#byte(field);
    let value = (first >> 1) & 63;
    if (first > 0x7f) {
      let factor = 64;
      for (;;) {
        const byte = this.#byte(field);
        value += (byte & 0x7f) * factor;
        if (byte < 0x80) break;
        factor *= 128;
        if (factor > 2 ** 60) this.fail(field, 'the number has too many bytes');
      }
      if (value > Number.MAX_SAFE_INTEGER) this.fail(field, 'the number is beyond 2^53');
    }
    return (first & 1) === 0 ? value : -value - 1;
  }

  boolean(field: string): boolean {
    const byte = this.#byte(field);
    if (byte > 1) this.fail(field, 'a boolean is 0 or 1');
    return byte === 1;
  }

  double(field: string): number {
    if (this.#end - this.at < 8) this.fail(field, 'the record ends within a double');
    for (let i = 0; i < 8; i++) scratchBytes[i] = this.bytes[this.at + i];
    this.at += 8;
    return scratch.getFloat64(0, true);
  }

  /** A union of null and one other type: whether a value follows. */
  isPresent(field: string): boolean {
    const branch = this.#byte(field);
    if (branch !== 0 && branch !== 2) this.fail(field, 'the union has two branches');
    return branch === 2;
  }

  /** Skips bytes or a string and returns where they start; they end at the new `at`. */
  span(field: string): number {
    const length = this.long(field);
    if (length < 0 || length > this.#end - this.at) this.fail(field, `${length} bytes do not fit in the record`);
    this.at += length;
    return this.at - length;
  }

  string(field: string): string {
    const start = this.span(field);
    try {
      return utf8.decode(this.bytes.subarray(start, this.at));
    } catch {
      return this.fail(field, 'the text is not UTF-8');
    }
  }

  fixed(field: string, length: number): number {
    if (length > this.#end - this.at) this.fail(field, `${length} bytes do not fit in the record`);
    this.at += length;
    return this.at - length;
  }

  /** The number of items in the next block of an array, 0 at its end. */
  block(field: string): number {
    const count = this.long(field);
    if (count >= 0) return count;
    this.long(field);
    return -count;
  }

  /** The bits of the strings that occur in an array; strings that are not known are skipped. */
  flags(field: string, strings: readonly Uint8Array[]): number {
    let flags = 0;
    for (let count = this.block(field); count > 0; count = this.block(field)) {
      for (let i = 0; i < count; i++) {
        const from = this.at;
        this.span(field);
        for (let k = 0; k < strings.length; k++) {
          if (this.#equals(from, strings[k])) flags |= 1 << k;
        }
      }
    }
    return flags;
  }

  fail(field: string, message: string): never {
    const byteOffset = this.at - this.#start;
    throw new MsecError('AVRO_INVALID', `${field} at byte ${byteOffset}: ${message}`, { field, byteOffset });
  }

  #byte(field: string): number {
    if (this.at >= this.#end) this.fail(field, 'the record ends here');
    return this.bytes[this.at++];
  }

  #equals(from: number, string: Uint8Array): boolean {
    if (this.at - from !== string.length) return false;
    for (let i = 0; i < string.length; i++) if (this.bytes[from + i] !== string[i]) return false;
    return true;
  }
}

const EMPTY = new Uint8Array(0);
