// Generated from schemas/frames/nucleo.yaml by `npm run generate`; never edited by hand.
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
export interface NucleoValues {
  /** Counts the frames the device has sent. */
  readonly nSend: number;
  /** 12 decimal digits. */
  readonly serial: string;
  /** The potentiometer, as the 12-bit converter reads it. */
  readonly adc: number;
  /** In mV. */
  readonly supplyVoltage: number;
  /** In °C × 10. */
  readonly temperature: number;
}

/** One reading, reused; integers in the wire's units. */
export class NucleoReading implements Reading {
  /** Counts the frames the device has sent. */
  nSend = 0;
  /** In its unit. */
  adc = 0;
  /** In mV. */
  supplyVoltage = 0;
  /** In °C × 10. */
  temperature = 0;
  /** One bit for each of the codec's flagNames. */
  flags = 0;
  identityStart = 0;
  identityEnd = 0;
}

const FLAG_OUT_OF_RANGE_ADC = 1;
const FLAG_OUT_OF_RANGE_SUPPLY_VOLTAGE = 2;
const FLAG_OUT_OF_RANGE_TEMPERATURE = 4;

const FLAG_NAMES: readonly string[] = ['outOfRange:adc', 'outOfRange:supplyVoltage', 'outOfRange:temperature'];
const FLAG_STRINGS = avroStrings(FLAG_NAMES);
const AVRO_SCHEMA = '{"type":"record","name":"Nucleo","namespace":"msec.readings","doc":"A reading of: Demonstration board (Nucleo-L476RG).","fields":[{"name":"device","type":"string","doc":"The device that the envelope or the bridge authenticated."},{"name":"eventTime","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"The device\'s signed time, else the time of receipt."},{"name":"receivedAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the bridge received the frame."},{"name":"bootEpoch","type":"long","doc":"Counts the restarts of the device, from the envelope."},{"name":"sequence","type":"long","doc":"Counts the frames within the boot epoch, from the envelope."},{"name":"verified","type":"boolean","doc":"Whether a signature was verified; false for legacy devices only."},{"name":"suspect","type":"boolean","doc":"Whether the device has signed two different frames under one sequence, so that its key may be copied."},{"name":"nSend","type":"long","doc":"Counts the frames the device has sent."},{"name":"adc","type":["null","double"],"default":null,"doc":"The potentiometer, as the 12-bit converter reads it. Null where out of its physical limits.","unit":"","scale":1},{"name":"supplyVoltage","type":["null","double"],"default":null,"doc":"Supply voltage. Null where out of its physical limits.","unit":"mV","scale":1},{"name":"temperature","type":["null","double"],"default":null,"doc":"The microcontroller\'s own. Null where out of its physical limits.","unit":"°C","scale":10},{"name":"flags","type":{"type":"array","items":"string"},"default":[],"doc":"What to mind: outOfRange:adc, outOfRange:supplyVoltage, outOfRange:temperature."}]}';
const avro = new AvroReader();

function matches(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 25 || bytes[start] !== 16) return false;
  const view = viewOf(bytes);
  return view.getUint16(start + 1) === 22 && areDigits(bytes, start + 7, start + 19);
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

function decode(bytes: Uint8Array, start: number, end: number, into: NucleoReading): void {
  if (end - start !== 25) wrongSize('Demonstration board (Nucleo-L476RG)', end - start, 25, 3);
  const view = viewOf(bytes);
  if (view.getUint8(start) !== 16) frameInvalid('type', 0, `${bytes[start]} is not the type 16`);
  if (view.getUint16(start + 1) !== 22) {
    frameInvalid('length', 1, 'must be 22, the number of bytes after it');
  }
  let flags = 0;
  const $nSend = view.getUint32(start + 3);
  into.nSend = $nSend;
  const digits0 = view.getInt32(start + 7);
  const digits1 = view.getInt32(start + 11);
  const digits2 = view.getInt32(start + 15);
  if (
    (((digits0 ^ 0x30303030) | ((digits0 + 0x06060606) ^ 0x30303030) | (digits1 ^ 0x30303030) | ((digits1 + 0x06060606) ^ 0x30303030) | (digits2 ^ 0x30303030) | ((digits2 + 0x06060606) ^ 0x30303030)) & 0xf0f0f0f0) !== 0
  )
    wrongDigit('serial', bytes, start, 7);
  into.identityStart = start + 7;
  into.identityEnd = start + 19;
  const $adc = view.getUint16(start + 19);
  into.adc = $adc;
  if ($adc > 4095) flags |= FLAG_OUT_OF_RANGE_ADC;
  const $supplyVoltage = view.getUint16(start + 21);
  into.supplyVoltage = $supplyVoltage;
  if ($supplyVoltage < 1700 || $supplyVoltage > 3600) flags |= FLAG_OUT_OF_RANGE_SUPPLY_VOLTAGE;
  const $temperature = view.getInt16(start + 23);
  into.temperature = $temperature;
  if ($temperature < -400 || $temperature > 1050) flags |= FLAG_OUT_OF_RANGE_TEMPERATURE;
  into.flags = flags;
}

function encode(writer: ByteWriter, values: NucleoValues): void {
  writer.ensure(25);
  const at = writer.position;
  const bytes = writer.bytes;
  bytes[at + 0] = 16;
  bytes[at + 1] = 22 >>> 8;
  bytes[at + 2] = 22;
  const $nSend = wireInteger('nSend', 3, values.nSend, 0, 4294967295);
  bytes[at + 3] = $nSend >>> 24;
  bytes[at + 4] = $nSend >>> 16;
  bytes[at + 5] = $nSend >>> 8;
  bytes[at + 6] = $nSend;
  putDigits('serial', 7, bytes, at + 7, values.serial, 12);
  const $adc = wireInteger('adc', 19, values.adc, 0, 65535);
  bytes[at + 19] = $adc >>> 8;
  bytes[at + 20] = $adc;
  const $supplyVoltage = wireInteger('supplyVoltage', 21, values.supplyVoltage, 0, 65535);
  bytes[at + 21] = $supplyVoltage >>> 8;
  bytes[at + 22] = $supplyVoltage;
  const $temperature = wireInteger('temperature', 23, values.temperature, -32768, 32767);
  bytes[at + 23] = $temperature >>> 8;
  bytes[at + 24] = $temperature;
  writer.position = at + 25;
}

function toJson(bytes: Uint8Array, reading: NucleoReading): JsonView {
  return {
    type: 'nucleo',
    nSend: reading.nSend,
    serial: asciiText(bytes, reading.identityStart, reading.identityEnd),
    adc: quantityView(reading.adc, 1, '', (reading.flags & FLAG_OUT_OF_RANGE_ADC) !== 0),
    supplyVoltage: quantityView(reading.supplyVoltage, 1, 'mV', (reading.flags & FLAG_OUT_OF_RANGE_SUPPLY_VOLTAGE) !== 0),
    temperature: quantityView(reading.temperature, 10, '°C', (reading.flags & FLAG_OUT_OF_RANGE_TEMPERATURE) !== 0),
    flags: flagList(reading.flags, FLAG_NAMES),
  };
}

/** Whether the frame at `start` carries this SERIAL, given as 12 ASCII bytes; compared in place. */
export function serialEquals(bytes: Uint8Array, start: number, expected: Uint8Array): boolean {
  return asciiEquals(bytes, start + 7, start + 19, expected);
}

function copyMeasures(reading: NucleoReading, into: Float64Array): void {
  const flags = reading.flags;
  into[0] = (flags & FLAG_OUT_OF_RANGE_ADC) === 0 ? reading.adc : Number.NaN;
  into[1] = (flags & FLAG_OUT_OF_RANGE_SUPPLY_VOLTAGE) === 0 ? reading.supplyVoltage : Number.NaN;
  into[2] = (flags & FLAG_OUT_OF_RANGE_TEMPERATURE) === 0 ? reading.temperature : Number.NaN;
}

function publish(reading: NucleoReading): void {
  if (reading.flags !== 0) {
    if ((reading.flags & FLAG_OUT_OF_RANGE_ADC) !== 0) reading.adc = 0;
    if ((reading.flags & FLAG_OUT_OF_RANGE_SUPPLY_VOLTAGE) !== 0) reading.supplyVoltage = 0;
    if ((reading.flags & FLAG_OUT_OF_RANGE_TEMPERATURE) !== 0) reading.temperature = 0;
  }
  reading.identityStart = 0;
  reading.identityEnd = 0;
}

function encodeReading(writer: ByteWriter, schemaId: number, head: ReadingHead, reading: NucleoReading): void {
  writer.ensure(HEAD_BYTES_MAX + 110 + head.deviceEnd - head.deviceStart);
  const bytes = writer.bytes;
  const view = writer.view;
  const flags = reading.flags;
  let at = putHead(writer, schemaId, head);
  at = putLong(bytes, at, reading.nSend);
  if ((flags & FLAG_OUT_OF_RANGE_ADC) === 0) {
    bytes[at++] = 2;
    view.setFloat64(at, reading.adc, true);
    at += 8;
  } else bytes[at++] = 0;
  if ((flags & FLAG_OUT_OF_RANGE_SUPPLY_VOLTAGE) === 0) {
    bytes[at++] = 2;
    view.setFloat64(at, reading.supplyVoltage, true);
    at += 8;
  } else bytes[at++] = 0;
  if ((flags & FLAG_OUT_OF_RANGE_TEMPERATURE) === 0) {
    bytes[at++] = 2;
    view.setFloat64(at, reading.temperature / 10, true);
    at += 8;
  } else bytes[at++] = 0;
  writer.position = putFlags(bytes, at, flags, FLAG_STRINGS);
}

function decodeReading(bytes: Uint8Array, start: number, end: number, head: ReadingHead, into: NucleoReading): number {
  const schemaId = avro.open(bytes, start, end);
  readHead(avro, head);
  let flags = 0;
  into.nSend = readCount(avro, 'nSend', 4294967295);
  if (avro.isPresent('adc')) {
    into.adc = readScaled(avro, 'adc', 1, 0, 65535);
  } else {
    into.adc = 0;
    flags |= FLAG_OUT_OF_RANGE_ADC;
  }
  if (avro.isPresent('supplyVoltage')) {
    into.supplyVoltage = readScaled(avro, 'supplyVoltage', 1, 0, 65535);
  } else {
    into.supplyVoltage = 0;
    flags |= FLAG_OUT_OF_RANGE_SUPPLY_VOLTAGE;
  }
  if (avro.isPresent('temperature')) {
    into.temperature = readScaled(avro, 'temperature', 10, -32768, 32767);
  } else {
    into.temperature = 0;
    flags |= FLAG_OUT_OF_RANGE_TEMPERATURE;
  }
  into.flags = flags | avro.flags('flags', FLAG_STRINGS);
  into.identityStart = 0;
  into.identityEnd = 0;
  avro.close();
  return schemaId;
}

export const nucleo: FrameCodec<NucleoReading, NucleoValues> = {
  name: 'nucleo',
  title: 'Demonstration board (Nucleo-L476RG)',
  format: 'binary',
  typeByte: 16,
  sizeBytes: 25,
  spans: [
    { name: 'type', label: 'TYPE', offset: 0, sizeBytes: 1 },
    { name: 'length', label: 'LENGTH', offset: 1, sizeBytes: 2 },
    { name: 'nSend', label: 'N_SEND', offset: 3, sizeBytes: 4 },
    { name: 'serial', label: 'SERIAL', offset: 7, sizeBytes: 12 },
    { name: 'adc', label: 'ADC', offset: 19, sizeBytes: 2 },
    { name: 'supplyVoltage', label: 'VDD', offset: 21, sizeBytes: 2 },
    { name: 'temperature', label: 'T_MCU', offset: 23, sizeBytes: 2 },
  ],
  identity: { pattern: '^[0-9]{12}$', says: 'must be 12 decimal digits' },
  measures: [
    { name: 'adc', unit: '', scale: 1 },
    { name: 'supplyVoltage', unit: 'mV', scale: 1 },
    { name: 'temperature', unit: '°C', scale: 10 },
  ],
  flagNames: FLAG_NAMES,
  avroSchema: AVRO_SCHEMA,
  hasSightings: false,
  distinctName: null,
  suppressBelow: 0,
  create: () => new NucleoReading(),
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
