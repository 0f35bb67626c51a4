/**
 * Writes envelopes: what a device does. Used by the simulated fleet, the command line and tests; a device's firmware
 * does the same from docs/specs/envelope.md. Everything is ENVELOPE_INVALID where a field breaks the layout.
 */
import { type KeyObject, sign } from 'node:crypto';
import { ByteWriter, MsecError } from '../../engine/index.ts';
import { HmacVerifier } from './hmac-sha256.ts';
import {
  ALGORITHM_ECDSA_P256_SHA256,
  ALGORITHM_ED25519,
  ALGORITHM_HMAC_SHA256,
  ALGORITHM_NONE,
  BATCH_DOMAIN,
  BATCH_FIELD_BYTES,
  BATCH_FRAMES_MAX,
  DEVICE_TIME_MS_MAX,
  FLAG_DEVICE_TIME,
  isDeviceId,
  KEY_ID_BYTES,
  MAGIC,
  MODE_BATCH,
  MODE_FRAME,
  MODE_NONE,
  MODE_SESSION,
  PAYLOAD_BYTES_CEILING,
  SIGNATURE_BYTES,
  SIGNATURE_DOMAIN,
  VERSION,
} from './layout.ts';
import { MerkleLanes } from './merkle-lanes.ts';
import { makeLow } from './p256-order.ts';
import { algorithmOf, type KeyAlgorithm } from './public-key.ts';
import type { SessionKey } from './session.ts';
import { flatHash } from './signature.ts';

export interface EnvelopeFields {
  readonly deviceId: string;
  /** Unsigned 32-bit; raised at each start of the device that does not remember its sequence. */
  readonly bootEpoch: number;
  /** Unsigned 32-bit; one more for each frame. */
  readonly sequence: number;
  /** Unix milliseconds, when the device knows the time. */
  readonly deviceTimeMs?: number;
  readonly payload: Uint8Array;
}

/** Frames that follow one another; the sequence is the first's. All have a device time, or none. */
export interface BatchFields extends Omit<EnvelopeFields, 'deviceTimeMs' | 'payload'> {
  readonly frames: readonly BatchFrame[];
}

export interface BatchFrame {
  readonly deviceTimeMs?: number;
  readonly payload: Uint8Array;
}

export interface SigningKey {
  /** The first 8 bytes of the SHA-256 of the public key's SPKI. */
  readonly keyId: Uint8Array;
  /** P-256 or Ed25519. */
  readonly privateKey: KeyObject;
}

const FRAME_PREFIX = Buffer.from(SIGNATURE_DOMAIN, 'latin1');
const BATCH_PREFIX = Buffer.from(BATCH_DOMAIN, 'latin1');
const NO_KEY_ID = new Uint8Array(KEY_ID_BYTES);
let hmac: HmacVerifier | null = null;
let tree: MerkleLanes | null = null;

function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}

function refuse(field: string, says: string): never {
  throw new MsecError('ENVELOPE_INVALID', `envelope field ${field}: ${says}`, { field });
}

interface Seal {
  readonly mode: number;
  readonly algorithm: number;
  readonly keyId: Uint8Array;
  /** Between device time and payload length. */
  readonly modeFields: Uint8Array;
}

const UNSIGNED: Seal = {
  mode: MODE_NONE,
  algorithm: ALGORITHM_NONE,
  keyId: NO_KEY_ID,
  modeFields: new Uint8Array(0),
};

function writeHead(writer: ByteWriter, fields: EnvelopeFields, seal: Seal): void {
  const { deviceId, bootEpoch, sequence, deviceTimeMs, payload } = fields;
  if (seal.keyId.length !== KEY_ID_BYTES) refuse('keyId', `must be ${KEY_ID_BYTES} bytes`);
  if (!isDeviceId(deviceId)) refuse('deviceId', 'must be 1 to 64 of [A-Za-z0-9._:-]');
  if (!isU32(bootEpoch)) refuse('bootEpoch', 'must be an unsigned 32-bit integer');
  if (!isU32(sequence)) refuse('sequence', 'must be an unsigned 32-bit integer');
  if (payload.length > PAYLOAD_BYTES_CEILING) refuse('payloadLength', `must not exceed ${PAYLOAD_BYTES_CEILING} bytes`);
  writer.u16(MAGIC);
  writer.u8(VERSION);
  writer.u8(seal.mode);
  writer.u8(seal.algorithm);
  writer.u8(deviceTimeMs === undefined ? 0 : FLAG_DEVICE_TIME);
  writer.copy(seal.keyId);
  writer.u8(deviceId.length);
  for (let i = 0; i < deviceId.length; i++) writer.u8(deviceId.charCodeAt(i));
  writer.u32(bootEpoch);
  writer.u32(sequence);
  if (deviceTimeMs !== undefined) {
    if (!Number.isInteger(deviceTimeMs) || deviceTimeMs < 0 || deviceTimeMs > DEVICE_TIME_MS_MAX) {
      refuse('deviceTime', 'must be whole milliseconds between 1970 and the end of the year 9999');
    }
    writer.i64(deviceTimeMs);
  }
  writer.copy(seal.modeFields);
  writer.u32(payload.length);
}

/** An unsigned envelope (mode 0): refused by a verifier that requires signatures. */
export function encodeEnvelope(fields: EnvelopeFields): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(128 + fields.payload.length);
  writeHead(writer, fields, UNSIGNED);
  writer.copy(fields.payload);
  return writer.take();
}

/** What a key that lives elsewhere signs, and the envelope that its signature makes of it. */
export interface ToSign {
  /** As a whole: ECDSA hashes it with SHA-256, Ed25519 takes it as it is. */
  readonly message: Uint8Array;
  /** `signature`: r‖s or Ed25519's 64 bytes; of ECDSA a high s is replaced. */
  envelope(signature: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** The key as an envelope names it. */
export interface SignerName {
  readonly keyId: Uint8Array;
  readonly algorithm: KeyAlgorithm;
}

/** An envelope with its own signature (mode 1). */
export function frameToSign(fields: EnvelopeFields, signer: SignerName): ToSign {
  const writer = new ByteWriter(192 + fields.payload.length);
  writer.copy(FRAME_PREFIX);
  writeHead(writer, fields, sealOf(MODE_FRAME, signer, UNSIGNED.modeFields));
  writer.copy(fields.payload);
  const message = writer.bytes.subarray(0, writer.position);
  return {
    message,
    envelope: (signature) => joined([message.subarray(FRAME_PREFIX.length), unique(signature, signer)]),
  };
}

/** Up to 4,096 frames under one signature (mode 2). */
export function batchToSign(fields: BatchFields, signer: SignerName): ToSign {
  const { frames, ...rest } = fields;
  const { entries, payload } = encodeEntries(frames);
  if (rest.sequence + frames.length > 2 ** 32) refuse('sequence', 'the last one must be below 2^32');
  const modeFields = Buffer.alloc(BATCH_FIELD_BYTES);
  modeFields.writeUInt16BE(frames.length);
  tree ??= new MerkleLanes();
  modeFields.set(tree.root(entries), 2);
  const deviceTimeMs = frames[0]!.deviceTimeMs;
  const writer = new ByteWriter(256);
  writer.copy(BATCH_PREFIX);
  const head = { ...rest, ...(deviceTimeMs === undefined ? {} : { deviceTimeMs }), payload };
  writeHead(writer, head, sealOf(MODE_BATCH, signer, modeFields));
  const headEnd = writer.position;
  writer.copy(flatHash(payload, 0, payload.length));
  const message = writer.bytes.subarray(0, writer.position);
  return {
    message,
    envelope: (signature) =>
      joined([message.subarray(BATCH_PREFIX.length, headEnd), payload, unique(signature, signer)]),
  };
}

export function signEnvelope(fields: EnvelopeFields, key: SigningKey): Uint8Array<ArrayBuffer> {
  return signedBy(key, frameToSign(fields, { keyId: key.keyId, algorithm: algorithmOf(key.privateKey) }));
}

export function signBatch(fields: BatchFields, key: SigningKey): Uint8Array<ArrayBuffer> {
  return signedBy(key, batchToSign(fields, { keyId: key.keyId, algorithm: algorithmOf(key.privateKey) }));
}

function signedBy({ privateKey }: SigningKey, { message, envelope }: ToSign): Uint8Array<ArrayBuffer> {
  if (privateKey.asymmetricKeyType === 'ed25519') return envelope(sign(null, message, privateKey));
  return envelope(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** An own copy. */
function unique(signature: Uint8Array, { algorithm }: SignerName): Uint8Array {
  if (signature.length !== SIGNATURE_BYTES) refuse('signature', `must be ${SIGNATURE_BYTES} bytes`);
  const copy = signature.slice();
  if (algorithm === 'ecdsa-p256-sha256') makeLow(copy);
  return copy;
}

function encodeEntries(frames: readonly BatchFrame[]): { entries: Uint8Array[]; payload: Uint8Array } {
  const [first] = frames;
  if (first === undefined || frames.length > BATCH_FRAMES_MAX) refuse('count', `must be 1 to ${BATCH_FRAMES_MAX}`);
  const baseMs = first.deviceTimeMs;
  const entries = frames.map(({ deviceTimeMs, payload }) => {
    if ((deviceTimeMs === undefined) !== (baseMs === undefined)) refuse('deviceTime', 'all frames have one, or none');
    if (payload.length > 0xffff) refuse('entry', 'must not exceed 65,535 bytes');
    const headBytes = baseMs === undefined ? 2 : 6;
    const entry = Buffer.alloc(headBytes + payload.length);
    entry.writeUInt16BE(payload.length);
    if (baseMs !== undefined) {
      const delta = deviceTimeMs! - baseMs;
      if (delta !== (delta | 0)) refuse('timeDelta', 'must lie within 24 days of the first frame');
      entry.writeInt32BE(delta, 2);
    }
    entry.set(payload, headBytes);
    return entry;
  });
  return { entries, payload: Buffer.concat(entries) };
}

/** An envelope under the key of a session (mode 3); the session is of this device and boot epoch. */
export function sealInSession(fields: EnvelopeFields, session: SessionKey): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(192 + fields.payload.length);
  const { keyId, modeFields } = session;
  if (fields.sequence < session.first) refuse('sessionFirst', 'must not exceed the sequence');
  writeHead(writer, fields, { mode: MODE_SESSION, algorithm: ALGORITHM_HMAC_SHA256, keyId, modeFields });
  writer.copy(fields.payload);
  hmac ??= new HmacVerifier();
  writer.copy(hmac.mac(session.key, writer.bytes, 0, writer.position));
  return writer.take();
}

function sealOf(mode: number, { keyId, algorithm }: SignerName, modeFields: Uint8Array): Seal {
  const isEd25519 = algorithm === 'ed25519';
  return { mode, algorithm: isEd25519 ? ALGORITHM_ED25519 : ALGORITHM_ECDSA_P256_SHA256, keyId, modeFields };
}
