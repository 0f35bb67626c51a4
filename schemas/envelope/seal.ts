/**
 * Sealing of personal payloads with the day's data key (AES-256-GCM), grammar in frame-record.ts. A record can be
 * opened for as long as its day's key lives, with the bytes and the device it was sealed for, and never after.
 */
import { createCipheriv, createDecipheriv, type DecipherGCM, type KeyObject } from 'node:crypto';
import { MsecError, type Random, systemRandom } from '../../engine/index.ts';
import { type ClearKind, isSealedKind, type SealedKind, sealedKindOf } from './frame-record.ts';

const SEAL_VERSION = 1;
const NONCE_BYTES = 12;
const SALT_BYTES = 8;
const TAG_BYTES = 16;
const KEY_ID_BYTES_MAX = 32;
const CIPHER = 'aes-256-gcm';

/** A day's data key and the name under which records refer to it, for example "2026-11-23". */
export interface SealingKey {
  readonly keyId: string;
  readonly key: KeyObject;
}

/** Where keys come from when a record is opened; null when the key was destroyed or never existed. */
export interface OpeningKeys {
  openingKey(keyId: string): KeyObject | null;
  /** Keyed by the same name and destroyed with it: what MAC addresses are turned into pseudonyms with. */
  pseudonymKey(keyId: string): KeyObject | null;
}

/**
 * Seals records; one for each thread that does. Nonces are a random 64-bit salt, drawn at the start and again
 * whenever the 32-bit counter beside it is used up: two uses of one nonce take two equal salts, also across restarts
 * and processes that share a day's key, where 96 random bits would have to stop after 2^32 records of a day
 * (NIST SP 800-38D, 8.3).
 */
export class Sealer {
  readonly #random: Random;
  readonly #nonce = Buffer.alloc(NONCE_BYTES);
  #counter = 0xffff_ffff;

  constructor(random: Random = systemRandom) {
    this.#random = random;
  }

  /** The value of the record, an own copy; `deviceId` is the record's key. */
  seal(
    kind: ClearKind,
    sealing: SealingKey,
    deviceId: string,
    body: Uint8Array,
    start = 0,
    end = body.length,
  ): Uint8Array<ArrayBuffer> {
    const headBytes = 3 + sealing.keyId.length;
    const value = new Uint8Array(headBytes + NONCE_BYTES + (end - start) + TAG_BYTES);
    value[0] = sealedKindOf(kind);
    value[1] = SEAL_VERSION;
    value[2] = sealing.keyId.length;
    for (let i = 0; i < sealing.keyId.length; i++) value[3 + i] = sealing.keyId.charCodeAt(i);
    this.#advance();
    value.set(this.#nonce, headBytes);
    const cipher = createCipheriv(CIPHER, sealing.key, this.#nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.concat([value.subarray(0, headBytes), Buffer.from(deviceId, 'latin1')]));
    value.set(cipher.update(body.subarray(start, end)), headBytes + NONCE_BYTES);
    cipher.final();
    value.set(cipher.getAuthTag(), value.length - TAG_BYTES);
    return value;
  }

  #advance(): void {
    if (this.#counter === 0xffff_ffff) {
      this.#nonce.set(this.#random.bytes(SALT_BYTES));
      this.#counter = 0;
    } else this.#counter++;
    this.#nonce.writeUInt32BE(this.#counter, SALT_BYTES);
  }
}

/** What a sealed record says about itself without its key. */
export interface SealedHead {
  readonly kind: SealedKind;
  readonly keyId: string;
  /** Where the nonce begins: the end of what is authenticated in clear. */
  readonly nonceStart: number;
}

function invalid(field: string, byteOffset: number, says: string): MsecError {
  return new MsecError('SEAL_INVALID', `sealed record, ${field} at byte ${byteOffset}: ${says}`, { field, byteOffset });
}

/** Fails with SEAL_INVALID. `byteOffset` counts from `start`, the record's kind. */
export function readSealedHead(value: Uint8Array, start = 0, end = value.length): SealedHead {
  const kind = start < end ? (value[start] as number) : 0;
  if (!isSealedKind(kind)) throw invalid('kind', 0, 'must be 2 or 4');
  if (end - start < 3) throw invalid('keyIdLength', 2, 'the record ends before this field does');
  if (value[start + 1] !== SEAL_VERSION) throw invalid('version', 1, 'must be 1');
  const keyIdLength = value[start + 2] as number;
  if (keyIdLength === 0 || keyIdLength > KEY_ID_BYTES_MAX) throw invalid('keyIdLength', 2, 'must be 1 to 32');
  const nonceStart = start + 3 + keyIdLength;
  if (end < nonceStart + NONCE_BYTES + TAG_BYTES) throw invalid('nonce', 3, 'the record ends before its tag does');
  let keyId = '';
  for (let at = start + 3; at < nonceStart; at++) {
    const byte = value[at] as number;
    if (byte < 0x21 || byte > 0x7e) throw invalid('keyId', at - start, 'must be printable ASCII');
    keyId += String.fromCharCode(byte);
  }
  return { kind, keyId, nonceStart };
}

/**
 * The clear body of a sealed record: an envelope (kind 2) or a raw frame (kind 4), an own copy. Fails with
 * KEY_DESTROYED when the day's key is gone, SEAL_INVALID when bytes or device differ from what was sealed.
 */
export function unseal(
  keys: OpeningKeys,
  deviceId: string,
  value: Uint8Array,
  start = 0,
  end = value.length,
): Uint8Array<ArrayBuffer> {
  const { keyId, nonceStart } = readSealedHead(value, start, end);
  const key = keys.openingKey(keyId);
  if (key === null) {
    throw new MsecError('KEY_DESTROYED', `the data key ${keyId} was destroyed`, { field: 'keyId', byteOffset: 3 });
  }
  const bodyStart = nonceStart + NONCE_BYTES;
  const tagStart = end - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, value.subarray(nonceStart, bodyStart), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([value.subarray(start, nonceStart), Buffer.from(deviceId, 'latin1')]));
  decipher.setAuthTag(value.subarray(tagStart, end));
  const clear = decipher.update(value.subarray(bodyStart, tagStart));
  if (!isAuthentic(decipher)) {
    throw invalid('tag', tagStart - start, 'the record was changed, or sealed for another device');
  }
  return new Uint8Array(clear);
}

function isAuthentic(decipher: DecipherGCM): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}
