/**
 * The devices that may send: their records in memory, loaded from the compacted topic device.registry and kept up with
 * it. Each change is one log transaction that appends the record there and its control copy to the device's own
 * partition of device.frames (docs/decisions/0003): what a device sends and what is decided about it have one order. Where
 * devices are attested, attest.evidence gets a copy for the same reason.
 */
import {
  type Append,
  BatchEncoder,
  type Clock,
  type Log,
  type LogReader,
  MsecError,
  type Ownership,
  partitionForKey,
  pause,
  type Random,
  systemRandom,
} from '../../engine/index.ts';
import { type DevicePlace, type DeviceRecord, encodeDeviceRecord } from '../../schemas/device/index.ts';
import { encodeFrameRecord, KIND_CONTROL } from '../../schemas/envelope/index.ts';
import {
  ATTEST_EVIDENCE,
  DEVICE_FRAMES,
  DEVICE_REGISTRY,
  encodeEvidenceRecord,
  KIND_DEVICE,
} from '../../schemas/topics/index.ts';
import { isToken } from './credentials.ts';
import {
  type Enrolment,
  enrolled,
  type NewDevice,
  placed,
  type Rotation,
  revoked,
  rotated,
  wasReset,
} from './device-changes.ts';
import { DeviceTable } from './device-table.ts';
import { EnrolmentQueue } from './enrolment-queue.ts';
import { RegistryReader } from './registry-reader.ts';

const OWNER = 'msec.devices';
const WAIT_MS = 1000;
const REPUBLISHED_AT_ONCE = 1000;
const ATTEMPTS_MAX = 6;
const BACK_OFF_MS = 10;

export interface DeviceServiceOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** Tokens come from here: the system's, outside of a simulation. */
  readonly random?: Random;
  /** Default 2,000,000. */
  readonly devicesMax?: number;
}

export class DeviceService {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #devicesMax: number;
  readonly #partitions: number;
  readonly #isAttested: boolean;
  readonly #registry: RegistryReader;
  readonly #encoder = new BatchEncoder();
  readonly #devices = new DeviceTable();
  readonly #enrolments = new EnrolmentQueue(
    (make) => this.#changeAll(make),
    (device, ids) => this.#enrolled(device, ids),
  );
  readonly #listeners = new Set<(record: DeviceRecord) => void>();
  #ownership: Ownership | null = null;
  /** Everything that uses the reader, the encoder or the ownership runs one after another through this. */
  #turn: Promise<unknown> = Promise.resolve();
  #following: Promise<void> | null = null;
  #waiter: LogReader | null = null;
  #isClosed = false;

  private constructor(options: DeviceServiceOptions, partitions: number, isAttested: boolean) {
    this.#isAttested = isAttested;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#random = options.random ?? systemRandom;
    this.#devicesMax = options.devicesMax ?? 2_000_000;
    this.#partitions = partitions;
    this.#registry = new RegistryReader(options.log.openReader(), partitions);
  }

  /** Resolves when every committed record is known. TOPIC_UNKNOWN, TOPIC_CONFLICT when the partitions differ. */
  static async open(options: DeviceServiceOptions): Promise<DeviceService> {
    const topics = await options.log.describe([DEVICE_REGISTRY, DEVICE_FRAMES, ATTEST_EVIDENCE]);
    const partitionsOf = (name: string): number => {
      const found = topics.find((topic) => topic.name === name);
      if (found === undefined) throw new MsecError('TOPIC_UNKNOWN', `topic ${name} does not exist`);
      return found.partitions;
    };
    const partitions = partitionsOf(DEVICE_REGISTRY);
    if (partitions !== partitionsOf(DEVICE_FRAMES)) {
      throw new MsecError('TOPIC_CONFLICT', `${DEVICE_REGISTRY} and ${DEVICE_FRAMES} must have as many partitions`);
    }
    const isAttested = topics.some(({ name }) => name === ATTEST_EVIDENCE);
    const service = new DeviceService(options, partitions, isAttested);
    try {
      await service.refresh();
    } catch (error) {
      await service.close();
      throw error;
    }
    return service;
  }

  /** Goes on reading what other writers change, until `close`. Rejects when the log fails for good. */
  follow(): Promise<void> {
    this.#following ??= this.#follow();
    return this.#following;
  }

  get(deviceId: string): DeviceRecord | undefined {
    return this.#devices.get(deviceId);
  }

  get size(): number {
    return this.#devices.size;
  }

  /** As of now, revoked or not. DEVICE_UNKNOWN. */
  async known(deviceId: string): Promise<DeviceRecord> {
    await this.refresh();
    return this.#known(deviceId);
  }

  /** Whether one that is not revoked has no attestation key; at most `looksMax` are looked at. */
  hasKeyless(looksMax: number): boolean {
    let looks = 0;
    for (const { state, attestationKey } of this.#devices.records()) {
      if (state === 'active' && attestationKey === undefined) return true;
      if (++looks === looksMax) break;
    }
    return false;
  }

  /** The first `limit` devices by id, behind `after`; '' is before all. */
  page(after: string, limit: number): Promise<DeviceRecord[]> {
    return this.#devices.page(after, limit);
  }

  /**
   * The device whose token this is; null for a wrong one, an unknown device and a revoked one alike, in the same time.
   * One SHA-256: for every connection and request.
   */
  authenticate(deviceId: string, token: string | Uint8Array): DeviceRecord | null {
    if (!isToken(token, this.#devices.credentialOf(deviceId))) return null;
    const known = this.#devices.get(deviceId);
    return known?.state === 'active' ? known : null;
  }

  /** Calls `handle` for each change, own ones included, once it is durable; the result ends that. */
  onChange(handle: (record: DeviceRecord) => void): () => void {
    this.#listeners.add(handle);
    return () => this.#listeners.delete(handle);
  }

  /** DEVICE_EXISTS (also for a revoked one: ids are not used again), DEVICE_LIMIT, DEVICE_INVALID. */
  add(device: NewDevice): Promise<Enrolment> {
    return this.#enrolments.add(device);
  }

  /** Adds several in one transaction: all or none. */
  addAll(devices: readonly NewDevice[]): Promise<Enrolment[]> {
    return this.#changeAll(() => {
      const ids = new Set<string>();
      return devices.map((device) => {
        const enrolment = this.#enrolled(device, ids);
        ids.add(device.deviceId);
        return enrolment;
      });
    });
  }

  /** From the next frame in its partition on nothing of the device passes. DEVICE_UNKNOWN. */
  async revoke(deviceId: string): Promise<DeviceRecord> {
    const change = await this.#change(() => ({ record: revoked(this.#known(deviceId)), secrets: null }));
    return change.record;
  }

  /** A new active key; all earlier ones retire. DEVICE_UNKNOWN, DEVICE_REVOKED, DEVICE_INVALID. */
  rotate(deviceId: string, rotation: Rotation = {}): Promise<Enrolment> {
    return this.#change(() => rotated(this.#active(deviceId), rotation, this.#random));
  }

  /** Where it stands; null takes that away. DEVICE_UNKNOWN, DEVICE_REVOKED, DEVICE_INVALID. */
  async place(deviceId: string, place: DevicePlace | null): Promise<DeviceRecord> {
    const change = await this.#change(() => ({ record: placed(this.#active(deviceId), place), secrets: null }));
    return change.record;
  }

  /** Its sequence state, and whether it is suspect, are forgotten. DEVICE_UNKNOWN, DEVICE_REVOKED. */
  async reset(deviceId: string): Promise<DeviceRecord> {
    const change = await this.#change(() => ({ record: wasReset(this.#active(deviceId)), secrets: null }));
    return change.record;
  }

  /** Writes every device's present record to its partition again, for a verifier whose state was thrown away. */
  async republish(): Promise<void> {
    const ids = Array.from(this.#devices.records(), ({ deviceId }) => deviceId);
    for (let from = 0; from < ids.length; from += REPUBLISHED_AT_ONCE) {
      await this.#changeAll(() => {
        return ids.slice(from, from + REPUBLISHED_AT_ONCE).map((deviceId) => {
          const record = this.#known(deviceId);
          return { record: { ...record, revision: record.revision + 1 } };
        });
      });
    }
  }

  /** Reads what was committed since, by anyone. */
  refresh(): Promise<void> {
    return this.#inTurn(() => this.#readAll());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#turn;
    await this.#registry.close();
    await this.#waiter?.close();
    await this.#following?.catch(() => undefined);
    this.#listeners.clear();
  }

  /** `ids`: of others in the same transaction. */
  #enrolled(device: NewDevice, ids: ReadonlySet<string>): Enrolment {
    const { deviceId } = device;
    if (this.#devices.has(deviceId) || ids.has(deviceId)) {
      throw new MsecError('DEVICE_EXISTS', `device ${deviceId} exists`, { field: 'deviceId' });
    }
    if (this.#devices.size + ids.size >= this.#devicesMax) {
      throw new MsecError('DEVICE_LIMIT', `there may be ${this.#devicesMax} devices`);
    }
    return enrolled(device, this.#random, this.#clock.now());
  }

  #known(deviceId: string): DeviceRecord {
    const known = this.#devices.get(deviceId);
    if (known === undefined) {
      throw new MsecError('DEVICE_UNKNOWN', `no device ${deviceId} is enrolled`, { field: 'deviceId' });
    }
    return known;
  }

  #active(deviceId: string): DeviceRecord {
    const record = this.#known(deviceId);
    if (record.state !== 'active') {
      throw new MsecError('DEVICE_REVOKED', `device ${deviceId} was revoked`, { field: 'deviceId' });
    }
    return record;
  }

  async #change<T extends { readonly record: DeviceRecord }>(make: () => T): Promise<T> {
    const changes = await this.#changeAll(() => [make()]);
    return changes[0] as T;
  }

  /**
   * `make` decides from a registry that is up to date and that nobody else can change before the commit: the ownership
   * is taken first, and another owner's commit would have fenced it. Being fenced costs another try.
   */
  #changeAll<T extends { readonly record: DeviceRecord }>(make: () => T[]): Promise<T[]> {
    return this.#inTurn(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          if (this.#ownership === null) {
            this.#ownership = await this.#log.acquire(OWNER);
            await this.#readAll();
          }
          const changes = make();
          const records = changes.map((change) => change.record);
          if (records.length > 0) await this.#commit(records, this.#ownership);
          for (const record of records) this.#apply(record);
          return changes;
        } catch (error) {
          const isFenced = error instanceof MsecError && error.code === 'FENCED';
          // After a failed commit every later one of this ownership fails as well.
          if (!(error instanceof MsecError) || error.kind !== 'input') this.#ownership = null;
          if (!isFenced || attempt === ATTEMPTS_MAX) throw error;
          // Two that take it from each other in step would do so for ever.
          if (attempt > 1) await pause(this.#clock, (this.#random.u32() / 2 ** 32) * BACK_OFF_MS * 2 ** attempt);
        }
      }
    });
  }

  async #commit(records: readonly DeviceRecord[], ownership: Ownership): Promise<void> {
    const nowMs = this.#clock.now();
    const byPartition = Map.groupBy(records, ({ deviceId }) => {
      return partitionForKey(asKey(deviceId), 0, deviceId.length, this.#partitions);
    });
    const appends: Append[] = [];
    for (const [partition, group] of byPartition) {
      for (const topic of [DEVICE_REGISTRY, DEVICE_FRAMES, ...(this.#isAttested ? [ATTEST_EVIDENCE] : [])]) {
        for (const record of group) {
          const key = asKey(record.deviceId);
          const value = valueFor(topic, encodeDeviceRecord(record));
          this.#encoder.append(nowMs, key, 0, key.length, value, 0, value.length);
        }
        appends.push({ topic, partition, bytes: this.#encoder.finish() });
      }
    }
    await this.#log.commit({ ownership, appends, admission: 'internal' });
  }

  #readAll(): Promise<void> {
    return this.#registry.readAll((record) => this.#apply(record));
  }

  #apply(record: DeviceRecord): void {
    const known = this.#devices.get(record.deviceId);
    if (known !== undefined && known.revision >= record.revision) return;
    this.#devices.set(record);
    for (const handle of this.#listeners) handle(record);
  }

  /** Waits with a reader of its own, as the other one is in use by whose turn it is. */
  async #follow(): Promise<void> {
    const waiter = this.#log.openReader();
    this.#waiter = waiter;
    try {
      while (!this.#isClosed) {
        const hasMore = await waiter.wait(this.#registry.positions(), WAIT_MS);
        if (hasMore && !this.#isClosed) await this.refresh();
      }
    } catch (error) {
      // Closed between the wait and the read: no failure.
      if (!this.#isClosed) throw error;
    } finally {
      await waiter.close();
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => {
      if (this.#isClosed) throw new MsecError('CLOSED', 'the device service was closed');
      return run();
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

function valueFor(topic: string, json: Uint8Array): Uint8Array {
  if (topic === DEVICE_FRAMES) return encodeFrameRecord(KIND_CONTROL, json);
  return topic === ATTEST_EVIDENCE ? encodeEvidenceRecord(KIND_DEVICE, json) : json;
}

function asKey(deviceId: string): Uint8Array {
  const key = new Uint8Array(deviceId.length);
  for (let i = 0; i < deviceId.length; i++) key[i] = deviceId.charCodeAt(i);
  return key;
}
