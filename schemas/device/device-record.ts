/**
 * What is known of one enrolled device: the value of the compacted topic device.registry (key: the device id) and,
 * behind a kind byte, of the copy in the device's own partition of device.frames. JSON, checked strictly: it is the
 * control plane. It holds no secret, only the hash of one.
 */
import { MsecError } from '../../engine/index.ts';
import { isDeviceId, type KeyAlgorithm } from '../envelope/index.ts';

export type DeviceState = 'active' | 'revoked';
export type KeyState = 'active' | 'retired';
/** What a key may be used for: the modes of the envelope but the unsigned one. */
export type KeyMode = 'frame' | 'batch' | 'session';
export const KEY_MODES: readonly KeyMode[] = ['frame', 'batch', 'session'];
/** Of a key whose record names none. */
export const KEY_MODES_DEFAULT: readonly KeyMode[] = ['frame', 'batch'];

export interface DeviceKey {
  /** The first 8 bytes of the SHA-256 of the SPKI, 16 hex digits. */
  readonly keyId: string;
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo (DER), base64. */
  readonly publicKey: string;
  readonly state: KeyState;
  /** Absent: KEY_MODES_DEFAULT. A session takes a P-256 key. */
  readonly modes?: readonly KeyMode[];
  /** Unix milliseconds of receive time. What a bridge received before is refused; absent: nothing is too early. */
  readonly notBeforeMs?: number;
  /** What a bridge received at this moment or later is refused; absent: the key does not expire. */
  readonly notAfterMs?: number;
}

/** Where a device stands, in degrees (WGS 84). */
export interface DevicePlace {
  /** South is negative. */
  readonly latitude: number;
  /** West is negative. */
  readonly longitude: number;
}

export interface DeviceRecord {
  readonly version: 1;
  readonly deviceId: string;
  /** One more with each change: tells which of two records of a device is newer. */
  readonly revision: number;
  /** The name of the frame description that its payloads follow: enmon, crowd, … */
  readonly type: string;
  readonly state: DeviceState;
  /** The newest first. A device without any may only send where signatures are not required. */
  readonly keys: readonly DeviceKey[];
  /** What its frames say inside: the IMEI of an EnMon, the SN of a crowd counter. */
  readonly identity: string;
  /** IANA name of the zone that local times in its frames are in. */
  readonly timeZone: string;
  /** SHA-256 of its token, 64 hex digits; null for a legacy device that cannot authenticate. */
  readonly credentialHash: string | null;
  /** TPM2B_PUBLIC or TPMT_PUBLIC of the key that its quotes are signed with, base64; absent: it cannot prove its state. */
  readonly attestationKey?: string;
  /** Absent: nobody has said. */
  readonly place?: DevicePlace;
  /** What it was enrolled with (one delivery, one owner): however many names one has, it counts once among newcomers. Absent: itself. */
  readonly batch?: string;
  /** Keys the tags of its sequence window, 16 hex digits. The device never learns it, so it cannot aim for equal tags. */
  readonly tagKey: string;
  /** How often its sequence state was forgotten. */
  readonly resetCount: number;
  /** Unix milliseconds. */
  readonly createdAtMs: number;
}

export const DEVICE_KEYS_MAX = 8;
export const IDENTITY_CHARS_MAX = 64;
const MOMENT_MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
/** Any letter case of a name is good, so that the number of spellings has no natural end. */
const TIME_ZONES_HELD_MAX = 2_000;

const BATCH = /^[!-~]{1,64}$/;
const ATTESTATION_KEY = /^(?=.{4,1024}$)[A-Za-z0-9+/]+={0,2}$/;

const KEY_FIELDS = ['keyId', 'algorithm', 'publicKey', 'state', 'modes', 'notBeforeMs', 'notAfterMs'];
const RECORD_FIELDS = [
  'version',
  'deviceId',
  'revision',
  'type',
  'state',
  'keys',
  'identity',
  'timeZone',
  'credentialHash',
  'attestationKey',
  'place',
  'batch',
  'tagKey',
  'resetCount',
  'createdAtMs',
];

function invalid(field: string, says: string): MsecError {
  return new MsecError('DEVICE_INVALID', `device record, ${field}: ${says}`, { field });
}

function fieldsOf(value: unknown, field: string, names: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, 'must be an object');
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) throw invalid(`${field}.${name}`, 'is not a field');
  }
  return value as Record<string, unknown>;
}

function text(value: unknown, field: string, pattern: RegExp, says: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw invalid(field, says);
  return value;
}

function count(value: unknown, field: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid(field, 'must be a whole number');
  return value as number;
}

function moment(value: unknown, field: string): number {
  if (count(value, field) > MOMENT_MS_MAX) throw invalid(field, 'must lie before the year 10000');
  return value as number;
}

function oneOf<T extends string>(value: unknown, field: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) throw invalid(field, `must be one of ${allowed.join(', ')}`);
  return value as T;
}

function checkKey(value: unknown, field: string): DeviceKey {
  const key = fieldsOf(value, field, KEY_FIELDS);
  const algorithm = oneOf<KeyAlgorithm>(key.algorithm, `${field}.algorithm`, ['ecdsa-p256-sha256', 'ed25519']);
  return {
    keyId: text(key.keyId, `${field}.keyId`, /^[0-9a-f]{16}$/, 'must be 16 hex digits'),
    algorithm,
    publicKey: text(key.publicKey, `${field}.publicKey`, /^[A-Za-z0-9+/]{1,512}={0,2}$/, 'must be base64'),
    state: oneOf(key.state, `${field}.state`, ['active', 'retired']),
    ...(key.modes === undefined ? {} : { modes: checkModes(key.modes, `${field}.modes`, algorithm) }),
    ...checkValidity(key, field),
  };
}

function checkValidity(key: Record<string, unknown>, field: string): Pick<DeviceKey, 'notBeforeMs' | 'notAfterMs'> {
  const notBefore = key.notBeforeMs === undefined ? undefined : moment(key.notBeforeMs, `${field}.notBeforeMs`);
  const notAfter = key.notAfterMs === undefined ? undefined : moment(key.notAfterMs, `${field}.notAfterMs`);
  if (notAfter !== undefined && notAfter <= (notBefore ?? 0)) {
    throw invalid(`${field}.notAfterMs`, 'must be later than notBeforeMs');
  }
  return {
    ...(notBefore === undefined ? {} : { notBeforeMs: notBefore }),
    ...(notAfter === undefined ? {} : { notAfterMs: notAfter }),
  };
}

function checkModes(value: unknown, field: string, algorithm: KeyAlgorithm): KeyMode[] {
  if (!Array.isArray(value) || value.length === 0 || new Set(value).size !== value.length) {
    throw invalid(field, `must be a list of some of ${KEY_MODES.join(', ')}, each once`);
  }
  const modes = value.map((mode) => oneOf(mode, field, KEY_MODES));
  if (algorithm === 'ed25519' && modes.includes('session')) throw invalid(field, 'a session takes a P-256 key');
  return modes;
}

/** Names that were found good: a formatter takes 0.3 ms to make, and there are a few hundred good names. */
const goodTimeZones = new Set<string>(['UTC']);

export function isTimeZone(name: string): boolean {
  if (goodTimeZones.has(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return false;
  }
  if (goodTimeZones.size < TIME_ZONES_HELD_MAX) goodTimeZones.add(name);
  return true;
}

/** Any value as a device record, or DEVICE_INVALID with the field. */
export function checkDeviceRecord(value: unknown): DeviceRecord {
  const record = fieldsOf(value, 'record', RECORD_FIELDS);
  if (record.version !== 1) throw invalid('version', 'must be 1');
  const { deviceId, keys, timeZone, credentialHash } = record;
  if (typeof deviceId !== 'string' || !isDeviceId(deviceId)) {
    throw invalid('deviceId', 'must be 1 to 64 of [A-Za-z0-9._:-]');
  }
  if (!Array.isArray(keys) || keys.length > DEVICE_KEYS_MAX) {
    throw invalid('keys', `must be a list of at most ${DEVICE_KEYS_MAX}`);
  }
  if (typeof timeZone !== 'string' || !isTimeZone(timeZone)) throw invalid('timeZone', 'is not known');
  return {
    version: 1,
    deviceId,
    revision: count(record.revision, 'revision'),
    type: text(record.type, 'type', /^[a-z][a-z0-9-]{0,31}$/, 'must be the name of a frame description'),
    state: oneOf(record.state, 'state', ['active', 'revoked']),
    keys: keys.map((key, i) => checkKey(key, `keys[${i}]`)),
    identity: text(record.identity, 'identity', /^[!-~]{1,64}$/, 'must be 1 to 64 printable ASCII characters'),
    timeZone,
    credentialHash:
      credentialHash === null
        ? null
        : text(credentialHash, 'credentialHash', /^[0-9a-f]{64}$/, 'must be 64 hex digits or null'),
    ...(record.attestationKey === undefined
      ? {}
      : {
          attestationKey: text(
            record.attestationKey,
            'attestationKey',
            ATTESTATION_KEY,
            'must be base64 of at most 1,024 characters',
          ),
        }),
    ...(record.place === undefined ? {} : { place: checkPlace(record.place) }),
    ...(record.batch === undefined
      ? {}
      : { batch: text(record.batch, 'batch', BATCH, 'must be 1 to 64 printable ASCII characters') }),
    tagKey: text(record.tagKey, 'tagKey', /^[0-9a-f]{16}$/, 'must be 16 hex digits'),
    resetCount: count(record.resetCount, 'resetCount'),
    createdAtMs: count(record.createdAtMs, 'createdAtMs'),
  };
}

/** DEVICE_INVALID with the field. */
export function checkPlace(value: unknown): DevicePlace {
  const place = fieldsOf(value, 'place', ['latitude', 'longitude']);
  const degrees = (field: 'latitude' | 'longitude', most: number): number => {
    const number = place[field];
    if (typeof number !== 'number' || !(Math.abs(number) <= most))
      throw invalid(`place.${field}`, `must be a number of degrees from -${most} to ${most}`);
    // There is one zero.
    return number + 0;
  };
  return { latitude: degrees('latitude', 90), longitude: degrees('longitude', 180) };
}

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeDeviceRecord(record: DeviceRecord): Uint8Array<ArrayBuffer> {
  return utf8Encoder.encode(JSON.stringify(checkDeviceRecord(record))) as Uint8Array<ArrayBuffer>;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

/** Fails with DEVICE_INVALID. */
export function decodeDeviceRecord(bytes: Uint8Array, start = 0, end = bytes.length): DeviceRecord {
  const value = parseJson(bytes.subarray(start, end));
  if (value === undefined) throw new MsecError('DEVICE_INVALID', 'device record: not JSON in UTF-8', { byteOffset: 0 });
  return checkDeviceRecord(value);
}
