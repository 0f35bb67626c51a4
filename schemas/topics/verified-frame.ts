/**
 * What verify says of a frame: the value of device.verified. Between fused stages it is one object, reused, with the
 * payload in clear; written to a topic it holds the record of device.frames as it was, so that a sealed frame stays
 * sealed and a dead letter has all of the device's bytes. Whoever reads a sealed one opens it again.
 *
 *   verified = version u8 1 · flags u8 · received-at i64 ms · boot-epoch u32 · sequence u32
 *              type · identity · time-zone (each: length u8, ASCII) · payload-offset u32 · payload-length u32 · record
 *   flags    = 1 signature verified | 2 device suspect
 *   record   = the value in device.frames, see schemas/envelope; the offset counts in its body, opened if it was sealed.
 *              Of a frame of a batch in clear, 5 and the frame alone: else each letter would hold the whole batch.
 */
import { type ByteWriter, type Codec, MsecError } from '../../engine/index.ts';
import { isSealedKind, KIND_BATCH_FRAME, type OpeningKeys, readSealedHead, unseal } from '../envelope/index.ts';

const NOTHING = new Uint8Array(0);
const VERSION = 1;
const FLAG_VERIFIED = 1;
const FLAG_SUSPECT = 2;

/** What decoding needs to know of the device. One object for as long as nothing of it changes: compare by reference. */
export interface DeviceFacts {
  readonly type: string;
  /** What the frame must say inside: the IMEI or serial number. */
  readonly identity: string;
  readonly timeZone: string;
}

export class VerifiedFrame {
  facts: DeviceFacts = { type: '', identity: '', timeZone: 'UTC' };
  isVerified = false;
  isSuspect = false;
  receivedAtMs = 0;
  /** Both 0 for a legacy device's frame. */
  bootEpoch = 0;
  sequence = 0;
  /** In clear once `isOpen`; a slice of somebody else's buffer, valid for this record. */
  payload: Uint8Array = NOTHING;
  payloadStart = 0;
  payloadEnd = 0;
  isOpen = true;
  /** The record of device.frames, from its kind byte. */
  record: Uint8Array = NOTHING;
  recordStart = 0;
  recordEnd = 0;
  /** Names the day's keys; empty when the record came in clear. */
  sealKeyId = '';
  /** Where the payload begins in the record's body. */
  payloadOffset = 0;
  /** Whether the record holds other frames as well. */
  isOfBatch = false;

  /** `body` is what the record holds behind its kind, opened if it was sealed; the payload is its slice. */
  setContent(
    record: Uint8Array,
    recordStart: number,
    recordEnd: number,
    sealKeyId: string,
    body: Uint8Array,
    bodyStart: number,
    payloadStart: number,
    payloadEnd: number,
  ): void {
    this.record = record;
    this.recordStart = recordStart;
    this.recordEnd = recordEnd;
    this.sealKeyId = sealKeyId;
    this.payloadOffset = payloadStart - bodyStart;
    this.payload = body;
    this.payloadStart = payloadStart;
    this.payloadEnd = payloadEnd;
    this.isOpen = true;
    this.isOfBatch = false;
  }

  /** Opens what was read from a topic. KEY_DESTROYED, SEAL_INVALID. */
  open(keys: OpeningKeys, deviceId: string): void {
    if (this.isOpen) return;
    const body = unseal(keys, deviceId, this.record, this.recordStart, this.recordEnd);
    const length = this.payloadEnd - this.payloadStart;
    if (this.payloadOffset + length > body.length) throw invalid('payloadOffset', 0, 'lies outside of the sealed body');
    this.payload = body;
    this.payloadStart = this.payloadOffset;
    this.payloadEnd = this.payloadOffset + length;
    this.isOpen = true;
  }

  get isSealed(): boolean {
    return this.sealKeyId !== '';
  }
}

function invalid(field: string, byteOffset: number, says: string): MsecError {
  return new MsecError('VALUE_INVALID', `verified frame, ${field} at byte ${byteOffset}: ${says}`, {
    field,
    byteOffset,
  });
}

function putText(writer: ByteWriter, text: string): void {
  writer.u8(text.length);
  for (let i = 0; i < text.length; i++) writer.u8(text.charCodeAt(i));
}

/** Reads facts and gives the same object for the same bytes, so that readers can cache by reference. */
class FactsReader {
  at = 0;
  readonly #known = new Map<string, DeviceFacts>();

  read(bytes: Uint8Array, start: number, at: number, end: number): DeviceFacts {
    this.at = at;
    const type = this.#text(bytes, start, end, 'type');
    const identity = this.#text(bytes, start, end, 'identity');
    const timeZone = this.#text(bytes, start, end, 'timeZone');
    const name = `${type} ${identity} ${timeZone}`;
    let facts = this.#known.get(name);
    if (facts === undefined) {
      if (this.#known.size >= 10_000) this.#known.clear();
      facts = { type, identity, timeZone };
      this.#known.set(name, facts);
    }
    return facts;
  }

  #text(bytes: Uint8Array, start: number, end: number, field: string): string {
    const from = this.at + 1;
    const to = from + (this.at < end ? (bytes[this.at] as number) : 0);
    if (from > end || to > end) throw invalid(field, this.at - start, 'the record ends before this field does');
    let text = '';
    for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] as number);
    this.at = to;
    return text;
  }
}

/** An own pair of flyweight and caches for each reader. VALUE_INVALID. */
export function verifiedFrameCodec(): Codec<VerifiedFrame> {
  const frame = new VerifiedFrame();
  const facts = new FactsReader();
  return {
    format: 'msec.verified-frame/1',
    decode(bytes, start, end) {
      if (end - start < 18) throw invalid('version', 0, 'the record is shorter than its fixed part');
      if (bytes[start] !== VERSION) throw invalid('version', 0, 'must be 1');
      const flags = bytes[start + 1] as number;
      if (flags > 3) throw invalid('flags', 1, 'has a reserved bit set');
      const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
      frame.isVerified = (flags & FLAG_VERIFIED) !== 0;
      frame.isSuspect = (flags & FLAG_SUSPECT) !== 0;
      frame.receivedAtMs = Number(view.getBigInt64(2));
      frame.bootEpoch = view.getUint32(10);
      frame.sequence = view.getUint32(14);
      frame.facts = facts.read(bytes, start, start + 18, end);
      const at = facts.at;
      const recordStart = at + 8;
      if (end <= recordStart) throw invalid('record', at - start, 'the record ends before this field does');
      const offset = view.getUint32(at - start);
      const length = view.getUint32(at - start + 4);
      if (isSealedKind(bytes[recordStart] as number)) {
        const { keyId } = readSealedHead(bytes, recordStart, end);
        frame.setContent(bytes, recordStart, end, keyId, NOTHING, 0, offset, offset + length);
        frame.isOpen = false;
        return frame;
      }
      const payloadStart = recordStart + 1 + offset;
      if (payloadStart + length > end) throw invalid('payloadOffset', at - start, 'lies outside of the record');
      frame.setContent(bytes, recordStart, end, '', bytes, recordStart + 1, payloadStart, payloadStart + length);
      return frame;
    },
    encode(value, writer) {
      const { type, identity, timeZone } = value.facts;
      writer.u8(VERSION);
      writer.u8((value.isVerified ? FLAG_VERIFIED : 0) | (value.isSuspect ? FLAG_SUSPECT : 0));
      writer.i64(value.receivedAtMs);
      writer.u32(value.bootEpoch);
      writer.u32(value.sequence);
      putText(writer, type);
      putText(writer, identity);
      putText(writer, timeZone);
      const isAlone = value.isOfBatch && !value.isSealed;
      writer.u32(isAlone ? 0 : value.payloadOffset);
      writer.u32(value.payloadEnd - value.payloadStart);
      if (isAlone) {
        writer.u8(KIND_BATCH_FRAME);
        writer.copy(value.payload, value.payloadStart, value.payloadEnd);
      } else writer.copy(value.record, value.recordStart, value.recordEnd);
    },
  };
}
