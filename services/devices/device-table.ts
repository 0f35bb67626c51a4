/**
 * The device records of a registry by device id, packed one behind another: a million take what an object for each
 * would take ten times over, and give the garbage collector nothing to walk. 256 shards, each with its bytes and its own
 * hash table, so that growing and tidying up concerns a few thousand devices at a time and no call waits for a million.
 * Records are replaced and never removed.
 */
import { type Random, systemRandom } from '../../engine/index.ts';
import { type DeviceRecord, packDevice } from '../../schemas/device/index.ts';
import { DeviceShard, SHARDS } from './device-shard.ts';

/** Records that are handed out are kept as objects, the latest of them: bridges ask for the same ones again and again. */
const OPEN_MAX = 8_192;

/** The next id of a shard, and those behind it. */
interface Head {
  id: string;
  readonly ids: Generator<string, undefined>;
}

export class DeviceTable {
  readonly #shards: (DeviceShard | undefined)[] = new Array<undefined>(SHARDS).fill(undefined);
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
    this.#shards[at] ??= new DeviceShard((id) => this.#hash(id));
    const shard = this.#shards[at];
    this.#open.delete(deviceId);
    if (shard.write(deviceId, hash, packDevice(record))) this.#size++;
  }

  /** In no promised order, shard by shard; what is changed meanwhile may come or not. */
  *records(): Generator<DeviceRecord> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.records();
  }

  /**
   * The first `limit` devices behind `after` in the order of their ids. Shards are sorted one in a turn of the event loop, and
   * only those that have changed since they last were.
   */
  async page(after: string, limit: number): Promise<DeviceRecord[]> {
    for (const shard of this.#shards) {
      if (shard?.sort() === true) await new Promise((resolve) => setImmediate(resolve));
    }
    const heads: Head[] = [];
    for (const shard of this.#shards) {
      const ids = shard?.idsAfter(after);
      const first = ids?.next().value;
      if (ids !== undefined && first !== undefined) heads.push({ id: first, ids });
    }
    const page: DeviceRecord[] = [];
    while (page.length < limit && heads.length > 0) {
      let least = 0;
      for (let i = 1; i < heads.length; i++) if (heads[i]!.id < heads[least]!.id) least = i;
      const head = heads[least]!;
      const hash = this.#hash(head.id);
      // Whoever turns over pages must not push out what bridges have open.
      page.push(this.#open.get(head.id) ?? this.#shardOf(hash)!.read(head.id, hash)!);
      const next = head.ids.next().value;
      if (next === undefined) heads.splice(least, 1);
      else head.id = next;
    }
    return page;
  }

  #shardOf(hash: number): DeviceShard | undefined {
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
