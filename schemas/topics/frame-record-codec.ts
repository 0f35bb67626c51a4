/** The value of device.frames as a flyweight: where its body lies. The grammar is in schemas/envelope/frame-record.ts. */
import { type Codec, MsecError } from '../../engine/index.ts';
import { KIND_CONTROL, KIND_ENVELOPE, KIND_RELEASED, KIND_SEALED_UNSIGNED } from '../envelope/index.ts';

const NOTHING = new Uint8Array(0);

export class FrameRecord {
  /** 1 to 4, or 16 to 18: the kinds of schemas/envelope. */
  kind = 0;
  bytes: Uint8Array = NOTHING;
  /** Where the record, thus its kind byte, lies; the body is one further. */
  start = 0;
  end = 0;
}

export function frameRecordCodec(): Codec<FrameRecord> {
  const record = new FrameRecord();
  return {
    format: 'msec.frame-record/1',
    decode(bytes, start, end) {
      const kind = start < end ? (bytes[start] as number) : 0;
      if ((kind < KIND_ENVELOPE || kind > KIND_SEALED_UNSIGNED) && (kind < KIND_CONTROL || kind > KIND_RELEASED)) {
        throw new MsecError('ENVELOPE_INVALID', `frame record, kind at byte 0: ${kind} is not known`, {
          field: 'kind',
          byteOffset: 0,
        });
      }
      record.kind = kind;
      record.bytes = bytes;
      record.start = start;
      record.end = end;
      return record;
    },
    encode: (value, writer) => writer.copy(value.bytes, value.start, value.end),
  };
}
