/**
 * What verify says of a frame: the value of device.verified. Between fused stages it is one object, reused, with the
 * payload in clear; written to a topic, a sealed frame stays sealed, and whoever reads it opens it again.
 *
 *   verified = version u8 1 · flags u8 · received-at i64 ms · boot-epoch u32 · sequence u32
 *              type · identity · time-zone (each: length u8, ASCII) · content
 *   flags    = 1 signature verified | 2 device suspect | 4 sealed
 *   content  = payload                                                      when not sealed
 *            | payload-offset u32 · payload-length u32 · sealed record      when sealed; see schemas/envelope
 */
import { type ByteWriter, type Codec, MsecError } from '../../engine/index.ts';
import { type OpeningKeys, readSealedHead, unseal } from '../envelope/index.ts';

const NOTHING = new Uint8Array(0);
const VERSION = 1;
const FLAG_VERIFIED = 1;
const FLAG_SUSPECT = 2;
const FLAG_SEALED = 4;

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
  /** The sealed record that the payload came in, from its kind byte; empty when it came in clear. */
  sealed: Uint8Array = NOTHING;
  sealedStart = 0;
  sealedEnd = 0;
  /** Names the day's keys; empty when it came in clear. */
  sealKeyId = '';
  /** Where the payload begins in what the sealed record holds. */
  payloadOffset = 0;

  setClear(payload: Uint8Array, start: number, end: number): void {
    this.payload = payload;
    this.payloadStart = start;
    this.payloadEnd = end;
    this.isOpen = true;
    this.sealKeyId = '';
    this.sealed = NOTHING;
    this.sealedStart = 0;
    this.sealedEnd = 0;
    this.payloadOffset = 0;
  }

  /** `body` is what `sealed[start, end)` holds, opened; the payload is its slice. */
  setOpened(
    keyId: string,
    sealed: Uint8Array,
    sealedStart: number,
    sealedEnd: number,
    body: Uint8Array,
    payloadStart: number,
    payloadEnd: number,
  ): void {
    this.setClear(body, payloadStart, payloadEnd);
    this.sealKeyId = keyId;
    this.sealed = sealed;
    this.sealedStart = sealedStart;
    this.sealedEnd = sealedEnd;
    this.payloadOffset = payloadStart;
  }

  /** Opens what was read from a topic. KEY_DESTROYED, SEAL_INVALID. */
  open(keys: OpeningKeys, deviceId: string): void {
    if (this.isOpen) return;
    const body = unseal(keys, deviceId, this.sealed, this.sealedStart, this.sealedEnd);
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
      if (flags > 7) throw invalid('flags', 1, 'has a reserved bit set');
      const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
      frame.isVerified = (flags & FLAG_VERIFIED) !== 0;
      frame.isSuspect = (flags & FLAG_SUSPECT) !== 0;
      frame.receivedAtMs = Number(view.getBigInt64(2));
      frame.bootEpoch = view.getUint32(10);
      frame.sequence = view.getUint32(14);
      frame.facts = facts.read(bytes, start, start + 18, end);
      const at = facts.at;
      if ((flags & FLAG_SEALED) === 0) {
        frame.setClear(bytes, at, end);
        return frame;
      }
      if (end - at < 8) throw invalid('payloadOffset', at - start, 'the record ends before this field does');
      const payloadLength = view.getUint32(at - start + 4);
      const { keyId } = readSealedHead(bytes, at + 8, end);
      frame.setOpened(keyId, bytes, at + 8, end, NOTHING, 0, payloadLength);
      frame.payloadOffset = view.getUint32(at - start);
      frame.isOpen = false;
      return frame;
    },
    encode(value, writer) {
      const { type, identity, timeZone } = value.facts;
      writer.u8(VERSION);
      writer.u8(
        (value.isVerified ? FLAG_VERIFIED : 0) |
          (value.isSuspect ? FLAG_SUSPECT : 0) |
          (value.isSealed ? FLAG_SEALED : 0),
      );
      writer.i64(value.receivedAtMs);
      writer.u32(value.bootEpoch);
      writer.u32(value.sequence);
      putText(writer, type);
      putText(writer, identity);
      putText(writer, timeZone);
      if (!value.isSealed) {
        writer.copy(value.payload, value.payloadStart, value.payloadEnd);
        return;
      }
      writer.u32(value.payloadOffset);
      writer.u32(value.payloadEnd - value.payloadStart);
      writer.copy(value.sealed, value.sealedStart, value.sealedEnd);
    },
  };
}
