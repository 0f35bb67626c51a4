/**
 * Keys of sessions (mode 3). Device and receiver come to the same secret, each with its own private key and the other's
 * public one (ECDH on P-256, SP 800-56A 5.7.1.2); what tells sessions apart goes into the derivation (HKDF-SHA-256),
 * so that a key made for one device, boot epoch, start or receiver opens nothing of another. Nothing is exchanged, and
 * nothing secret is kept in state: any worker comes to the key again.
 */
import { diffieHellman, hkdfSync, type KeyObject } from 'node:crypto';
import type { EnvelopeView } from './envelope-view.ts';
import { type HmacKey, HmacVerifier } from './hmac-sha256.ts';
import { KEY_ID_BYTES, SESSION_DOMAIN, SESSION_FIELD_BYTES } from './layout.ts';

/** What both sides must agree on. */
export interface SessionTerms {
  readonly deviceId: string;
  /** Of the device's key, 8 bytes. */
  readonly keyId: Uint8Array;
  readonly bootEpoch: number;
  /** Of the receiver's key, 8 bytes. */
  readonly receiverKeyId: Uint8Array;
  /** Unix milliseconds. */
  readonly startMs: number;
  /** The first sequence that it covers. */
  readonly first: number;
}

/** The device's side of a session. */
export interface SessionKey extends SessionTerms {
  readonly key: HmacKey;
  /** As the envelope has them. */
  readonly modeFields: Uint8Array;
}

/** Where the receiver's private keys come from; null where there is none of this id. */
export interface ReceiverKeys {
  receiverKey(high: number, low: number): KeyObject | null;
}

/** The 32 bytes of a session's key. */
export function deriveSessionKey(own: KeyObject, other: KeyObject, terms: SessionTerms): Uint8Array {
  return deriveFromSecret(diffieHellman({ privateKey: own, publicKey: other }), terms);
}

/** Of the x coordinate, which is wiped. */
function deriveFromSecret(secret: Uint8Array, terms: SessionTerms): Uint8Array {
  const key = new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), infoOf(terms), 32));
  secret.fill(0);
  return key;
}

function infoOf({ deviceId, keyId, bootEpoch, receiverKeyId, startMs, first }: SessionTerms): Buffer {
  const numbers = Buffer.alloc(4 + 8 + 4);
  numbers.writeUInt32BE(bootEpoch);
  numbers.writeBigUInt64BE(BigInt(startMs), 4);
  numbers.writeUInt32BE(first, 12);
  const id = Buffer.from(deviceId, 'latin1');
  return Buffer.concat([
    Buffer.from(SESSION_DOMAIN, 'latin1'),
    receiverKeyId,
    keyId,
    Buffer.of(id.length),
    id,
    numbers,
  ]);
}

/** What a device does at the start of a session, with its own private key and the receiver's public one. */
export function openSession(own: KeyObject, receiver: KeyObject, terms: SessionTerms): SessionKey {
  return sessionOf(deriveSessionKey(own, receiver, terms), terms);
}

/** The same with the x coordinate that a TPM made of its key and the receiver's (TPM2_ECDH_ZGen): 32 bytes, wiped. */
export function openSessionFromSecret(secret: Uint8Array, terms: SessionTerms): SessionKey {
  return sessionOf(deriveFromSecret(secret, terms), terms);
}

/** Its module is made but once. */
let preparing: HmacVerifier | null = null;

function sessionOf(derived: Uint8Array, terms: SessionTerms): SessionKey {
  const modeFields = Buffer.alloc(SESSION_FIELD_BYTES);
  modeFields.set(terms.receiverKeyId);
  modeFields.writeBigUInt64BE(BigInt(terms.startMs), KEY_ID_BYTES);
  modeFields.writeUInt32BE(terms.first, KEY_ID_BYTES + 8);
  preparing ??= new HmacVerifier();
  const key = preparing.prepare(derived);
  derived.fill(0);
  return { ...terms, key, modeFields };
}

/** The receiver's side: the session that an envelope of mode 3 names, as one device uses it. */
export class KnownSession {
  readonly key: HmacKey;
  readonly #keyIdHigh: number;
  readonly #keyIdLow: number;
  readonly #receiverKeyIdHigh: number;
  readonly #receiverKeyIdLow: number;
  readonly #bootEpoch: number;
  readonly #startMs: number;
  readonly #first: number;

  private constructor(envelope: EnvelopeView, key: HmacKey) {
    this.key = key;
    this.#keyIdHigh = envelope.keyIdHigh;
    this.#keyIdLow = envelope.keyIdLow;
    this.#receiverKeyIdHigh = envelope.receiverKeyIdHigh;
    this.#receiverKeyIdLow = envelope.receiverKeyIdLow;
    this.#bootEpoch = envelope.bootEpoch;
    this.#startMs = envelope.sessionStartMs;
    this.#first = envelope.sessionFirst;
  }

  /** `device` is the public key that the envelope names; the envelope's device id is the authenticated one. */
  static derive(envelope: EnvelopeView, device: KeyObject, receiver: KeyObject, hmac: HmacVerifier): KnownSession {
    const derived = deriveSessionKey(receiver, device, {
      deviceId: envelope.deviceId(),
      keyId: halves(envelope.keyIdHigh, envelope.keyIdLow),
      bootEpoch: envelope.bootEpoch,
      receiverKeyId: halves(envelope.receiverKeyIdHigh, envelope.receiverKeyIdLow),
      startMs: envelope.sessionStartMs,
      first: envelope.sessionFirst,
    });
    const session = new KnownSession(envelope, hmac.prepare(derived));
    derived.fill(0);
    return session;
  }

  /** Whether the envelope, of the same device, belongs to this session. */
  isOf(envelope: EnvelopeView): boolean {
    return (
      this.#first === envelope.sessionFirst &&
      this.#startMs === envelope.sessionStartMs &&
      this.#bootEpoch === envelope.bootEpoch &&
      this.#keyIdLow === envelope.keyIdLow &&
      this.#keyIdHigh === envelope.keyIdHigh &&
      this.#receiverKeyIdLow === envelope.receiverKeyIdLow &&
      this.#receiverKeyIdHigh === envelope.receiverKeyIdHigh
    );
  }
}

function halves(high: number, low: number): Buffer {
  const bytes = Buffer.alloc(KEY_ID_BYTES);
  bytes.writeUInt32BE(high);
  bytes.writeUInt32BE(low, 4);
  return bytes;
}
