/** What windows give: one aggregate for each window that closes, and readings that came too late for theirs. */
import { ByteWriter, MsecError, type TopicCodec } from '../../engine/index.ts';
import {
  AGGREGATE_SCHEMA,
  type Aggregate,
  decodeAggregate,
  decodeLate,
  encodeAggregate,
  encodeLate,
  LATE_SCHEMA,
  type Late,
} from '../index.ts';
import type { DeviceReading } from './device-reading.ts';

export function aggregateCodec(topic: string): TopicCodec<Aggregate> {
  const subject = `${topic}-value`;
  let schemaId = -1;
  return {
    format: 'avro:msec.aggregates.Aggregate',
    schemas: [{ subject, schema: AGGREGATE_SCHEMA }],
    bindSchemaIds(ids) {
      schemaId = ids.get(subject) ?? -1;
    },
    decode: (bytes, start, end) => decodeAggregate(bytes, start, end),
    encode(value, writer) {
      if (schemaId < 0) throw new MsecError('SCHEMA_UNKNOWN', `subject ${subject} has no schema id`);
      encodeAggregate(writer, schemaId, value);
    },
  };
}

/** A late reading as it leaves the window: encoded here with the readings' own codec, so that it stays what it was. */
export interface LateReading extends Omit<Late, 'reading'> {
  readonly reading: DeviceReading;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** `readings` is the codec of the topic that the readings come from; its ids must be bound, too. */
export function lateCodec(topic: string, readings: TopicCodec<DeviceReading>): TopicCodec<LateReading> {
  const subject = `${topic}-value`;
  const scratch = new ByteWriter(512);
  let schemaId = -1;
  return {
    format: 'avro:msec.internal.Late',
    schemas: [{ subject, schema: LATE_SCHEMA }, ...(readings.schemas ?? [])],
    bindSchemaIds(ids) {
      schemaId = ids.get(subject) ?? -1;
      readings.bindSchemaIds?.(ids);
    },
    decode(bytes, start, end) {
      const late = decodeLate(bytes, start, end);
      return { ...late, reading: readings.decode(late.reading, 0, late.reading.length) };
    },
    encode(value, writer) {
      if (schemaId < 0) throw new MsecError('SCHEMA_UNKNOWN', `subject ${subject} has no schema id`);
      scratch.clear();
      readings.encode(value.reading, scratch);
      encodeLate(writer, schemaId, { ...value, reading: scratch.bytes.subarray(0, scratch.position) });
    },
  };
}

/** The authenticated device of a reading, as text. */
export function deviceOf({ head }: DeviceReading): string {
  return utf8.decode(head.device.subarray(head.deviceStart, head.deviceEnd));
}
