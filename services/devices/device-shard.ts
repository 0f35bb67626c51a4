/**
 * One of the parts of a device table: packed records one behind another, a hash table of where they lie, and, once somebody
 * has asked for pages, their order by id.
 *
 *   entry := id length u8 · id ASCII · length u16 · packed record (schemas/device/packed-device.ts)
 */
import { type DeviceRecord, packedCredential, unpackDevice } from '../../schemas/device/index.ts';

const SHARD_BITS = 8;
/** The lowest bits of an id's hash say which, the others where in it. */
export const SHARDS = 1 << SHARD_BITS;
const BYTES_MIN = 1024;
const PLACES_MIN = 8;

export class DeviceShard {
  readonly #hash: (deviceId: string) => number;
  #bytes = Buffer.alloc(0);
  #used = 0;
  /** Bytes of entries that were replaced. */
  #dead = 0;
  /** Start of an entry + 1; 0: free. A power of two, at most three quarters full. */
  #places = new Int32Array(PLACES_MIN);
  #count = 0;
  /** Starts of entries by id; null: something was written since. */
  #sorted: Int32Array | null = null;

  constructor(hash: (deviceId: string) => number) {
    this.#hash = hash;
  }

  get byteLength(): number {
    return this.#bytes.length + this.#places.byteLength + (this.#sorted?.byteLength ?? 0);
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
    this.#sorted = null;
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

  /** Brings the entries in order; false where they are. */
  sort(): boolean {
    if (this.#sorted !== null) return false;
    this.#sorted = this.#places.filter((place) => place !== 0).map((place) => place - 1);
    this.#sorted.sort((a, b) => this.#compare(a, b));
    return true;
  }

  /** Ids behind this one, the least first; until something is written. */
  *idsAfter(after: string): Generator<string, undefined> {
    this.sort();
    const sorted = this.#sorted!;
    let low = 0;
    for (let high = sorted.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.#idAt(sorted[middle]!) <= after) low = middle + 1;
      else high = middle;
    }
    for (; low < sorted.length; low++) yield this.#idAt(sorted[low]!);
  }

  #compare(a: number, b: number): number {
    const bytes = this.#bytes;
    const shared = Math.min(bytes[a]!, bytes[b]!);
    for (let i = 1; i <= shared; i++) {
      const difference = bytes[a + i]! - bytes[b + i]!;
      if (difference !== 0) return difference;
    }
    return bytes[a]! - bytes[b]!;
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
    return this.#hash(this.#idAt(start));
  }

  #idAt(start: number): string {
    return this.#bytes.toString('latin1', start + 1, start + 1 + this.#bytes[start]!);
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
