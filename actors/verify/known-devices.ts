/**
 * The devices and their sequence rows by key id, beside the state that holds them: with ten thousand devices each hash
 * table on the way to a row is several cache misses, these two arrays are one each. A device is never taken out of the
 * state, so its key id stays; what a rolled back record did is forgotten here by its key. Only so many devices are kept
 * open with their keys and session; whose turn has come to leave is opened again at its next frame.
 */
import type { RowStore, ValueStore } from '../../engine/index.ts';
import type { DeviceFactsRecord } from '../../schemas/device/index.ts';
import type { KnownSession } from '../../schemas/envelope/index.ts';
import { type KnownDevice, openPacked, type PackedText, packedText } from './known-device.ts';

/** Of a task. Opened with its key a device takes 2 to 3 KB, most of it in OpenSSL. */
export const OPEN_DEVICES_MAX = 16_384;

export class KnownDevices {
  readonly #devices: ValueStore<PackedText>;
  readonly #rows: RowStore;
  readonly #openMax: number;
  /** Key ids in the order in which they were opened; the oldest is overwritten. -1: none. */
  readonly #opened: Int32Array;
  #openedNext = 0;
  readonly #deviceOfKey: (Readonly<KnownDevice> | undefined)[] = [];
  /** Row + 1; 0: not looked up. */
  #rowOfKey = new Int32Array(64);
  /** The session that each device uses; made again from its envelopes at any time. */
  readonly #sessionOfKey = new Map<number, KnownSession>();

  constructor(devices: ValueStore<PackedText>, rows: RowStore, openMax: number = OPEN_DEVICES_MAX) {
    this.#devices = devices;
    this.#rows = rows;
    this.#openMax = openMax;
    this.#opened = new Int32Array(openMax).fill(-1);
  }

  device(keyId: number): Readonly<KnownDevice> | undefined {
    return this.#deviceOfKey[keyId] ?? this.#findDevice(keyId);
  }

  setDevice(keyId: number, record: DeviceFactsRecord): void {
    this.forget(keyId);
    this.#devices.set(keyId, packedText(record));
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

  /** What is kept of any key is looked up again; sessions hold whatever was rolled back, as keys and terms make them. */
  forgetAll(): void {
    this.#deviceOfKey.fill(undefined);
    this.#rowOfKey.fill(0);
  }

  #findDevice(keyId: number): Readonly<KnownDevice> | undefined {
    const packed = this.#devices.get(keyId);
    if (packed === undefined) return undefined;
    const device = openPacked(packed);
    while (this.#deviceOfKey.length <= keyId) this.#deviceOfKey.push(undefined);
    this.#deviceOfKey[keyId] = device;
    const place = this.#openedNext;
    const leaving = this.#opened[place]!;
    if (leaving >= 0 && leaving !== keyId) this.#close(leaving);
    this.#opened[place] = keyId;
    this.#openedNext = (place + 1) % this.#openMax;
    return device;
  }

  #close(keyId: number): void {
    this.#deviceOfKey[keyId] = undefined;
    this.#sessionOfKey.delete(keyId);
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
