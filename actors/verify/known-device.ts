/**
 * A device record as verify keeps it: the record, and what each frame needs of it ready to use. Keys become KeyObjects
 * at their first signature. Replaced as a whole by each control record.
 */
import type { KeyObject } from 'node:crypto';
import type { Codec } from '../../engine/index.ts';
import {
  type DeviceKey,
  type DeviceRecord,
  decodeDeviceRecord,
  encodeDeviceRecord,
  KEY_MODES_DEFAULT,
  type KeyMode,
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
  readonly #publicKey: string;
  readonly #algorithm: number;
  /** A bit for each mode. */
  readonly #modes: number;
  readonly high: number;
  readonly low: number;
  #object: KeyObject | null = null;

  constructor({ keyId, algorithm, publicKey, modes = KEY_MODES_DEFAULT }: DeviceKey) {
    this.high = Number.parseInt(keyId.slice(0, 8), 16);
    this.low = Number.parseInt(keyId.slice(8), 16);
    this.#publicKey = publicKey;
    this.#algorithm = algorithm === 'ed25519' ? ALGORITHM_ED25519 : ALGORITHM_ECDSA_P256_SHA256;
    this.#modes = modes.reduce((bits, mode) => bits | (1 << MODE_OF[mode]), 0);
  }

  get object(): KeyObject {
    this.#object ??= importPublicKey(Buffer.from(this.#publicKey, 'base64'));
    return this.#object;
  }

  /** Whether the record lets it be used so. The layout has only one algorithm for sessions. */
  allows(mode: number, algorithm: number): boolean {
    return (this.#modes & (1 << mode)) !== 0 && (mode === MODE_SESSION || algorithm === this.#algorithm);
  }
}

export class KnownDevice {
  readonly record: DeviceRecord;
  readonly isActive: boolean;
  readonly facts: DeviceFacts;
  readonly tagKey0: number;
  readonly tagKey1: number;
  readonly #keys: readonly KnownKey[];

  constructor(record: DeviceRecord) {
    this.record = record;
    this.isActive = record.state === 'active';
    this.facts = { type: record.type, identity: record.identity, timeZone: record.timeZone };
    this.tagKey0 = Number.parseInt(record.tagKey.slice(0, 8), 16) | 0;
    this.tagKey1 = Number.parseInt(record.tagKey.slice(8), 16) | 0;
    this.#keys = record.keys.filter((key) => key.state === 'active').map((key) => new KnownKey(key));
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

  /** Whether the record names a key of that id (16 hex digits), active or retired. */
  names(keyId: string): boolean {
    return this.record.keys.some((key) => key.keyId === keyId);
  }
}

export const knownDeviceCodec: Codec<KnownDevice> = {
  format: 'msec.device-record/1',
  decode: (bytes, start, end) => new KnownDevice(decodeDeviceRecord(bytes, start, end)),
  encode: (value, writer) => writer.copy(encodeDeviceRecord(value.record)),
};
