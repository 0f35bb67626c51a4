/**
 * Reads an envelope where it lies: offsets and numbers as fields, nothing allocated, one instance reused for every
 * frame of a thread. It checks the structure only; whether the signature holds is signature.ts's question.
 */
import { MsecError } from '../../engine/index.ts';
import {
  ALGORITHM_ECDSA_P256_SHA256,
  ALGORITHM_ED25519,
  ALGORITHM_HMAC_SHA256,
  ALGORITHM_NONE,
  BATCH_FIELD_BYTES,
  BATCH_FRAMES_MAX,
  DEVICE_ID_BYTE,
  DEVICE_ID_BYTES_MAX,
  DEVICE_ID_OFFSET,
  DEVICE_TIME_MS_MAX,
  FLAG_DEVICE_TIME,
  HASH_BYTES,
  MAC_BYTES,
  MAGIC,
  MODE_BATCH,
  MODE_FRAME,
  MODE_NONE,
  MODE_SESSION,
  PAYLOAD_BYTES_MAX,
  SESSION_FIELD_BYTES,
  SIGNATURE_BYTES,
  VERSION,
} from './layout.ts';
import { isLow, SCALAR_BYTES } from './p256-order.ts';

const NOTHING = new Uint8Array(0);

/** Why `tryParse` said no: the field, and a sentence that never quotes the payload. */
export interface EnvelopeProblem {
  readonly field: string;
  readonly says: string;
}

const problem = (field: string, says: string): EnvelopeProblem => ({ field, says });
const CUT = new Map<string, EnvelopeProblem>();
function cut(field: string): EnvelopeProblem {
  const known = CUT.get(field);
  if (known !== undefined) return known;
  const made = problem(field, 'the envelope ends before this field does');
  CUT.set(field, made);
  return made;
}
const BAD_MAGIC = problem('magic', 'must be 0x4d53');
const BAD_VERSION = problem('version', 'must be 1');
const BAD_MODE = problem('mode', 'must be 0 (unsigned), 1 (a signature per frame), 2 (per batch) or 3 (session)');
const BAD_ALGORITHM = problem(
  'algorithm',
  'must be 0 in mode 0, 1 (ECDSA P-256 with SHA-256) or 2 (Ed25519) in modes 1 and 2, 3 (HMAC-SHA-256) in mode 3',
);
const BAD_FLAGS = problem('flags', 'has a reserved bit set');
const BAD_KEY_ID = problem('keyId', 'must be zero in an unsigned envelope');
const BAD_ID_LENGTH = problem('deviceIdLength', 'must be 1 to 64');
const BAD_ID = problem('deviceId', 'must consist of [A-Za-z0-9._:-]');
const BAD_TIME = problem('deviceTime', 'must lie between 1970 and the end of the year 9999');
const BAD_LENGTH = problem('payloadLength', 'exceeds the limit');
const BAD_COUNT = problem('count', `must be 1 to ${BATCH_FRAMES_MAX}, and the last sequence below 2^32`);
const BAD_SESSION_START = problem('sessionStart', 'must lie between 1970 and the end of the year 9999');
const BAD_SESSION_FIRST = problem('sessionFirst', 'must not exceed the sequence');
const HIGH_S = problem('signature', 'has an s above half the order: n − s is the one to send');
const TRAILING = problem('envelope', 'is followed by bytes that do not belong to it');

function u32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

function isAlgorithmOf(mode: number, algorithm: number): boolean {
  if (mode === MODE_NONE) return algorithm === ALGORITHM_NONE;
  if (mode === MODE_SESSION) return algorithm === ALGORITHM_HMAC_SHA256;
  return algorithm === ALGORITHM_ECDSA_P256_SHA256 || algorithm === ALGORITHM_ED25519;
}

export class EnvelopeView {
  /** What was parsed; the view keeps it alive until the next parse. All offsets below count from its first byte. */
  bytes: Uint8Array = NOTHING;
  start = 0;
  /** After the signature: where the next envelope may begin. */
  end = 0;
  mode = 0;
  algorithm = 0;
  /** The key id as two unsigned 32-bit halves. */
  keyIdHigh = 0;
  keyIdLow = 0;
  deviceIdStart = 0;
  deviceIdEnd = 0;
  bootEpoch = 0;
  sequence = 0;
  hasDeviceTime = false;
  /** Unix milliseconds; 0 without a device time. */
  deviceTimeMs = 0;
  /** Frames under the signature; 1 but in mode 2. */
  count = 1;
  /** Of the 32 bytes, in mode 2. */
  rootStart = 0;
  /** Of a session, in mode 3: the receiver's key as two halves, its start in Unix milliseconds, its first sequence. */
  receiverKeyIdHigh = 0;
  receiverKeyIdLow = 0;
  sessionStartMs = 0;
  sessionFirst = 0;
  payloadStart = 0;
  payloadEnd = 0;
  /** Of the signature or MAC; also the end of the payload. */
  signatureStart = 0;
  /** Set by a failed `tryParse`. */
  problem: EnvelopeProblem | null = null;
  problemOffset = 0;
  readonly payloadBytesMax: number;

  constructor(payloadBytesMax = PAYLOAD_BYTES_MAX) {
    this.payloadBytesMax = payloadBytesMax;
  }

  /**
   * Parses the envelope that begins at `start`; `this.end` may lie before `end` (the next one follows there).
   * Fails with ENVELOPE_INVALID; `byteOffset` counts from `start`.
   */
  parse(bytes: Uint8Array, start: number, end: number): void {
    if (!this.tryParse(bytes, start, end)) throw this.error();
  }

  /** As `parse`, for a slice that must hold one envelope and nothing after it. */
  parseOnly(bytes: Uint8Array, start: number, end: number): void {
    if (!this.tryParseOnly(bytes, start, end)) throw this.error();
  }

  /** As `parseOnly`, without an exception: false leaves the reason in `problem` and `problemOffset`. */
  tryParseOnly(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.tryParse(bytes, start, end)) return false;
    return this.end === end || this.#refuse(TRAILING, this.end);
  }

  tryParse(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes;
    this.start = start;
    this.end = start;
    this.problem = null;
    const available = end - start;
    if (available < DEVICE_ID_OFFSET) return this.#refuseFixedPart(bytes, start, available);
    if ((((bytes[start] as number) << 8) | (bytes[start + 1] as number)) !== MAGIC) {
      return this.#refuse(BAD_MAGIC, start);
    }
    if (bytes[start + 2] !== VERSION) return this.#refuse(BAD_VERSION, start + 2);
    const mode = bytes[start + 3] as number;
    if (mode > MODE_SESSION) return this.#refuse(BAD_MODE, start + 3);
    const algorithm = bytes[start + 4] as number;
    if (!isAlgorithmOf(mode, algorithm)) return this.#refuse(BAD_ALGORITHM, start + 4);
    const flags = bytes[start + 5] as number;
    if ((flags & ~FLAG_DEVICE_TIME) !== 0) return this.#refuse(BAD_FLAGS, start + 5);
    this.mode = mode;
    this.algorithm = algorithm;
    this.keyIdHigh = u32(bytes, start + 6);
    this.keyIdLow = u32(bytes, start + 10);
    if (mode === MODE_NONE && (this.keyIdHigh !== 0 || this.keyIdLow !== 0)) {
      return this.#refuse(BAD_KEY_ID, start + 6);
    }
    const idLength = bytes[start + 14] as number;
    if (idLength === 0 || idLength > DEVICE_ID_BYTES_MAX) return this.#refuse(BAD_ID_LENGTH, start + 14);
    let at = start + DEVICE_ID_OFFSET;
    if (available < DEVICE_ID_OFFSET + idLength) return this.#refuse(cut('deviceId'), at);
    this.deviceIdStart = at;
    const idEnd = at + idLength;
    for (; at < idEnd; at++) {
      if (DEVICE_ID_BYTE[bytes[at] as number] === 0) return this.#refuse(BAD_ID, at);
    }
    this.deviceIdEnd = idEnd;
    if (end - at < 4) return this.#refuse(cut('bootEpoch'), at);
    this.bootEpoch = u32(bytes, at);
    if (end - at < 8) return this.#refuse(cut('sequence'), at + 4);
    this.sequence = u32(bytes, at + 4);
    at += 8;
    this.hasDeviceTime = flags !== 0;
    this.deviceTimeMs = 0;
    if (flags !== 0) {
      if (end - at < 8) return this.#refuse(cut('deviceTime'), at);
      // Read as unsigned: a negative time is then far above the limit.
      const timeMs = u32(bytes, at) * 2 ** 32 + u32(bytes, at + 4);
      if (timeMs > DEVICE_TIME_MS_MAX) return this.#refuse(BAD_TIME, at);
      this.deviceTimeMs = timeMs;
      at += 8;
    }
    this.count = 1;
    if (mode > MODE_FRAME) {
      at = mode === MODE_BATCH ? this.#batchFields(bytes, at, end) : this.#sessionFields(bytes, at, end);
      if (at < 0) return false;
    }
    if (end - at < 4) return this.#refuse(cut('payloadLength'), at);
    const payloadLength = u32(bytes, at);
    if (payloadLength > this.payloadBytesMax) return this.#refuse(BAD_LENGTH, at);
    at += 4;
    if (end - at < payloadLength) return this.#refuse(cut('payload'), at);
    this.payloadStart = at;
    at += payloadLength;
    this.payloadEnd = at;
    this.signatureStart = at;
    if (mode !== MODE_NONE) {
      const sealBytes = mode === MODE_SESSION ? MAC_BYTES : SIGNATURE_BYTES;
      if (end - at < sealBytes) return this.#refuse(cut('signature'), at);
      if (algorithm === ALGORITHM_ECDSA_P256_SHA256 && !isLow(bytes, at + SCALAR_BYTES)) {
        return this.#refuse(HIGH_S, at + SCALAR_BYTES);
      }
      at += sealBytes;
    }
    this.end = at;
    return true;
  }

  /** Refuses what a reader of the payload found wrong with it; false, as `tryParse` gives it. */
  refuse(reason: EnvelopeProblem, offset: number): false {
    this.problem = reason;
    this.problemOffset = offset;
    return false;
  }

  /** Where the payload's length lies; -1: refused. */
  #batchFields(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 2) return this.#refuseField(cut('count'), at);
    this.count = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const isCount = this.count > 0 && this.count <= BATCH_FRAMES_MAX;
    if (!isCount || this.sequence + this.count > 2 ** 32) return this.#refuseField(BAD_COUNT, at);
    this.rootStart = at + 2;
    if (end - at < BATCH_FIELD_BYTES) return this.#refuseField(cut('root'), at + 2);
    return at + 2 + HASH_BYTES;
  }

  #sessionFields(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < SESSION_FIELD_BYTES) return this.#refuseField(cut('session'), at);
    this.receiverKeyIdHigh = u32(bytes, at);
    this.receiverKeyIdLow = u32(bytes, at + 4);
    this.sessionStartMs = u32(bytes, at + 8) * 2 ** 32 + u32(bytes, at + 12);
    if (this.sessionStartMs > DEVICE_TIME_MS_MAX) return this.#refuseField(BAD_SESSION_START, at + 8);
    this.sessionFirst = u32(bytes, at + 16);
    if (this.sessionFirst > this.sequence) return this.#refuseField(BAD_SESSION_FIRST, at + 16);
    return at + SESSION_FIELD_BYTES;
  }

  /** An own string: for messages and control paths; the hot path compares bytes. */
  deviceId(): string {
    let id = '';
    for (let at = this.deviceIdStart; at < this.deviceIdEnd; at++) id += String.fromCharCode(this.bytes[at] as number);
    return id;
  }

  /** Whether the device id inside is this one, byte for byte (ids are ASCII). */
  isDevice(id: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.deviceIdEnd - this.deviceIdStart !== length) return false;
    const shift = this.deviceIdStart - start;
    for (let at = start; at < end; at++) if (id[at] !== this.bytes[at + shift]) return false;
    return true;
  }

  /** 16 hex digits. */
  keyId(): string {
    return this.keyIdHigh.toString(16).padStart(8, '0') + this.keyIdLow.toString(16).padStart(8, '0');
  }

  /** The refusal as an error, after a failed `tryParse`. */
  error(): MsecError {
    const { field, says } = this.problem ?? TRAILING;
    const byteOffset = this.problemOffset - this.start;
    return new MsecError('ENVELOPE_INVALID', `envelope field ${field} at byte ${byteOffset}: ${says}`, {
      field,
      byteOffset,
    });
  }

  #refuse(reason: EnvelopeProblem, offset: number): boolean {
    return this.refuse(reason, offset);
  }

  #refuseField(reason: EnvelopeProblem, offset: number): -1 {
    this.refuse(reason, offset);
    return -1;
  }

  /** Too short for the fixed part: still names a wrong field before the missing one. */
  #refuseFixedPart(bytes: Uint8Array, start: number, available: number): boolean {
    if (available < 2) return this.#refuse(cut('magic'), start);
    if ((((bytes[start] as number) << 8) | (bytes[start + 1] as number)) !== MAGIC) {
      return this.#refuse(BAD_MAGIC, start);
    }
    if (available < 3) return this.#refuse(cut('version'), start + 2);
    if (bytes[start + 2] !== VERSION) return this.#refuse(BAD_VERSION, start + 2);
    if (available < 4) return this.#refuse(cut('mode'), start + 3);
    if (available < 5) return this.#refuse(cut('algorithm'), start + 4);
    if (available < 6) return this.#refuse(cut('flags'), start + 5);
    if (available < 14) return this.#refuse(cut('keyId'), start + 6);
    return this.#refuse(cut('deviceIdLength'), start + 14);
  }
}
