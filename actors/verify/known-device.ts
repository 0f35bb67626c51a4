/**
 * A device record as verify keeps it: the record, and what each frame needs of it ready to use. Keys become KeyObjects
 * at their first signature. Replaced as a whole by each control record.
 */
import type { KeyObject } from 'node:crypto';
import type { Codec } from '../../engine/index.ts';
import { type DeviceRecord, decodeDeviceRecord, encodeDeviceRecord } from '../../schemas/device/index.ts';
import { importPublicKey } from '../../schemas/envelope/index.ts';
import type { DeviceFacts } from '../../schemas/topics/index.ts';

export class KnownDevice {
  readonly record: DeviceRecord;
  readonly isActive: boolean;
  readonly facts: DeviceFacts;
  readonly tagKey0: number;
  readonly tagKey1: number;
  /** Halves of the ids of the active keys, high and low in turn. */
  readonly #keyIds: readonly number[];
  readonly #keys: (KeyObject | null)[];
  readonly #publicKeys: readonly string[];

  constructor(record: DeviceRecord) {
    this.record = record;
    this.isActive = record.state === 'active';
    this.facts = { type: record.type, identity: record.identity, timeZone: record.timeZone };
    this.tagKey0 = Number.parseInt(record.tagKey.slice(0, 8), 16) | 0;
    this.tagKey1 = Number.parseInt(record.tagKey.slice(8), 16) | 0;
    const active = record.keys.filter((key) => key.state === 'active');
    this.#keyIds = active.flatMap(({ keyId }) => [
      Number.parseInt(keyId.slice(0, 8), 16),
      Number.parseInt(keyId.slice(8), 16),
    ]);
    this.#publicKeys = active.map((key) => key.publicKey);
    this.#keys = active.map(() => null);
  }

  /** Whether it can sign, and so must. */
  get hasKey(): boolean {
    return this.#keys.length > 0;
  }

  /** The active key of that id, or null. */
  key(high: number, low: number): KeyObject | null {
    for (let i = 0; i < this.#keys.length; i++) {
      if (this.#keyIds[2 * i] !== high || this.#keyIds[2 * i + 1] !== low) continue;
      this.#keys[i] ??= importPublicKey(Buffer.from(this.#publicKeys[i] as string, 'base64'));
      return this.#keys[i] as KeyObject;
    }
    return null;
  }
}

export const knownDeviceCodec: Codec<KnownDevice> = {
  format: 'msec.device-record/1',
  decode: (bytes, start, end) => new KnownDevice(decodeDeviceRecord(bytes, start, end)),
  encode: (value, writer) => writer.copy(encodeDeviceRecord(value.record)),
};
