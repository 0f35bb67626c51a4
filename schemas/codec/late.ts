/** A reading that came too late, as an object, and its Avro form in Confluent's wire format. */
import { AvroReader, LONG_BYTES_MAX, putBytes, putWireHeader } from '../avro-bytes.ts';
import type { ByteWriter } from '../base.ts';
import { writeLong, writeString } from './strings.ts';

/** Times are Unix milliseconds. */
export interface Late {
  readonly device: string;
  readonly type: string;
  readonly eventTime: number;
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly watermark: number;
  /** The published reading with its wire header. */
  readonly reading: Uint8Array;
}

const avro = new AvroReader();

export function encodeLate(writer: ByteWriter, schemaId: number, late: Late): void {
  writer.ensure(5);
  writer.position = putWireHeader(writer.bytes, writer.position, schemaId);
  writeString(writer, late.device);
  writeString(writer, late.type);
  writeLong(writer, late.eventTime);
  writeLong(writer, late.windowStart);
  writeLong(writer, late.windowEnd);
  writeLong(writer, late.watermark);
  writer.ensure(late.reading.length + LONG_BYTES_MAX);
  writer.position = putBytes(writer.bytes, writer.position, late.reading, 0, late.reading.length);
}

/** Reads what encodeLate wrote; `reading` is a view of `bytes`. Throws AVRO_INVALID. */
export function decodeLate(bytes: Uint8Array, start = 0, end = bytes.length): Late {
  avro.open(bytes, start, end);
  const late = {
    device: avro.string('device'),
    type: avro.string('type'),
    eventTime: avro.long('eventTime'),
    windowStart: avro.long('windowStart'),
    windowEnd: avro.long('windowEnd'),
    watermark: avro.long('watermark'),
  };
  const from = avro.span('reading');
  const reading = bytes.subarray(from, avro.at);
  avro.close();
  return { ...late, reading };
}
