/**
 * Pseudonyms on their way from decoding to the count of distinct devices: internal, in Avro with Confluent's header.
 * Written straight from the reading's columns, read into columns again.
 */
import { AvroReader, LONG_BYTES_MAX, putBytes, putLong, putWireHeader } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';
import type { ReadingHead, SightingsReading } from '../frame-codec.ts';

const PSEUDONYM_BYTES = 8;
const RSSI_BYTES_MAX = 3;

/** One record's contents, reused; `count` rows are in use. Spans point into the bytes that were decoded. */
export class SightingsView {
  deviceStart = 0;
  deviceEnd = 0;
  eventTime = 0;
  keyIdStart = 0;
  keyIdEnd = 0;
  count = 0;
  /** Eight bytes a row. */
  pseudonyms: Uint8Array = new Uint8Array(16 * PSEUDONYM_BYTES);
  rssi: Int16Array = new Int16Array(16);
  isRandomised: Uint8Array = new Uint8Array(16);
}

const avro = new AvroReader();

/** `keyId` is UTF-8. Of the head, device and event time are written. */
export function encodeSightings(
  writer: ByteWriter,
  schemaId: number,
  head: ReadingHead,
  keyId: Uint8Array,
  reading: SightingsReading,
): void {
  const { sightings, pseudonyms, rssi, isRandomised } = reading;
  const texts = head.deviceEnd - head.deviceStart + keyId.length;
  writer.ensure(5 + 4 * LONG_BYTES_MAX + texts + sightings * (PSEUDONYM_BYTES + RSSI_BYTES_MAX + 1) + 1);
  const { bytes } = writer;
  let at = putWireHeader(bytes, writer.position, schemaId);
  at = putBytes(bytes, at, head.device, head.deviceStart, head.deviceEnd);
  at = putLong(bytes, at, head.eventTime);
  at = putBytes(bytes, at, keyId, 0, keyId.length);
  if (sightings > 0) at = putLong(bytes, at, sightings);
  for (let row = 0; row < sightings; row++) {
    for (let i = 0; i < PSEUDONYM_BYTES; i++) bytes[at++] = pseudonyms[row * PSEUDONYM_BYTES + i];
    at = putLong(bytes, at, rssi[row]);
    bytes[at++] = isRandomised[row];
  }
  bytes[at++] = 0;
  writer.position = at;
}

/** Reads what encodeSightings wrote. Throws AVRO_INVALID. */
export function decodeSightings(bytes: Uint8Array, start: number, end: number, into: SightingsView): void {
  avro.open(bytes, start, end);
  into.deviceStart = avro.span('device');
  into.deviceEnd = avro.at;
  into.eventTime = avro.long('eventTime');
  into.keyIdStart = avro.span('keyId');
  into.keyIdEnd = avro.at;
  let row = 0;
  for (let count = avro.block('sightings'); count > 0; count = avro.block('sightings')) {
    for (let i = 0; i < count; i++, row++) {
      if (row === into.rssi.length) grow(into);
      const from = avro.fixed('pseudonym', PSEUDONYM_BYTES);
      for (let k = 0; k < PSEUDONYM_BYTES; k++) into.pseudonyms[row * PSEUDONYM_BYTES + k] = bytes[from + k];
      const rssi = avro.long('rssi');
      if (rssi < -0x8000 || rssi > 0x7fff) avro.fail('rssi', 'no frame can carry this value');
      into.rssi[row] = rssi;
      into.isRandomised[row] = avro.boolean('randomised') ? 1 : 0;
    }
  }
  into.count = row;
  avro.close();
}

function grow(view: SightingsView): void {
  const rows = view.rssi.length * 2;
  const { pseudonyms, rssi, isRandomised } = view;
  view.pseudonyms = new Uint8Array(rows * PSEUDONYM_BYTES);
  view.pseudonyms.set(pseudonyms);
  view.rssi = new Int16Array(rows);
  view.rssi.set(rssi);
  view.isRandomised = new Uint8Array(rows);
  view.isRandomised.set(isRandomised);
}
