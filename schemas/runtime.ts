/**
 * What generated codecs are linked against: the generated files import it, those compiled at run time get it passed.
 * Small plain functions on bytes, so that V8 inlines them into each codec.
 */
import { type AvroReader, LONG_BYTES_MAX, putDate, putLong, putWireHeader } from './avro-bytes.ts';
import { type ByteWriter, copyShort } from './base.ts';
import { parseDateLayout } from './date-layout.ts';
import type { FrameContext, ReadingHead, SightingsReading } from './frame-codec.ts';
import { civilMs, frameInvalid, type TextScan } from './text-scan.ts';

export { AddressSet } from './address-set.ts';
export { AvroReader, avroStrings, putFlags, putLong } from './avro-bytes.ts';
export { hasTag, TextScan } from './text-scan.ts';
export { UTC } from './zone.ts';
export { civilMs, frameInvalid };

/** Room for the wire header and a head without its device. */
export const HEAD_BYTES_MAX = 5 + 5 * LONG_BYTES_MAX + 2;

/** At the writer's position, with room for it; gives where it ends. */
export function putHead(writer: ByteWriter, schemaId: number, head: ReadingHead): number {
  const { bytes, view } = writer;
  let next = putWireHeader(bytes, writer.position, schemaId);
  next = putLong(bytes, next, head.deviceEnd - head.deviceStart);
  next = copyShort(view, next, head.device, head.deviceStart, head.deviceEnd);
  next = putDate(view, next, head.eventTime);
  next = putDate(view, next, head.receivedAt);
  next = putLong(bytes, next, head.bootEpoch);
  next = putLong(bytes, next, head.sequence);
  bytes[next++] = head.verified ? 1 : 0;
  bytes[next++] = head.suspect ? 1 : 0;
  return next;
}

export function readHead(avro: AvroReader, head: ReadingHead): void {
  head.deviceStart = avro.span('device');
  head.deviceEnd = avro.at;
  head.device = avro.bytes;
  head.eventTime = avro.long('eventTime');
  head.receivedAt = avro.long('receivedAt');
  head.bootEpoch = avro.long('bootEpoch');
  head.sequence = avro.long('sequence');
  head.verified = avro.boolean('verified');
  head.suspect = avro.boolean('suspect');
}

/** A published double back as the wire's integer. */
export function readScaled(avro: AvroReader, field: string, scale: number, min: number, max: number): number {
  const value = Math.round(avro.double(field) * scale);
  if (!(value >= min && value <= max)) avro.fail(field, 'no frame can carry this value');
  return value;
}

export function readCount(avro: AvroReader, field: string, max: number): number {
  const value = avro.long(field);
  if (value < 0 || value > max) avro.fail(field, 'no frame can carry this value');
  return value;
}

/** Why these bytes have not the size of the frame; `lengthEnd` is where the bytes that LENGTH counts begin. */
export function wrongSize(title: string, found: number, expected: number, lengthEnd: number): never {
  const what = found < expected ? `${expected - found} are missing` : `${found - expected} are too many`;
  const where = Math.min(found, lengthEnd);
  return frameInvalid('length', where, `${title} has ${expected} bytes, here are ${found}: ${what}`);
}

let viewed: Uint8Array = new Uint8Array(0);
let view = new DataView(viewed.buffer);

/** A view of the bytes, the same one while they are: frame after frame lies in one buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return view;
}

/** Whether all of them are decimal digits. */
export function areDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] < 0x30 || bytes[at] > 0x39) return false;
  return true;
}

const NO_DIGIT = 'an ASCII decimal digit is expected';

/** Names the first from `offset` of the frame on that is none; there is one. */
export function wrongDigit(field: string, bytes: Uint8Array, start: number, offset: number): never {
  let byteOffset = offset;
  while (bytes[start + byteOffset] >= 0x30 && bytes[start + byteOffset] <= 0x39) byteOffset++;
  return frameInvalid(field, byteOffset, NO_DIGIT);
}

/** The integer itself, if the wire can carry it. */
export function wireInteger(field: string, byteOffset: number, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  return frameInvalid(field, byteOffset, `${value} is no whole number from ${min} to ${max}`);
}

export function putDigits(
  field: string,
  byteOffset: number,
  bytes: Uint8Array,
  at: number,
  text: string,
  digits: number,
): void {
  if (text.length !== digits) frameInvalid(field, byteOffset, `${digits} digits are expected`);
  for (let i = 0; i < digits; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) frameInvalid(field, byteOffset + i, NO_DIGIT);
    bytes[at + i] = code;
  }
}

export function asciiEquals(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  if (end - start !== expected.length) return false;
  for (let i = 0; i < expected.length; i++) if (bytes[start + i] !== expected[i]) return false;
  return true;
}

export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

export function flagList(flags: number, names: readonly string[]): string[] {
  return names.filter((_, bit) => (flags & (1 << bit)) !== 0);
}

/** A measure for people. One out of range shows what the device said, apart from `value`. */
export function quantityView(wire: number, scale: number, unit: string, isOutOfRange: boolean): object {
  const value = wire / scale;
  return isOutOfRange ? { value: null, outOfRange: value, unit } : { value, unit };
}

/** Makes room for one more row. Doubles, so that a reading soon has the size of its device's longest frame. */
export function growSightings(reading: SightingsReading): void {
  const rows = Math.max(16, reading.rssi.length * 2);
  const { pseudonyms, rssi, isRandomised } = reading;
  reading.pseudonyms = new Uint8Array(rows * 8);
  reading.pseudonyms.set(pseudonyms);
  reading.rssi = new Int16Array(rows);
  reading.rssi.set(rssi);
  reading.isRandomised = new Uint8Array(rows);
  reading.isRandomised.set(isRandomised);
}

export function sightingViews(
  reading: SightingsReading,
  addressName: string,
  strengthName: string,
  unit: string,
): object[] {
  return Array.from({ length: reading.sightings }, (_, row) => ({
    [`${addressName}Pseudonym`]: Buffer.from(reading.pseudonyms.subarray(row * 8, row * 8 + 8)).toString('hex'),
    [strengthName]: { value: reading.rssi[row], unit },
    randomised: reading.isRandomised[row] === 1,
  }));
}

/** Whether a frame's date lies too far from when it came; never where the context knows no time. */
export function isSkewed(unixMs: number, context: FrameContext, limitMs: number): boolean {
  const limit = Number.isNaN(context.clockSkewMsMax) ? limitMs : context.clockSkewMsMax;
  return Math.abs(unixMs - context.receivedAt) > limit;
}

export function readDate(
  scan: TextScan,
  field: string,
  from: number,
  [year, month, day, hour, minute, second]: readonly [number, number, number, number, number, number],
): number {
  const ms = civilMs(year, month, day, hour, minute, second);
  return Number.isNaN(ms) ? scan.fail(field, 'the calendar has no such date and time (years 2000 to 2199)', from) : ms;
}

/** The text of a frame's pieces, for encoders. */
export function dateText(localMs: number, layout: string): string {
  const iso = new Date(localMs).toISOString();
  const parts = {
    YYYY: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    DD: iso.slice(8, 10),
    hh: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19),
  };
  return (parseDateLayout(layout) ?? [])
    .map((piece) => (piece.part === null ? piece.text : parts[piece.part]))
    .join('');
}

export function decimalText(wire: number, places: number): string {
  const digits = String(Math.abs(wire)).padStart(places + 1, '0');
  const point = digits.length - places;
  return `${wire < 0 ? '-' : ''}${digits.slice(0, point)}${places === 0 ? '' : '.'}${digits.slice(point)}`;
}

export function alphanumericText(field: string, text: string, charsMax: number): string {
  if (new RegExp(`^[A-Za-z0-9]{1,${charsMax}}$`).test(text)) return text;
  return frameInvalid(field, 0, `1 to ${charsMax} ASCII letters or digits are expected`);
}

export function addressText(field: string, text: string): string {
  return /^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/.test(text)
    ? text
    : frameInvalid(field, 0, 'six pairs of hexadecimal digits are expected');
}
