/** What adding, revoking, rotating and resetting make of a device record: pure, so that the service only orders them. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { MsecError, type Random } from '../../engine/index.ts';
import {
  checkDeviceRecord,
  DEVICE_KEYS_MAX,
  type DeviceKey,
  type DeviceRecord,
  type KeyMode,
} from '../../schemas/device/index.ts';
import { algorithmOf, exportPublicKey, importPublicKey, keyIdOf } from '../../schemas/envelope/index.ts';
import { hashToken, makeToken } from './credentials.ts';

export interface NewDevice {
  readonly deviceId: string;
  /** Name of a frame description. */
  readonly type: string;
  readonly identity: string;
  /** Default UTC. */
  readonly timeZone?: string;
  /** SPKI (DER) or uncompressed point; absent: a P-256 key pair is made and its private half returned once. */
  readonly publicKey?: Uint8Array;
  /** What the key may be used for; absent: frames and batches. */
  readonly modes?: readonly KeyMode[];
  /** False enrols a legacy device that neither authenticates nor signs. Default true. */
  readonly credential?: boolean;
}

/** What nobody stores: handed to the caller of `add` and `rotate`, once. */
export interface Secrets {
  readonly token: string | null;
  /** PKCS #8 in PEM; null when the public key was brought along. */
  readonly privateKeyPem: string | null;
  /** 16 hex digits; null for a legacy device. */
  readonly keyId: string | null;
}

export interface Enrolment {
  readonly record: DeviceRecord;
  readonly secrets: Secrets;
}

function makeKey(
  publicKey: Uint8Array | undefined,
  modes: readonly KeyMode[] | undefined,
): { key: DeviceKey; privateKeyPem: string | null } {
  let imported: KeyObject;
  let privateKeyPem: string | null = null;
  if (publicKey === undefined) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    imported = pair.publicKey;
    privateKeyPem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  } else imported = importPublicKey(publicKey);
  return {
    key: {
      keyId: keyIdOf(imported).toString('hex'),
      algorithm: algorithmOf(imported),
      publicKey: exportPublicKey(imported).toString('base64'),
      state: 'active',
      ...(modes === undefined ? {} : { modes }),
    },
    privateKeyPem,
  };
}

/** DEVICE_INVALID. */
export function enrolled(device: NewDevice, random: Random, nowMs: number): Enrolment {
  const isLegacy = device.credential === false;
  const made = isLegacy && device.publicKey === undefined ? null : makeKey(device.publicKey, device.modes);
  const token = isLegacy ? null : makeToken(random);
  const record = checkDeviceRecord({
    version: 1,
    deviceId: device.deviceId,
    revision: 1,
    type: device.type,
    state: 'active',
    keys: made === null ? [] : [made.key],
    identity: device.identity,
    timeZone: device.timeZone ?? 'UTC',
    credentialHash: token === null ? null : hashToken(token).toString('hex'),
    tagKey: Buffer.from(random.bytes(8)).toString('hex'),
    resetCount: 0,
    createdAtMs: nowMs,
  });
  return {
    record,
    secrets: { token, privateKeyPem: made?.privateKeyPem ?? null, keyId: made?.key.keyId ?? null },
  };
}

export interface Rotation {
  readonly publicKey?: Uint8Array;
  /** Absent: those of the key before it. */
  readonly modes?: readonly KeyMode[];
  /** Whether the token is replaced as well. Default false. */
  readonly credential?: boolean;
}

/** The new key becomes the active one, all others retire; the oldest retired ones beyond the limit are forgotten. */
export function rotated(record: DeviceRecord, rotation: Rotation, random: Random): Enrolment {
  const { key, privateKeyPem } = makeKey(rotation.publicKey, rotation.modes ?? record.keys[0]?.modes);
  if (record.keys.some((known) => known.keyId === key.keyId)) {
    throw new MsecError('DEVICE_INVALID', `key ${key.keyId} is or was this device's key already`, {
      field: 'publicKey',
    });
  }
  const retired = record.keys.map((known): DeviceKey => ({ ...known, state: 'retired' }));
  const token = rotation.credential === true ? makeToken(random) : null;
  return {
    record: checkDeviceRecord({
      ...record,
      revision: record.revision + 1,
      keys: [key, ...retired].slice(0, DEVICE_KEYS_MAX),
      credentialHash: token === null ? record.credentialHash : hashToken(token).toString('hex'),
    }),
    secrets: { token, privateKeyPem, keyId: key.keyId },
  };
}

export function revoked(record: DeviceRecord): DeviceRecord {
  return { ...record, revision: record.revision + 1, state: 'revoked' };
}

export function wasReset(record: DeviceRecord): DeviceRecord {
  return { ...record, revision: record.revision + 1, resetCount: record.resetCount + 1 };
}
