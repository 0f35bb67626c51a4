/**
 * What attestation says in a device's partition of device.frames, behind the kind: whether its frames pass from here on,
 * and frames that were held and are released. It stands between the frames themselves, so that every replay holds the
 * same ones (docs/decisions/0028).
 *
 *   trust word = version u8 1 · flags u8 (1 trusted) · transition u32 · trusted until i64 ms
 *   released   = event time f64 ms · verified frame, as in device.verified
 */
import { ByteWriter, type Codec, MsecError } from '../../engine/base/index.ts';
import { KIND_RELEASED, KIND_TRUST } from '../envelope/index.ts';

export interface TrustWord {
  readonly isTrusted: boolean;
  /** By the bridge's receive time; what is received later is held. */
  readonly untilMs: number;
  /** How often the device's state had changed. */
  readonly transition: number;
}

const VERSION = 1;
const TRUSTED = 1;
const WORD_BYTES = 14;
export const RELEASED_HEAD_BYTES = 8;

/** A whole record of device.frames, an own copy. */
export function encodeTrustWord(word: TrustWord): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(1 + WORD_BYTES);
  writer.u8(KIND_TRUST);
  trustWordCodec.encode(word, writer);
  return writer.take();
}

/** Of the body. VALUE_INVALID. */
export function decodeTrustWord(bytes: Uint8Array, start: number, end: number): TrustWord {
  if (end - start !== WORD_BYTES || bytes[start] !== VERSION)
    throw new MsecError('VALUE_INVALID', `trust word, version at byte 0: ${bytes[start]} with ${end - start} bytes`, {
      field: 'version',
      byteOffset: 0,
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, WORD_BYTES);
  return {
    isTrusted: (view.getUint8(1) & TRUSTED) !== 0,
    transition: view.getUint32(2),
    untilMs: Number(view.getBigInt64(6)),
  };
}

export const trustWordCodec: Codec<TrustWord> = {
  format: 'msec.trust-word/1',
  decode: decodeTrustWord,
  encode({ isTrusted, untilMs, transition }, writer) {
    writer.u8(VERSION);
    writer.u8(isTrusted ? TRUSTED : 0);
    writer.u32(transition);
    writer.i64(untilMs);
  },
};

/** A whole record of device.frames, an own copy; `frame` is a value of device.verified, its bytes [start, end). */
export function encodeReleased(eventTimeMs: number, frame: Uint8Array, start = 0, end = frame.length) {
  const writer = new ByteWriter(1 + RELEASED_HEAD_BYTES + end - start);
  writer.u8(KIND_RELEASED);
  writer.f64(eventTimeMs);
  writer.copy(frame, start, end);
  return writer.take();
}

/** Of the body; the frame lies behind RELEASED_HEAD_BYTES. VALUE_INVALID. */
export function releasedTime(bytes: Uint8Array, start: number, end: number): number {
  const time =
    end - start < RELEASED_HEAD_BYTES ? Number.NaN : new DataView(bytes.buffer, bytes.byteOffset + start).getFloat64(0);
  if (Number.isSafeInteger(time)) return time;
  throw new MsecError('VALUE_INVALID', 'released frame, event time at byte 0: it is no time', {
    field: 'eventTime',
    byteOffset: 0,
  });
}
