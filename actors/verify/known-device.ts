/**
 * A device record as verify keeps it: packed in its state, as text of one byte a character, because that is what V8 holds
 * with least beside it; and opened, with what each frame needs ready to use. Keys become KeyObjects at their first
 * signature. Replaced as a whole by each control record.
 */
import type { KeyObject } from 'node:crypto';
import type { Codec } from '../../engine/index.ts';
import {
  type DeviceFactsRecord,
  type DeviceKey,
  KEY_MODES_DEFAULT,
  type KeyMode,
  packDevice,
  unpackDevice,
} from '../../schemas/device/index.ts';
import {
  ALGORITHM_ECDSA_P256_SHA256,
  ALGORITHM_ED25519,
  importPublicKey,
  MODE_BATCH,
  MODE_FRAME,
  MODE_SESSION,
} from '../../schemas/envelope/index.ts';
import type { DeviceFacts } from '../../schemas/topics/index.ts';

const MODE_OF: Readonly<Record<KeyMode, number>> = { frame: MODE_FRAME, batch: MODE_BATCH, session: MODE_SESSION };

/** An active key of a device. */
export class KnownKey {
  /** Base64; empty once the object is made. */
  #publicKey: string;
  readonly #algorithm: number;
  /** A bit for each mode. */
  readonly #modes: number;
  readonly high: number;
  readonly low: number;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  #object: KeyObject | null = null;

  constructor({ keyId, algorithm, publicKey, modes = KEY_MODES_DEFAULT, notBeforeMs, notAfterMs }: DeviceKey) {
    this.notBeforeMs = notBeforeMs ?? 0;
    this.notAfterMs = notAfterMs ?? Number.POSITIVE_INFINITY;
    this.high = Number.parseInt(keyId.slice(0, 8), 16);
    this.low = Number.parseInt(keyId.slice(8), 16);
    this.#publicKey = publicKey;
    this.#algorithm = algorithm === 'ed25519' ? ALGORITHM_ED25519 : ALGORITHM_ECDSA_P256_SHA256;
    this.#modes = modes.reduce((bits, mode) => bits | (1 << MODE_OF[mode]), 0);
  }

  get object(): KeyObject {
    if (this.#object === null) {
      this.#object = importPublicKey(Buffer.from(this.#publicKey, 'base64'));
      this.#publicKey = '';
    }
    return this.#object;
  }

  /** Whether the record lets it be used so. The layout has only one algorithm for sessions. */
  allows(mode: number, algorithm: number): boolean {
    return (this.#modes & (1 << mode)) !== 0 && (mode === MODE_SESSION || algorithm === this.#algorithm);
  }
}

const NOTHING: readonly never[] = [];
/** Types and zones are few, and each opened device has text of its own for them. */
const COMMON_MAX = 1_000;
const common = new Map<string, string>();

function shared(text: string): string {
  const known = common.get(text);
  if (known !== undefined) return known;
  if (common.size < COMMON_MAX) common.set(text, text);
  return text;
}

export class KnownDevice {
  readonly revision: number;
  readonly resetCount: number;
  readonly isActive: boolean;
  readonly facts: DeviceFacts;
  readonly tagKey0: number;
  readonly tagKey1: number;
  readonly #keys: readonly KnownKey[];
  /** Ids of keys that are active no more. */
  readonly #retired: readonly string[];

  constructor({ revision, resetCount, state, type, identity, timeZone, tagKey, keys }: DeviceFactsRecord) {
    this.revision = revision;
    this.resetCount = resetCount;
    this.isActive = state === 'active';
    this.facts = { type: shared(type), identity, timeZone: shared(timeZone) };
    this.tagKey0 = Number.parseInt(tagKey.slice(0, 8), 16) | 0;
    this.tagKey1 = Number.parseInt(tagKey.slice(8), 16) | 0;
    const active = keys.filter((key) => key.state === 'active');
    this.#keys = active.map((key) => new KnownKey(key));
    this.#retired =
      active.length === keys.length ? NOTHING : keys.filter((key) => key.state !== 'active').map(({ keyId }) => keyId);
  }

  /** Whether it can sign, and so must. */
  get hasKey(): boolean {
    return this.#keys.length > 0;
  }

  /** The active key of that id, or null. */
  key(high: number, low: number): KnownKey | null {
    for (const key of this.#keys) if (key.high === high && key.low === low) return key;
    return null;
  }

  /** Whether a key of that id (16 hex digits) was the device's and is active no more. */
  hasRetired(keyId: string): boolean {
    return this.#retired.includes(keyId);
  }
}

/** A packed device as a character for each byte. */
export type PackedText = string;

/** What frames are judged by; who may connect the bridges ask the registry. */
export function packedText(record: DeviceFactsRecord): PackedText {
  const { attestationKey: _key, place: _place, ...rest } = record;
  const packed = packDevice({ ...rest, credentialHash: null, createdAtMs: 0 });
  return Buffer.from(packed.buffer).toString('latin1');
}

export function openPacked(text: PackedText): KnownDevice {
  return new KnownDevice(unpackDevice(Buffer.from(text, 'latin1')));
}

export const packedTextCodec: Codec<PackedText> = {
  format: 'msec.packed-device/1',
  decode(bytes, start, end) {
    unpackDevice(bytes, start, end);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', start, end);
  },
  encode: (value, writer) => writer.copy(Buffer.from(value, 'latin1')),
};
