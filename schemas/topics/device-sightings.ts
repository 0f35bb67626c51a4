/**
 * What a crowd counter heard in one frame, as pseudonyms of one day: internal. Between fused stages it is the decoded
 * reading itself; on a topic it is Avro, and read into columns again.
 */
import { MsecError, type TopicCodec } from '../../engine/index.ts';
import { decodeSightings, encodeSightings, ReadingHead, SIGHTING_SCHEMA, SightingsView } from '../index.ts';

const NOTHING = new Uint8Array(0);
const utf8 = new TextEncoder();

/** The columns of a reading with sightings; all that encoding and counting need of it. */
export interface SightingColumns {
  sightings: number;
  distinct: number;
  randomised: number;
  pseudonyms: Uint8Array;
  rssi: Int16Array;
  isRandomised: Uint8Array;
  flags: number;
  identityStart: number;
  identityEnd: number;
}

export class DeviceSightings {
  head = new ReadingHead();
  columns: SightingColumns = {
    sightings: 0,
    distinct: 0,
    randomised: 0,
    pseudonyms: NOTHING,
    rssi: new Int16Array(0),
    isRandomised: NOTHING,
    flags: 0,
    identityStart: 0,
    identityEnd: 0,
  };
  /** The day's key under which the pseudonyms were made, ASCII. */
  keyId: Uint8Array = NOTHING;
}

export function deviceSightingsCodec(topic: string): TopicCodec<DeviceSightings> {
  const subject = `${topic}-value`;
  const value = new DeviceSightings();
  const own = value.columns;
  const view = new SightingsView();
  let schemaId = -1;
  return {
    format: 'avro:msec.internal.Sightings',
    schemas: [{ subject, schema: SIGHTING_SCHEMA }],
    bindSchemaIds(ids) {
      schemaId = ids.get(subject) ?? -1;
    },
    decode(bytes, start, end) {
      decodeSightings(bytes, start, end, view);
      value.head.device = bytes;
      value.head.deviceStart = view.deviceStart;
      value.head.deviceEnd = view.deviceEnd;
      value.head.eventTime = view.eventTime;
      value.keyId = bytes.subarray(view.keyIdStart, view.keyIdEnd);
      value.columns = own;
      own.sightings = view.count;
      own.pseudonyms = view.pseudonyms;
      own.rssi = view.rssi;
      own.isRandomised = view.isRandomised;
      return value;
    },
    encode({ head, keyId, columns }, writer) {
      if (schemaId < 0) throw new MsecError('SCHEMA_UNKNOWN', `subject ${subject} has no schema id`);
      encodeSightings(writer, schemaId, head, keyId, columns);
    },
  };
}

/** For callers that name a key once and use it for many frames. */
export function asciiBytes(text: string): Uint8Array {
  return utf8.encode(text);
}
