/**
 * Writes envelopes: what a device does. Used by the simulated fleet, the command line and tests; a device's firmware
 * does the same from docs/specs/envelope.md.
 */
import { type KeyObject, sign } from 'node:crypto';
import { ByteWriter, MsecError } from '../../engine/index.ts';
import {
  ALGORITHM_ECDSA_P256_SHA256,
  ALGORITHM_NONE,
  DEVICE_TIME_MS_MAX,
  FLAG_DEVICE_TIME,
  isDeviceId,
  KEY_ID_BYTES,
  MAGIC,
  MODE_FRAME,
  MODE_NONE,
  PAYLOAD_BYTES_CEILING,
  SIGNATURE_DOMAIN,
  VERSION,
} from './layout.ts';

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

export interface SigningKey {
  /** The first 8 bytes of the SHA-256 of the public key's SPKI. */
  readonly keyId: Uint8Array;
  readonly privateKey: KeyObject;
}

const DOMAIN = Buffer.from(SIGNATURE_DOMAIN, 'latin1');

function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}

function refuse(field: string, says: string): never {
  throw new MsecError('ENVELOPE_INVALID', `envelope field ${field}: ${says}`, { field });
}

function writeSigned(writer: ByteWriter, fields: EnvelopeFields, keyId: Uint8Array | null): void {
  const { deviceId, bootEpoch, sequence, deviceTimeMs, payload } = fields;
  if (!isDeviceId(deviceId)) refuse('deviceId', 'must be 1 to 64 of [A-Za-z0-9._:-]');
  if (!isU32(bootEpoch)) refuse('bootEpoch', 'must be an unsigned 32-bit integer');
  if (!isU32(sequence)) refuse('sequence', 'must be an unsigned 32-bit integer');
  if (payload.length > PAYLOAD_BYTES_CEILING) refuse('payloadLength', `must not exceed ${PAYLOAD_BYTES_CEILING} bytes`);
  writer.u16(MAGIC);
  writer.u8(VERSION);
  writer.u8(keyId === null ? MODE_NONE : MODE_FRAME);
  writer.u8(keyId === null ? ALGORITHM_NONE : ALGORITHM_ECDSA_P256_SHA256);
  writer.u8(deviceTimeMs === undefined ? 0 : FLAG_DEVICE_TIME);
  writer.copy(keyId ?? new Uint8Array(KEY_ID_BYTES));
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
  writer.u32(payload.length);
  writer.copy(payload);
}

/** An unsigned envelope (mode 0): refused by a verifier that requires signatures. ENVELOPE_INVALID. */
export function encodeEnvelope(fields: EnvelopeFields): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(128 + fields.payload.length);
  writeSigned(writer, fields, null);
  return writer.take();
}

/** An envelope with its own ECDSA P-256 signature (mode 1). ENVELOPE_INVALID. */
export function signEnvelope(fields: EnvelopeFields, key: SigningKey): Uint8Array<ArrayBuffer> {
  if (key.keyId.length !== KEY_ID_BYTES) refuse('keyId', `must be ${KEY_ID_BYTES} bytes`);
  const writer = new ByteWriter(192 + fields.payload.length);
  writer.copy(DOMAIN);
  writeSigned(writer, fields, key.keyId);
  const signature = sign('sha256', writer.bytes.subarray(0, writer.position), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  writer.copy(signature);
  return writer.bytes.slice(DOMAIN.length, writer.position) as Uint8Array<ArrayBuffer>;
}
