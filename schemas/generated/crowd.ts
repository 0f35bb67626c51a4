// Generated from schemas/frames/crowd.yaml by `npm run generate`; never edited by hand.
import type { FrameCodec, FrameContext, JsonView, ReadingHead, SightingsReading } from '../frame-codec.ts';
import type { ByteWriter } from '../base.ts';
import type { Zone } from '../zone.ts';
import {
  AddressSet,
  AvroReader,
  HEAD_BYTES_MAX,
  TextScan,
  UTC,
  addressText,
  alphanumericText,
  asciiEquals,
  asciiText,
  avroStrings,
  dateText,
  decimalText,
  flagList,
  growSightings,
  hasTag,
  isSkewed,
  putFlags,
  putHead,
  putLong,
  quantityView,
  readCount,
  readDate,
  readHead,
  readScaled,
  sightingViews,
  wireInteger,
} from '../runtime.ts';

/** What the encoder takes; integers in the wire's units. */
export interface CrowdValues {
  readonly serial: string;
  /** Unix time in milliseconds; the frame keeps whole seconds. */
  readonly date: number;
  /** The zone that the device writes its date in; UTC unless given. */
  readonly zone?: Zone;
  /** In °C × 100. */
  readonly temperature: number;
  /** Wi-Fi packets heard. */
  readonly packets: number;
  /** The number of devices that the frame says it lists. */
  readonly declared: number;
  readonly sightings: readonly { readonly mac: string; readonly rssi: number }[];
}

/** One reading, reused; integers in the wire's units. */
export class CrowdReading implements SightingsReading {
  /** Unix time in milliseconds. */
  date = 0;
  /** In °C × 100. */
  temperature = 0;
  /** Wi-Fi packets heard. */
  packets = 0;
  /** The number of devices that the frame says it lists. Not published. */
  declared = 0;
  /** One bit for each of the codec's flagNames. */
  flags = 0;
  identityStart = 0;
  identityEnd = 0;
  /** Different addresses; of a published reading 0 where suppressed. */
  distinct = 0;
  /** How many of them are locally administered. */
  randomised = 0;
  /** Rows in use below; none in a published reading. */
  sightings = 0;
  pseudonyms: Uint8Array = new Uint8Array(0);
  rssi: Int16Array = new Int16Array(0);
  isRandomised: Uint8Array = new Uint8Array(0);
}

const FLAG_OUT_OF_RANGE_TEMPERATURE = 1;
const FLAG_OUT_OF_RANGE_RSSI = 2;
const FLAG_COUNT_MISMATCH = 4;
const FLAG_CLOCK_SKEW = 8;
const FLAG_SUPPRESSED = 16;

const FLAG_NAMES: readonly string[] = ['outOfRange:temperature', 'outOfRange:rssi', 'countMismatch', 'clockSkew', 'suppressed'];
const FLAG_STRINGS = avroStrings(FLAG_NAMES);
const AVRO_SCHEMA = '{"type":"record","name":"Crowd","namespace":"msec.readings","doc":"A reading of: Crowd counter.","fields":[{"name":"device","type":"string","doc":"The device that the envelope or the bridge authenticated."},{"name":"eventTime","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"The device\'s signed time, else the time of receipt."},{"name":"receivedAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the bridge received the frame."},{"name":"bootEpoch","type":"long","doc":"Counts the restarts of the device, from the envelope."},{"name":"sequence","type":"long","doc":"Counts the frames within the boot epoch, from the envelope."},{"name":"verified","type":"boolean","doc":"Whether a signature was verified; false for legacy devices only."},{"name":"suspect","type":"boolean","doc":"Whether the device has signed two different frames under one sequence, so that its key may be copied."},{"name":"date","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"DATE as an instant."},{"name":"temperature","type":["null","double"],"default":null,"doc":"Temperature as the device reports it, in its casing; at most two decimals. Null where out of its physical limits.","unit":"°C","scale":100},{"name":"packets","type":["null","long"],"default":null,"doc":"Wi-Fi packets heard. Null where fewer than 5."},{"name":"devices","type":["null","long"],"default":null,"doc":"Different addresses heard. One line for each device heard. Null where fewer than 5."},{"name":"randomised","type":["null","long"],"default":null,"doc":"How many of the addresses are locally administered, thus most likely randomised. Null where these or the others are fewer than 5."},{"name":"flags","type":{"type":"array","items":"string"},"default":[],"doc":"What to mind: outOfRange:temperature, outOfRange:rssi, countMismatch, clockSkew, suppressed."}]}';
const avro = new AvroReader();

const scan = new TextScan();
const addresses = new AddressSet();
const mac = new Uint8Array(6);

function matches(bytes: Uint8Array, start: number, end: number): boolean {
  return hasTag(bytes, start, end, 32, '@WIFI@');
}

function frameBytes(_bytes: Uint8Array, start: number, end: number): number {
  return end - start;
}

function decode(bytes: Uint8Array, start: number, end: number, into: CrowdReading, context: FrameContext): void {
  try {
    scan.open(bytes, start, end, 131072);
    let flags = 0;
    into.identityStart = scan.alphanumeric('serial', 32);
    into.identityEnd = scan.at;
    scan.literal('radio', '@');
    scan.literal('radio', 'WIFI');
    scan.literal('date', '@');
    const dateFrom = scan.at;
    const year = scan.digits('date', 4);
    const day = scan.digits('date', 2);
    const month = scan.digits('date', 2);
    scan.literal('date', '-');
    const hour = scan.digits('date', 2);
    scan.literal('date', ':');
    const minute = scan.digits('date', 2);
    scan.literal('date', ':');
    const second = scan.digits('date', 2);
    const local = readDate(scan, 'date', dateFrom, [year, month, day, hour, minute, second]);
    into.date = context.zone.toUnixMs(local);
    if (isSkewed(into.date, context, 300000)) flags |= FLAG_CLOCK_SKEW;
    scan.literal('temperature', '@');
    into.temperature = scan.decimal('temperature', 2);
    if (into.temperature < -4000 || into.temperature > 12500) flags |= FLAG_OUT_OF_RANGE_TEMPERATURE;
    scan.literal('packets', '@');
    into.packets = scan.integer('packets', false);
    scan.literal('declared', '@');
    into.declared = scan.integer('declared', false);
    into.sightings = 0;
    into.randomised = 0;
    for (let line = 0; !scan.isAtEnd; line++) {
      scan.lineEnd('devices');
      if (line === 4096) scan.fail('devices', 'more than 4096 lines');
      scan.address('mac', mac);
      scan.literal('rssi', '@');
      const strengthFrom = scan.at;
      const rssi = scan.integer('rssi', true);
      if (rssi < -32767 || rssi > 32767) scan.fail('rssi', 'no strength is this large', strengthFrom);
      if (rssi < -127 || rssi > 0) flags |= FLAG_OUT_OF_RANGE_RSSI;
      const row = addresses.rowOf(mac);
      if (row < into.sightings) {
        if (rssi > into.rssi[row]) into.rssi[row] = rssi;
        continue;
      }
      if (row === into.rssi.length) growSightings(into);
      into.rssi[row] = rssi;
      into.isRandomised[row] = (mac[0] >> 1) & 1;
      into.randomised += (mac[0] >> 1) & 1;
      context.pseudonymise(mac, into.pseudonyms, row * 8);
      into.sightings = row + 1;
    }
    into.distinct = into.sightings;
    if (into.distinct < 5) flags |= FLAG_SUPPRESSED;
    if (into.declared !== into.distinct) flags |= FLAG_COUNT_MISMATCH;
    into.flags = flags;
  } finally {
    scan.close();
    addresses.clear();
    mac.fill(0);
  }
}

function encode(writer: ByteWriter, values: CrowdValues): void {
  let text = [
    alphanumericText('serial', values.serial, 32),
    'WIFI',
    dateText((values.zone ?? UTC).toLocalMs(values.date), 'YYYYDDMM-hh:mm:ss'),
    decimalText(wireInteger('temperature', 0, values.temperature, -99999999900, 99999999900), 2),
    decimalText(wireInteger('packets', 0, values.packets, 0, 999999999), 0),
    decimalText(wireInteger('declared', 0, values.declared, 0, 999999999), 0),
  ].join('@');
  for (const sighting of values.sightings) {
    const rssi = wireInteger('rssi', 0, sighting.rssi, -32767, 32767);
    text += '\n' + addressText('mac', sighting.mac) + '@' + rssi;
  }
  writer.ensure(text.length);
  for (let i = 0; i < text.length; i++) writer.bytes[writer.position + i] = text.charCodeAt(i);
  writer.position += text.length;
}

function toJson(bytes: Uint8Array, reading: CrowdReading): JsonView {
  return {
    type: 'crowd',
    serial: asciiText(bytes, reading.identityStart, reading.identityEnd),
    date: new Date(reading.date).toISOString(),
    temperature: quantityView(reading.temperature, 100, '°C', (reading.flags & FLAG_OUT_OF_RANGE_TEMPERATURE) !== 0),
    packets: reading.packets,
    declared: reading.declared,
    devices: reading.distinct,
    randomised: reading.randomised,
    sightings: sightingViews(reading, 'mac', 'rssi', 'dBm'),
    flags: flagList(reading.flags, FLAG_NAMES),
  };
}

function copyMeasures(reading: CrowdReading, into: Float64Array): void {
  const flags = reading.flags;
  into[0] = (flags & FLAG_OUT_OF_RANGE_TEMPERATURE) === 0 ? reading.temperature : Number.NaN;
}

function publish(reading: CrowdReading): void {
  if (reading.flags !== 0) {
    if ((reading.flags & FLAG_OUT_OF_RANGE_TEMPERATURE) !== 0) reading.temperature = 0;
  }
  if (!(reading.randomised >= 5 && reading.distinct - reading.randomised >= 5)) {
    reading.flags |= FLAG_SUPPRESSED;
    reading.randomised = 0;
  }
  if (!(reading.packets >= 5)) {
    reading.flags |= FLAG_SUPPRESSED;
    reading.packets = 0;
  }
  if (!(reading.distinct >= 5)) {
    reading.flags |= FLAG_SUPPRESSED;
    reading.distinct = 0;
  }
  reading.declared = 0;
  reading.sightings = 0;
  reading.identityStart = 0;
  reading.identityEnd = 0;
}

function encodeReading(writer: ByteWriter, schemaId: number, head: ReadingHead, reading: CrowdReading): void {
  writer.ensure(HEAD_BYTES_MAX + 132 + head.deviceEnd - head.deviceStart);
  const bytes = writer.bytes;
  const view = writer.view;
  let flags = reading.flags;
  if (!(reading.packets >= 5)) flags |= FLAG_SUPPRESSED;
  if (!(reading.distinct >= 5)) flags |= FLAG_SUPPRESSED;
  if (!(reading.randomised >= 5 && reading.distinct - reading.randomised >= 5)) flags |= FLAG_SUPPRESSED;
  let at = putHead(writer, schemaId, head);
  at = putLong(bytes, at, reading.date);
  if ((flags & FLAG_OUT_OF_RANGE_TEMPERATURE) === 0) {
    bytes[at++] = 2;
    view.setFloat64(at, reading.temperature / 100, true);
    at += 8;
  } else bytes[at++] = 0;
  if (reading.packets >= 5) {
    bytes[at++] = 2;
    at = putLong(bytes, at, reading.packets);
  } else bytes[at++] = 0;
  if (reading.distinct >= 5) {
    bytes[at++] = 2;
    at = putLong(bytes, at, reading.distinct);
  } else bytes[at++] = 0;
  if (reading.randomised >= 5 && reading.distinct - reading.randomised >= 5) {
    bytes[at++] = 2;
    at = putLong(bytes, at, reading.randomised);
  } else bytes[at++] = 0;
  writer.position = putFlags(bytes, at, flags, FLAG_STRINGS);
}

function decodeReading(bytes: Uint8Array, start: number, end: number, head: ReadingHead, into: CrowdReading): number {
  const schemaId = avro.open(bytes, start, end);
  readHead(avro, head);
  let flags = 0;
  into.date = avro.long('date');
  if (avro.isPresent('temperature')) {
    into.temperature = readScaled(avro, 'temperature', 100, -99999999900, 99999999900);
  } else {
    into.temperature = 0;
    flags |= FLAG_OUT_OF_RANGE_TEMPERATURE;
  }
  into.packets = avro.isPresent('packets') ? readCount(avro, 'packets', 999999999) : 0;
  into.distinct = avro.isPresent('devices') ? readCount(avro, 'devices', 4096) : 0;
  into.randomised = avro.isPresent('randomised') ? readCount(avro, 'randomised', 4096) : 0;
  into.flags = flags | avro.flags('flags', FLAG_STRINGS);
  into.identityStart = 0;
  into.identityEnd = 0;
  into.declared = 0;
  into.sightings = 0;
  avro.close();
  return schemaId;
}

export const crowd: FrameCodec<CrowdReading, CrowdValues> = {
  name: 'crowd',
  title: 'Crowd counter',
  format: 'text',
  typeByte: null,
  sizeBytes: 131072,
  spans: [
  ],
  identity: { pattern: '^[0-9A-Za-z]{1,32}$', says: 'must be 1 to 32 ASCII letters or digits' },
  measures: [
    { name: 'temperature', unit: '°C', scale: 100 },
  ],
  flagNames: FLAG_NAMES,
  avroSchema: AVRO_SCHEMA,
  hasSightings: true,
  distinctName: 'devices',
  suppressBelow: 5,
  create: () => new CrowdReading(),
  matches,
  frameBytes,
  decode,
  encode,
  identityEquals: (bytes, reading, expected) =>
    asciiEquals(bytes, reading.identityStart, reading.identityEnd, expected),
  copyMeasures,
  publish,
  encodeReading,
  decodeReading,
  toJson,
};
