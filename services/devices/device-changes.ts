/** What adding, revoking, rotating and resetting make of a device record: pure, so that the service only orders them. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { MsecError, type Random } from '../../engine/index.ts';
import {
  checkDeviceRecord,
  checkPlace,
  DEVICE_KEYS_MAX,
  type DeviceKey,
  type DevicePlace,
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
  /** A second key that sessions alone are agreed on with, as a TPM keeps the two apart. */
  readonly sessionKey?: Uint8Array;
  /** TPM2B_PUBLIC of the key that its quotes are signed with; absent: it cannot prove its state. */
  readonly attestationKey?: Uint8Array;
  readonly place?: DevicePlace;
  /** What it was enrolled with: one delivery, one owner. */
  readonly batch?: string;
  /** Of its keys, by receive time; absent: they hold from now on and do not expire. */
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
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

interface KeyTerms {
  readonly modes?: readonly KeyMode[] | undefined;
  readonly notBeforeMs?: number | undefined;
  readonly notAfterMs?: number | undefined;
}

function makeKey(
  publicKey: Uint8Array | undefined,
  { modes, notBeforeMs, notAfterMs }: KeyTerms,
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
      ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
      ...(notAfterMs === undefined ? {} : { notAfterMs }),
    },
    privateKeyPem,
  };
}

/** DEVICE_INVALID. */
export function enrolled(device: NewDevice, random: Random, nowMs: number): Enrolment {
  const isLegacy = device.credential === false;
  const made = isLegacy && device.publicKey === undefined ? null : makeKey(device.publicKey, device);
  const agreement = device.sessionKey;
  const session = agreement === undefined ? [] : [makeKey(agreement, { ...device, modes: ['session'] }).key];
  const token = isLegacy ? null : makeToken(random);
  const record = checkDeviceRecord({
    version: 1,
    deviceId: device.deviceId,
    revision: 1,
    type: device.type,
    state: 'active',
    keys: made === null ? session : [made.key, ...session],
    identity: device.identity,
    timeZone: device.timeZone ?? 'UTC',
    credentialHash: token === null ? null : hashToken(token).toString('hex'),
    ...(device.attestationKey === undefined
      ? {}
      : { attestationKey: Buffer.from(device.attestationKey).toString('base64') }),
    ...(device.place === undefined ? {} : { place: device.place }),
    ...(device.batch === undefined ? {} : { batch: device.batch }),
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
  /** Of the new key; absent: it does not expire. */
  readonly notAfterMs?: number;
  /** Whether the token, where the device has one, is replaced as well. Default false. */
  readonly credential?: boolean;
  /** Whether keys for sessions alone go on: they are others, and nobody has doubts about them. Default false. */
  readonly keepsSessionKeys?: boolean;
}

const isForSessions = ({ modes }: DeviceKey): boolean => modes?.length === 1 && modes[0] === 'session';

/** The new key becomes the active one, all others retire, but as it says; the oldest retired ones beyond the limit are forgotten. */
export function rotated(record: DeviceRecord, rotation: Rotation, random: Random): Enrolment {
  const { key, privateKeyPem } = makeKey(rotation.publicKey, {
    modes: rotation.modes ?? record.keys[0]?.modes,
    notAfterMs: rotation.notAfterMs,
  });
  if (record.keys.some((known) => known.keyId === key.keyId)) {
    throw new MsecError('DEVICE_INVALID', `key ${key.keyId} is or was this device's key already`, {
      field: 'publicKey',
    });
  }
  const isKept = (known: DeviceKey) => rotation.keepsSessionKeys === true && isForSessions(known);
  const kept = record.keys.filter(isKept);
  const retired = record.keys
    .filter((known) => !isKept(known))
    .map((known): DeviceKey => ({ ...known, state: 'retired' }));
  const token = rotation.credential === true && record.credentialHash !== null ? makeToken(random) : null;
  return {
    record: checkDeviceRecord({
      ...record,
      revision: record.revision + 1,
      keys: [key, ...kept, ...retired].slice(0, DEVICE_KEYS_MAX),
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

/** Null: nobody knows where it is any more. DEVICE_INVALID. */
export function placed(record: DeviceRecord, place: DevicePlace | null): DeviceRecord {
  const { place: _before, ...rest } = record;
  const next = { ...rest, revision: record.revision + 1 };
  return place === null ? next : { ...next, place: checkPlace(place) };
}
