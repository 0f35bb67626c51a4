/**
 * The device records of a registry by device id, packed one behind another: a million take what an object for each
 * would take ten times over, and give the garbage collector nothing to walk. 256 shards, each with its bytes and its own
 * hash table, so that growing and tidying up concerns a few thousand devices at a time and no call waits for a million.
 * Records are replaced and never removed.
 *
 *   entry := id length u8 · id ASCII · length u16 · packed record (schemas/device/packed-device.ts)
 */
import { type Random, systemRandom } from '../../engine/index.ts';
import { type DeviceRecord, packDevice, packedCredential, unpackDevice } from '../../schemas/device/index.ts';

const SHARD_BITS = 8;
const SHARDS = 1 << SHARD_BITS;
/** Records that are handed out are kept as objects, the latest of them: bridges ask for the same ones again and again. */
const OPEN_MAX = 8_192;

export class DeviceTable {
  readonly #shards: (Shard | undefined)[] = new Array<undefined>(SHARDS).fill(undefined);
  readonly #open = new Map<string, DeviceRecord>();
  readonly #seed: number;
  #size = 0;

  /** Ids come from whoever enrols: where they lie nobody can tell beforehand. */
  constructor(random: Random = systemRandom) {
    this.#seed = random.u32() | 0;
  }

  get size(): number {
    return this.#size;
  }

  /** Memory of the packed records and their hash tables; a few MiB of opened records come on top. */
  get byteLength(): number {
    return this.#shards.reduce((sum, shard) => sum + (shard?.byteLength ?? 0), 0);
  }

  has(deviceId: string): boolean {
    const hash = this.#hash(deviceId);
    return this.#open.has(deviceId) || (this.#shardOf(hash)?.find(deviceId, hash) ?? -1) >= 0;
  }

  /** The same object for as long as it is among the latest that were asked for and was not replaced. */
  get(deviceId: string): DeviceRecord | undefined {
    const open = this.#open.get(deviceId);
    if (open !== undefined) return open;
    const hash = this.#hash(deviceId);
    const record = this.#shardOf(hash)?.read(deviceId, hash);
    if (record === undefined) return undefined;
    if (this.#open.size >= OPEN_MAX) this.#open.delete(this.#open.keys().next().value as string);
    this.#open.set(deviceId, record);
    return record;
  }

  /** The hash of the device's token, without opening its record; null where there is none, or no such device. */
  credentialOf(deviceId: string): Uint8Array | null {
    const hash = this.#hash(deviceId);
    return this.#shardOf(hash)?.credential(deviceId, hash) ?? null;
  }

  set(record: DeviceRecord): void {
    const { deviceId } = record;
    const hash = this.#hash(deviceId);
    const at = hash & (SHARDS - 1);
    this.#shards[at] ??= new Shard((id) => this.#hash(id));
    const shard = this.#shards[at];
    this.#open.delete(deviceId);
    if (shard.write(deviceId, hash, packDevice(record))) this.#size++;
  }

  /** In no promised order, shard by shard; what is changed meanwhile may come or not. */
  *records(): Generator<DeviceRecord> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.records();
  }

  #shardOf(hash: number): Shard | undefined {
    return this.#shards[hash & (SHARDS - 1)];
  }

  #hash(deviceId: string): number {
    let h = this.#seed;
    for (let i = 0; i < deviceId.length; i++) h = Math.imul(h ^ deviceId.charCodeAt(i), 0x01000193);
    h = Math.imul(h ^ (h >>> 16), 0x2c1b3c6d);
    h = Math.imul(h ^ (h >>> 13), 0x297a2d39);
    return h ^ (h >>> 16);
  }
}

const BYTES_MIN = 1024;
const PLACES_MIN = 8;

class Shard {
  readonly #hash: (deviceId: string) => number;
  #bytes = Buffer.alloc(0);
  #used = 0;
  /** Bytes of entries that were replaced. */
  #dead = 0;
  /** Start of an entry + 1; 0: free. A power of two, at most three quarters full. */
  #places = new Int32Array(PLACES_MIN);
  #count = 0;

  constructor(hash: (deviceId: string) => number) {
    this.#hash = hash;
  }

  get byteLength(): number {
    return this.#bytes.length + this.#places.byteLength;
  }

  /** The place of the id, or -1. */
  find(deviceId: string, hash: number): number {
    const places = this.#places;
    const mask = places.length - 1;
    for (let at = (hash >>> SHARD_BITS) & mask; places[at] !== 0; at = (at + 1) & mask) {
      if (this.#isAt(places[at]! - 1, deviceId)) return at;
    }
    return -1;
  }

  read(deviceId: string, hash: number): DeviceRecord | undefined {
    const place = this.find(deviceId, hash);
    return place < 0 ? undefined : recordIn(this.#bytes, this.#places[place]! - 1, deviceId);
  }

  credential(deviceId: string, hash: number): Uint8Array | null {
    const place = this.find(deviceId, hash);
    if (place < 0) return null;
    const [from, to] = packedPlace(this.#bytes, this.#places[place]! - 1, deviceId);
    return packedCredential(this.#bytes, from, to);
  }

  /** True where the id is new. */
  write(deviceId: string, hash: number, packed: Uint8Array): boolean {
    const place = this.find(deviceId, hash);
    const start = this.#append(deviceId, packed);
    if (place >= 0) {
      this.#dead += this.#entryBytes(this.#places[place]! - 1);
      this.#places[place] = start + 1;
      if (this.#dead * 4 > this.#used) this.#tidy();
      return false;
    }
    this.#count++;
    if (this.#count * 4 > this.#places.length * 3) this.#growPlaces();
    this.#link(hash, start);
    return true;
  }

  *records(): Generator<DeviceRecord> {
    // A copy: whoever takes them may change the table in between.
    const bytes = this.#bytes;
    for (const place of this.#places.slice()) {
      if (place === 0) continue;
      const idEnd = place + bytes[place - 1]!;
      yield recordIn(bytes, place - 1, bytes.toString('latin1', place, idEnd));
    }
  }

  #append(deviceId: string, packed: Uint8Array): number {
    const start = this.#used;
    const end = start + 1 + deviceId.length + 2 + packed.length;
    // Little is left free: the table is large, and grows rarely once it is.
    if (end > this.#bytes.length) this.#move(Math.max(BYTES_MIN, end + (end >>> 4)));
    const bytes = this.#bytes;
    bytes[start] = deviceId.length;
    bytes.write(deviceId, start + 1, 'latin1');
    const at = start + 1 + deviceId.length;
    bytes.writeUInt16BE(packed.length, at);
    bytes.set(packed, at + 2);
    this.#used = end;
    return start;
  }

  #move(length: number): void {
    const moved = Buffer.alloc(length);
    moved.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = moved;
  }

  #isAt(start: number, deviceId: string): boolean {
    const bytes = this.#bytes;
    if (bytes[start] !== deviceId.length) return false;
    for (let i = 0; i < deviceId.length; i++) if (bytes[start + 1 + i] !== deviceId.charCodeAt(i)) return false;
    return true;
  }

  #entryBytes(start: number): number {
    const at = start + 1 + this.#bytes[start]!;
    return at + 2 + this.#bytes.readUInt16BE(at) - start;
  }

  #link(hash: number, start: number): void {
    const mask = this.#places.length - 1;
    let at = (hash >>> SHARD_BITS) & mask;
    while (this.#places[at] !== 0) at = (at + 1) & mask;
    this.#places[at] = start + 1;
  }

  #growPlaces(): void {
    const before = this.#places;
    this.#places = new Int32Array(before.length * 2);
    for (const place of before) if (place !== 0) this.#link(this.#hashAt(place - 1), place - 1);
  }

  #hashAt(start: number): number {
    return this.#hash(this.#bytes.toString('latin1', start + 1, start + 1 + this.#bytes[start]!));
  }

  /** Without what was replaced. */
  #tidy(): void {
    const before = this.#bytes;
    const tidied = Buffer.alloc(this.#used - this.#dead + BYTES_MIN);
    let used = 0;
    for (let at = 0; at < this.#places.length; at++) {
      const start = this.#places[at]! - 1;
      if (start < 0) continue;
      const length = this.#entryBytes(start);
      tidied.set(before.subarray(start, start + length), used);
      this.#places[at] = used + 1;
      used += length;
    }
    this.#bytes = tidied;
    this.#used = used;
    this.#dead = 0;
  }
}

function packedPlace(bytes: Buffer, start: number, deviceId: string): readonly [from: number, to: number] {
  const at = start + 1 + deviceId.length;
  return [at + 2, at + 2 + bytes.readUInt16BE(at)];
}

function recordIn(bytes: Buffer, start: number, deviceId: string): DeviceRecord {
  const [from, to] = packedPlace(bytes, start, deviceId);
  return { version: 1, deviceId, ...unpackDevice(bytes, from, to) };
}
