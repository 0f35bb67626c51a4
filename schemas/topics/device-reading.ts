/**
 * One reading on its way from decoding to windows and readers: which type it is of, what the envelope said, and its
 * numbers. Reused for each record; on the topic it is the type's own Avro record.
 */
import type { TopicCodec } from '../../engine/index.ts';
import { MsecError } from '../../engine/index.ts';
import { type FrameCodec, type FrameTypes, type Reading, ReadingHead } from '../index.ts';

export class DeviceReading {
  type: FrameCodec;
  head = new ReadingHead();
  reading: Reading;

  constructor(type: FrameCodec, reading: Reading) {
    this.type = type;
    this.reading = reading;
  }
}

/** Each type is a subject of its own: device.readings-msec.readings.EnMon and so on. */
export function readingSubject(topic: string, type: FrameCodec): string {
  const { namespace, name } = JSON.parse(type.avroSchema) as { namespace: string; name: string };
  return `${topic}-${namespace}.${name}`;
}

/** AVRO_INVALID, also for a schema that is none of the known types' (other writers' versions go through avsc). */
export function deviceReadingCodec(topic: string, types: FrameTypes): TopicCodec<DeviceReading> {
  const first = types.all[0];
  if (first === undefined) throw new MsecError('CONFIG_INVALID', 'there is no frame type');
  const value = new DeviceReading(first, first.create());
  const byId = new Map<number, { readonly type: FrameCodec; readonly reading: Reading }>();
  const idOf = new Map<FrameCodec, number>();
  const subjects = types.all.map((type) => ({ type, subject: readingSubject(topic, type) }));
  return {
    format: `msec.readings/${types.all.map((type) => type.name).join(',')}`,
    schemas: subjects.map(({ type, subject }) => ({ subject, schema: type.avroSchema })),
    bindSchemaIds(ids) {
      for (const { type, subject } of subjects) {
        const id = ids.get(subject);
        if (id === undefined) throw new MsecError('SCHEMA_UNKNOWN', `subject ${subject} has no schema id`);
        idOf.set(type, id);
        byId.set(id, { type, reading: type.create() });
      }
    },
    decode(bytes, start, end) {
      const id = end - start < 5 ? -1 : new DataView(bytes.buffer, bytes.byteOffset + start).getUint32(1);
      const known = byId.get(id);
      if (known === undefined) {
        throw new MsecError('AVRO_INVALID', `schemaId at byte 1: ${id} is no reading of a known type`, {
          field: 'schemaId',
          byteOffset: 1,
        });
      }
      value.type = known.type;
      value.reading = known.reading;
      known.type.decodeReading(bytes, start, end, value.head, known.reading);
      return value;
    },
    encode({ type, head, reading }, writer) {
      const id = idOf.get(type);
      if (id === undefined) throw new MsecError('SCHEMA_UNKNOWN', `frame type ${type.name} has no schema id`);
      type.encodeReading(writer, id, head, reading);
    },
  };
}
