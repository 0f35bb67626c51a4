/** One interaction between two parties, and its Avro form in Confluent's wire format. The trustee is the record's key. */
import { AvroReader, putDate, putWireHeader } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';
import { writeString } from './strings.ts';

export interface TrustInteraction {
  /** Unique for trustor, trustee and service. */
  readonly id: string;
  /** Who was served, and judges. */
  readonly trustor: string;
  readonly service: string;
  /** In [0, 1]. */
  readonly satisfaction: number;
  /** How much the service mattered, ≥ 0. */
  readonly weight: number;
  /** Unix milliseconds, by the trustor's clock. */
  readonly time: number;
  /** Measured performance; null where it was not measured. */
  readonly responseMs: number | null;
  /** In [0, 1]. */
  readonly availability: number | null;
  /** In [0, 1]. */
  readonly quality: number | null;
  /** In words; no score depends on it. */
  readonly reason: string | null;
}

/** Where the numbers of an interaction stand in its part of an array; NaN where none was measured. */
export const INTERACTION_NUMBERS = 6;
export const AT_SATISFACTION = 0;
export const AT_INTERACTION_WEIGHT = 1;
export const AT_TIME = 2;
export const AT_RESPONSE = 3;
export const AT_AVAILABILITY = 4;
export const AT_QUALITY = 5;

/** And its texts: where each begins and, one further, where it ends; -1 for no reason. */
export const INTERACTION_SPANS = 8;
export const AT_ID = 0;
export const AT_TRUSTOR = 2;
export const AT_SERVICE = 4;
export const AT_REASON = 6;

const WIRE_HEADER_BYTES = 5;
const NOTHING = new Uint8Array(0);
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** One record's contents, reused. Spans point into the bytes that were decoded. */
export class InteractionView implements TrustInteraction {
  bytes: Uint8Array = NOTHING;
  readonly numbers: Float64Array = new Float64Array(INTERACTION_NUMBERS);
  readonly spans: Int32Array = new Int32Array(INTERACTION_SPANS);

  get id(): string {
    return this.#text(AT_ID);
  }

  get trustor(): string {
    return this.#text(AT_TRUSTOR);
  }

  get service(): string {
    return this.#text(AT_SERVICE);
  }

  get satisfaction(): number {
    return this.numbers[AT_SATISFACTION];
  }

  get weight(): number {
    return this.numbers[AT_INTERACTION_WEIGHT];
  }

  get time(): number {
    return this.numbers[AT_TIME];
  }

  get responseMs(): number | null {
    return this.#measured(AT_RESPONSE);
  }

  get availability(): number | null {
    return this.#measured(AT_AVAILABILITY);
  }

  get quality(): number | null {
    return this.#measured(AT_QUALITY);
  }

  get reason(): string | null {
    return this.spans[AT_REASON] < 0 ? null : this.#text(AT_REASON);
  }

  #text(at: number): string {
    return utf8.decode(this.bytes.subarray(this.spans[at], this.spans[at + 1]));
  }

  #measured(at: number): number | null {
    return Number.isNaN(this.numbers[at]) ? null : this.numbers[at];
  }
}

export function encodeInteraction(writer: ByteWriter, schemaId: number, value: TrustInteraction): void {
  writer.ensure(WIRE_HEADER_BYTES);
  writer.position = putWireHeader(writer.bytes, writer.position, schemaId);
  for (const text of [value.id, value.trustor, value.service]) writeString(writer, text);
  writer.ensure(64);
  const { view } = writer;
  view.setFloat64(writer.position, value.satisfaction, true);
  view.setFloat64(writer.position + 8, value.weight, true);
  writer.position = putDate(view, writer.position + 16, value.time);
  for (const measured of [value.responseMs, value.availability, value.quality]) {
    writer.bytes[writer.position++] = measured === null ? 0 : 2;
    if (measured === null) continue;
    view.setFloat64(writer.position, measured, true);
    writer.position += 8;
  }
  writer.u8(value.reason === null ? 0 : 2);
  if (value.reason !== null) writeString(writer, value.reason);
}

const avro = new AvroReader();

/** Reads one after the other from the same bytes, without an object for each. */
export class InteractionReader {
  #bytes: Uint8Array = NOTHING;
  #view: DataView = new DataView(NOTHING.buffer);

  /** Its numbers from numbers[n], its texts' places from spans[s]; gives the schema's id. Throws AVRO_INVALID. */
  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    numbers: Float64Array,
    n: number,
    spans: Int32Array,
    s: number,
  ): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    return this.#readShort(start, end, numbers, n, spans, s)
      ? this.#view.getUint32(start + 1)
      : readAny(bytes, start, end, numbers, n, spans, s);
  }

  /** What nearly all of them are: texts below 64 bytes, a time of our days. False: it is another, or broken. */
  #readShort(start: number, end: number, numbers: Float64Array, n: number, spans: Int32Array, s: number): boolean {
    const bytes = this.#bytes;
    const view = this.#view;
    if (end - start < 34 || bytes[start] !== 0) return false;
    let at = start + WIRE_HEADER_BYTES;
    for (let i = s; i < s + AT_REASON; i += 2) {
      const length = bytes[at++];
      if ((length & 0x81) !== 0) return false;
      spans[i] = at;
      at += length >> 1;
      // Of the numbers behind it, the least that there can be.
      if (at + 3 > end) return false;
      spans[i + 1] = at;
    }
    if (at + 26 > end) return false;
    numbers[n + AT_SATISFACTION] = view.getFloat64(at, true);
    numbers[n + AT_INTERACTION_WEIGHT] = view.getFloat64(at + 8, true);
    const low = view.getInt32(at + 16, true);
    const high = view.getUint16(at + 20, true);
    // Six bytes of a varint, and the lowest bit says that it is positive.
    if ((low & 0x80808081) !== (0x80808080 | 0) || (high & 0x8080) !== 0x80) return false;
    const rest = (high & 0x7f) | ((high >> 1) & 0x3f80);
    const head = (low & 0x7f) | ((low >> 1) & 0x3f80) | ((low >> 2) & 0x1fc000) | ((low >> 3) & 0xfe00000);
    numbers[n + AT_TIME] = rest * 2 ** 27 + (head >> 1);
    at += 22;
    for (let i = n + AT_RESPONSE; i <= n + AT_QUALITY; i++) {
      const branch = bytes[at++];
      if (branch === 0) {
        numbers[i] = Number.NaN;
        continue;
      }
      if (branch !== 2 || at + 8 > end) return false;
      const measured = view.getFloat64(at, true);
      if (Number.isNaN(measured)) return false;
      numbers[i] = measured;
      at += 8;
    }
    if (at + 1 !== end || bytes[at] !== 0) return false;
    spans[s + AT_REASON] = -1;
    spans[s + AT_REASON + 1] = -1;
    return true;
  }
}

function readAny(
  bytes: Uint8Array,
  start: number,
  end: number,
  numbers: Float64Array,
  n: number,
  spans: Int32Array,
  s: number,
): number {
  const schemaId = avro.open(bytes, start, end);
  for (const [at, field] of TEXTS) {
    spans[s + at] = avro.span(field);
    spans[s + at + 1] = avro.at;
  }
  numbers[n + AT_SATISFACTION] = avro.double('satisfaction');
  numbers[n + AT_INTERACTION_WEIGHT] = avro.double('weight');
  numbers[n + AT_TIME] = avro.long('time');
  for (const [at, field] of MEASURES) {
    const isMeasured = avro.isPresent(field);
    numbers[n + at] = isMeasured ? avro.double(field) : Number.NaN;
    if (isMeasured && Number.isNaN(numbers[n + at])) avro.fail(field, 'it is no number');
  }
  const hasReason = avro.isPresent('reason');
  spans[s + AT_REASON] = hasReason ? avro.span('reason') : -1;
  spans[s + AT_REASON + 1] = hasReason ? avro.at : -1;
  avro.close();
  return schemaId;
}

const TEXTS = [
  [AT_ID, 'id'],
  [AT_TRUSTOR, 'trustor'],
  [AT_SERVICE, 'service'],
] as const;
const MEASURES = [
  [AT_RESPONSE, 'responseMs'],
  [AT_AVAILABILITY, 'availability'],
  [AT_QUALITY, 'quality'],
] as const;
