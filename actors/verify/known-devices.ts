/**
 * The devices and their sequence rows by key id, beside the state that holds them: with ten thousand devices each hash
 * table on the way to a row is several cache misses, these two arrays are one each. A device is never taken out of the
 * state, so its key id stays; what a rolled back record did is forgotten here by its key.
 */
import type { RowStore, ValueStore } from '../../engine/index.ts';
import type { KnownSession } from '../../schemas/envelope/index.ts';
import type { KnownDevice } from './known-device.ts';

export class KnownDevices {
  readonly #devices: ValueStore<KnownDevice>;
  readonly #rows: RowStore;
  readonly #deviceOfKey: (Readonly<KnownDevice> | undefined)[] = [];
  /** Row + 1; 0: not looked up. */
  #rowOfKey = new Int32Array(64);
  /** The session that each device uses; made again from its envelopes at any time. */
  readonly #sessionOfKey = new Map<number, KnownSession>();

  constructor(devices: ValueStore<KnownDevice>, rows: RowStore) {
    this.#devices = devices;
    this.#rows = rows;
  }

  device(keyId: number): Readonly<KnownDevice> | undefined {
    return this.#deviceOfKey[keyId] ?? this.#findDevice(keyId);
  }

  setDevice(keyId: number, device: KnownDevice): void {
    this.forget(keyId);
    this.#devices.set(keyId, device);
  }

  session(keyId: number): KnownSession | undefined {
    return this.#sessionOfKey.get(keyId);
  }

  setSession(keyId: number, session: KnownSession): void {
    this.#sessionOfKey.set(keyId, session);
  }

  /** -1 where there is none. */
  row(keyId: number): number {
    const row = keyId < this.#rowOfKey.length ? (this.#rowOfKey[keyId] as number) - 1 : -1;
    return row >= 0 ? row : this.#findRow(keyId);
  }

  createRow(keyId: number): number {
    const row = this.#rows.create(keyId);
    this.#keepRow(keyId, row);
    return row;
  }

  removeRow(keyId: number): void {
    const row = this.#rows.find(keyId);
    if (row >= 0) this.#rows.remove(row);
    this.forget(keyId);
  }

  /** What is kept here of the key is looked up again. */
  forget(keyId: number): void {
    if (keyId < this.#deviceOfKey.length) this.#deviceOfKey[keyId] = undefined;
    if (keyId < this.#rowOfKey.length) this.#rowOfKey[keyId] = 0;
    this.#sessionOfKey.delete(keyId);
  }

  #findDevice(keyId: number): Readonly<KnownDevice> | undefined {
    const device = this.#devices.get(keyId);
    if (device === undefined) return undefined;
    while (this.#deviceOfKey.length <= keyId) this.#deviceOfKey.push(undefined);
    this.#deviceOfKey[keyId] = device;
    return device;
  }

  #findRow(keyId: number): number {
    const row = this.#rows.find(keyId);
    if (row >= 0) this.#keepRow(keyId, row);
    return row;
  }

  #keepRow(keyId: number, row: number): void {
    if (keyId >= this.#rowOfKey.length) {
      const grown = new Int32Array(Math.max(keyId + 1, this.#rowOfKey.length * 2));
      grown.set(this.#rowOfKey);
      this.#rowOfKey = grown;
    }
    this.#rowOfKey[keyId] = row + 1;
  }
}
