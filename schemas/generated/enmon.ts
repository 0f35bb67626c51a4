// Generated from schemas/frames/enmon.yaml by `npm run generate`; never edited by hand.
import type { FrameCodec, JsonView, Reading, ReadingHead } from '../frame-codec.ts';
import type { ByteWriter } from '../base.ts';
import {
  AvroReader,
  HEAD_BYTES_MAX,
  areDigits,
  asciiEquals,
  asciiText,
  avroStrings,
  flagList,
  frameInvalid,
  putDigits,
  putFlags,
  putHead,
  putLong,
  quantityView,
  readCount,
  readHead,
  readScaled,
  viewOf,
  wireInteger,
  wrongDigit,
  wrongSize,
} from '../runtime.ts';

/** What the encoder takes; integers in the wire's units. */
export interface EnMonValues {
  /** Counts the frames the device has sent. */
  readonly nSend: number;
  /** 15 decimal digits. */
  readonly imei: string;
  /** In mV. */
  readonly batteryVoltage: number;
  /** In dB. */
  readonly sonometer: number;
  /** In °C × 10. */
  readonly temperature: number;
  /** In % × 10. */
  readonly humidity: number;
}

/** One reading, reused; integers in the wire's units. */
export class EnMonReading implements Reading {
  /** Counts the frames the device has sent. */
  nSend = 0;
  /** In mV. */
  batteryVoltage = 0;
  /** In dB. */
  sonometer = 0;
  /** In °C × 10. */
  temperature = 0;
  /** In % × 10. */
  humidity = 0;
  /** One bit for each of the codec's flagNames. */
  flags = 0;
  identityStart = 0;
  identityEnd = 0;
}

const FLAG_OUT_OF_RANGE_BATTERY_VOLTAGE = 1;
const FLAG_OUT_OF_RANGE_SONOMETER = 2;
const FLAG_OUT_OF_RANGE_TEMPERATURE = 4;
const FLAG_OUT_OF_RANGE_HUMIDITY = 8;

const FLAG_NAMES: readonly string[] = ['outOfRange:batteryVoltage', 'outOfRange:sonometer', 'outOfRange:temperature', 'outOfRange:humidity'];
const FLAG_STRINGS = avroStrings(FLAG_NAMES);
const AVRO_SCHEMA = '{"type":"record","name":"EnMon","namespace":"msec.readings","doc":"A reading of: Environmental monitor (EnMon).","fields":[{"name":"device","type":"string","doc":"The device that the envelope or the bridge authenticated."},{"name":"eventTime","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"The device\'s signed time, else the time of receipt."},{"name":"receivedAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the bridge received the frame."},{"name":"bootEpoch","type":"long","doc":"Counts the restarts of the device, from the envelope."},{"name":"sequence","type":"long","doc":"Counts the frames within the boot epoch, from the envelope."},{"name":"verified","type":"boolean","doc":"Whether a signature was verified; false for legacy devices only."},{"name":"suspect","type":"boolean","doc":"Whether the device has signed two different frames under one sequence, so that its key may be copied."},{"name":"nSend","type":"long","doc":"Counts the frames the device has sent."},{"name":"batteryVoltage","type":["null","double"],"default":null,"doc":"Battery voltage. Below 1.7 V the microcontroller does not run, so that it cannot have been measured. Null where out of its physical limits.","unit":"mV","scale":1},{"name":"sonometer","type":["null","double"],"default":null,"doc":"Noise level. Null where out of its physical limits.","unit":"dB","scale":1},{"name":"temperature","type":["null","double"],"default":null,"doc":"Air temperature. Null where out of its physical limits.","unit":"°C","scale":10},{"name":"humidity","type":["null","double"],"default":null,"doc":"Relative humidity. Null where out of its physical limits.","unit":"%","scale":10},{"name":"flags","type":{"type":"array","items":"string"},"default":[],"doc":"What to mind: outOfRange:batteryVoltage, outOfRange:sonometer, outOfRange:temperature, outOfRange:humidity."}]}';
const avro = new AvroReader();

function matches(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 31 || bytes[start] !== 1) return false;
  const view = viewOf(bytes);
  return view.getUint16(start + 1) === 28 && areDigits(bytes, start + 7, start + 22) && bytes[start + 22] === 0;
}

function frameBytes(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 3) frameInvalid('length', end - start, 'the bytes end before the length does');
  const view = viewOf(bytes);
  const bytesInFrame = 3 + (view.getUint16(start + 1));
  if (bytesInFrame > end - start) {
    frameInvalid('length', 1, `${bytesInFrame} bytes are announced, ${end - start} are here`);
  }
  return bytesInFrame;
}

function decode(bytes: Uint8Array, start: number, end: number, into: EnMonReading): void {
  if (end - start !== 31) wrongSize('Environmental monitor (EnMon)', end - start, 31, 3);
  const view = viewOf(bytes);
  if (view.getUint8(start) !== 1) frameInvalid('type', 0, `${bytes[start]} is not the type 1`);
  if (view.getUint16(start + 1) !== 28) {
    frameInvalid('length', 1, 'must be 28, the number of bytes after it');
  }
  let flags = 0;
  const $nSend = view.getUint32(start + 3);
  into.nSend = $nSend;
  const digits0 = view.getInt32(start + 7);
  const digits1 = view.getInt32(start + 11);
  const digits2 = view.getInt32(start + 15);
  const digits3 = view.getInt32(start + 18);
  if (
    (((digits0 ^ 0x30303030) | ((digits0 + 0x06060606) ^ 0x30303030) | (digits1 ^ 0x30303030) | ((digits1 + 0x06060606) ^ 0x30303030) | (digits2 ^ 0x30303030) | ((digits2 + 0x06060606) ^ 0x30303030) | (digits3 ^ 0x30303030) | ((digits3 + 0x06060606) ^ 0x30303030)) & 0xf0f0f0f0) !== 0
  )
    wrongDigit('imei', bytes, start, 7);
  if (view.getUint8(start + 22) !== 0) frameInvalid('imei', 22, 'a NUL is expected after the digits');
  into.identityStart = start + 7;
  into.identityEnd = start + 22;
  const $batteryVoltage = view.getUint16(start + 23);
  into.batteryVoltage = $batteryVoltage;
  if ($batteryVoltage < 1700 || $batteryVoltage > 6000) flags |= FLAG_OUT_OF_RANGE_BATTERY_VOLTAGE;
  const $sonometer = view.getUint16(start + 25);
  into.sonometer = $sonometer;
  if ($sonometer > 140) flags |= FLAG_OUT_OF_RANGE_SONOMETER;
  const $temperature = view.getInt16(start + 27);
  into.temperature = $temperature;
  if ($temperature < -400 || $temperature > 850) flags |= FLAG_OUT_OF_RANGE_TEMPERATURE;
  const $humidity = view.getUint16(start + 29);
  into.humidity = $humidity;
  if ($humidity > 1000) flags |= FLAG_OUT_OF_RANGE_HUMIDITY;
  into.flags = flags;
}

function encode(writer: ByteWriter, values: EnMonValues): void {
  writer.ensure(31);
  const at = writer.position;
  const bytes = writer.bytes;
  bytes[at + 0] = 1;
  bytes[at + 1] = 28 >>> 8;
  bytes[at + 2] = 28;
  const $nSend = wireInteger('nSend', 3, values.nSend, 0, 4294967295);
  bytes[at + 3] = $nSend >>> 24;
  bytes[at + 4] = $nSend >>> 16;
  bytes[at + 5] = $nSend >>> 8;
  bytes[at + 6] = $nSend;
  putDigits('imei', 7, bytes, at + 7, values.imei, 15);
  bytes[at + 22] = 0;
  const $batteryVoltage = wireInteger('batteryVoltage', 23, values.batteryVoltage, 0, 65535);
  bytes[at + 23] = $batteryVoltage >>> 8;
  bytes[at + 24] = $batteryVoltage;
  const $sonometer = wireInteger('sonometer', 25, values.sonometer, 0, 65535);
  bytes[at + 25] = $sonometer >>> 8;
  bytes[at + 26] = $sonometer;
  const $temperature = wireInteger('temperature', 27, values.temperature, -32768, 32767);
  bytes[at + 27] = $temperature >>> 8;
  bytes[at + 28] = $temperature;
  const $humidity = wireInteger('humidity', 29, values.humidity, 0, 65535);
  bytes[at + 29] = $humidity >>> 8;
  bytes[at + 30] = $humidity;
  writer.position = at + 31;
}

function toJson(bytes: Uint8Array, reading: EnMonReading): JsonView {
  return {
    type: 'enmon',
    nSend: reading.nSend,
    imei: asciiText(bytes, reading.identityStart, reading.identityEnd),
    batteryVoltage: quantityView(reading.batteryVoltage, 1, 'mV', (reading.flags & FLAG_OUT_OF_RANGE_BATTERY_VOLTAGE) !== 0),
    sonometer: quantityView(reading.sonometer, 1, 'dB', (reading.flags & FLAG_OUT_OF_RANGE_SONOMETER) !== 0),
    temperature: quantityView(reading.temperature, 10, '°C', (reading.flags & FLAG_OUT_OF_RANGE_TEMPERATURE) !== 0),
    humidity: quantityView(reading.humidity, 10, '%', (reading.flags & FLAG_OUT_OF_RANGE_HUMIDITY) !== 0),
    flags: flagList(reading.flags, FLAG_NAMES),
  };
}

/** Whether the frame at `start` carries this IMEI, given as 15 ASCII bytes; compared in place. */
export function imeiEquals(bytes: Uint8Array, start: number, expected: Uint8Array): boolean {
  return asciiEquals(bytes, start + 7, start + 22, expected);
}

function copyMeasures(reading: EnMonReading, into: Float64Array): void {
  const flags = reading.flags;
  into[0] = (flags & FLAG_OUT_OF_RANGE_BATTERY_VOLTAGE) === 0 ? reading.batteryVoltage : Number.NaN;
  into[1] = (flags & FLAG_OUT_OF_RANGE_SONOMETER) === 0 ? reading.sonometer : Number.NaN;
  into[2] = (flags & FLAG_OUT_OF_RANGE_TEMPERATURE) === 0 ? reading.temperature : Number.NaN;
  into[3] = (flags & FLAG_OUT_OF_RANGE_HUMIDITY) === 0 ? reading.humidity : Number.NaN;
}

function publish(reading: EnMonReading): void {
  if (reading.flags !== 0) {
    if ((reading.flags & FLAG_OUT_OF_RANGE_BATTERY_VOLTAGE) !== 0) reading.batteryVoltage = 0;
    if ((reading.flags & FLAG_OUT_OF_RANGE_SONOMETER) !== 0) reading.sonometer = 0;
    if ((reading.flags & FLAG_OUT_OF_RANGE_TEMPERATURE) !== 0) reading.temperature = 0;
    if ((reading.flags & FLAG_OUT_OF_RANGE_HUMIDITY) !== 0) reading.humidity = 0;
  }
  reading.identityStart = 0;
  reading.identityEnd = 0;
}

function encodeReading(writer: ByteWriter, schemaId: number, head: ReadingHead, reading: EnMonReading): void {
  writer.ensure(HEAD_BYTES_MAX + 147 + head.deviceEnd - head.deviceStart);
  const bytes = writer.bytes;
  const view = writer.view;
  const flags = reading.flags;
  let at = putHead(writer, schemaId, head);
  at = putLong(bytes, at, reading.nSend);
  if ((flags & FLAG_OUT_OF_RANGE_BATTERY_VOLTAGE) === 0) {
    bytes[at++] = 2;
    view.setFloat64(at, reading.batteryVoltage, true);
    at += 8;
  } else bytes[at++] = 0;
  if ((flags & FLAG_OUT_OF_RANGE_SONOMETER) === 0) {
    bytes[at++] = 2;
    view.setFloat64(at, reading.sonometer, true);
    at += 8;
  } else bytes[at++] = 0;
  if ((flags & FLAG_OUT_OF_RANGE_TEMPERATURE) === 0) {
    bytes[at++] = 2;
    view.setFloat64(at, reading.temperature / 10, true);
    at += 8;
  } else bytes[at++] = 0;
  if ((flags & FLAG_OUT_OF_RANGE_HUMIDITY) === 0) {
    bytes[at++] = 2;
    view.setFloat64(at, reading.humidity / 10, true);
    at += 8;
  } else bytes[at++] = 0;
  writer.position = putFlags(bytes, at, flags, FLAG_STRINGS);
}

function decodeReading(bytes: Uint8Array, start: number, end: number, head: ReadingHead, into: EnMonReading): number {
  const schemaId = avro.open(bytes, start, end);
  readHead(avro, head);
  let flags = 0;
  into.nSend = readCount(avro, 'nSend', 4294967295);
  if (avro.isPresent('batteryVoltage')) {
    into.batteryVoltage = readScaled(avro, 'batteryVoltage', 1, 0, 65535);
  } else {
    into.batteryVoltage = 0;
    flags |= FLAG_OUT_OF_RANGE_BATTERY_VOLTAGE;
  }
  if (avro.isPresent('sonometer')) {
    into.sonometer = readScaled(avro, 'sonometer', 1, 0, 65535);
  } else {
    into.sonometer = 0;
    flags |= FLAG_OUT_OF_RANGE_SONOMETER;
  }
  if (avro.isPresent('temperature')) {
    into.temperature = readScaled(avro, 'temperature', 10, -32768, 32767);
  } else {
    into.temperature = 0;
    flags |= FLAG_OUT_OF_RANGE_TEMPERATURE;
  }
  if (avro.isPresent('humidity')) {
    into.humidity = readScaled(avro, 'humidity', 10, 0, 65535);
  } else {
    into.humidity = 0;
    flags |= FLAG_OUT_OF_RANGE_HUMIDITY;
  }
  into.flags = flags | avro.flags('flags', FLAG_STRINGS);
  into.identityStart = 0;
  into.identityEnd = 0;
  avro.close();
  return schemaId;
}

export const enmon: FrameCodec<EnMonReading, EnMonValues> = {
  name: 'enmon',
  title: 'Environmental monitor (EnMon)',
  format: 'binary',
  typeByte: 1,
  sizeBytes: 31,
  spans: [
    { name: 'type', label: 'TYPE', offset: 0, sizeBytes: 1 },
    { name: 'length', label: 'LENGTH', offset: 1, sizeBytes: 2 },
    { name: 'nSend', label: 'N_SEND', offset: 3, sizeBytes: 4 },
    { name: 'imei', label: 'IMEI', offset: 7, sizeBytes: 16 },
    { name: 'batteryVoltage', label: 'BATTERY_VOLTAGE', offset: 23, sizeBytes: 2 },
    { name: 'sonometer', label: 'SONOMETER', offset: 25, sizeBytes: 2 },
    { name: 'temperature', label: 'TEMPERATURE', offset: 27, sizeBytes: 2 },
    { name: 'humidity', label: 'HUMIDITY', offset: 29, sizeBytes: 2 },
  ],
  identity: { pattern: '^[0-9]{15}$', says: 'must be 15 decimal digits' },
  measures: [
    { name: 'batteryVoltage', unit: 'mV', scale: 1 },
    { name: 'sonometer', unit: 'dB', scale: 1 },
    { name: 'temperature', unit: '°C', scale: 10 },
    { name: 'humidity', unit: '%', scale: 10 },
  ],
  flagNames: FLAG_NAMES,
  avroSchema: AVRO_SCHEMA,
  hasSightings: false,
  distinctName: null,
  suppressBelow: 0,
  create: () => new EnMonReading(),
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
