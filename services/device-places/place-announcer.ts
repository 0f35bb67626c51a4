/**
 * Tells the judge where devices stand: at the start of an engine all that have a place, from then on each that changes. To be
 * told twice changes nothing, and what was not told before an end is told at the next start.
 */
import { type Append, BatchEncoder, type Clock, errorData, type Log, partitionForKey } from '../../engine/index.ts';
import { type DeviceRecord, encodeDeviceRecord } from '../../schemas/device/index.ts';
import { TRUST_DEVICES } from '../../schemas/topics/index.ts';

const AT_ONCE = 1_000;

interface Devices {
  page(after: string, limit: number): Promise<readonly DeviceRecord[]>;
  onChange(handle: (record: DeviceRecord) => void): () => void;
}

export interface PlaceAnnouncerOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly devices: Devices;
  readonly partitions: number;
  /** Of changes that could not be told; they are kept and told with the next one. */
  readonly onFailure: (message: string) => void;
}

export class PlaceAnnouncer {
  readonly #options: PlaceAnnouncerOptions;
  /** By device, the newest each: no more than there are devices. */
  readonly #changed = new Map<string, DeviceRecord>();
  #telling: Promise<void> = Promise.resolve();
  #isTelling = false;
  #stopListening: () => void = () => undefined;

  constructor(options: PlaceAnnouncerOptions) {
    this.#options = options;
  }

  /** Returns how many have a place. */
  async start(): Promise<number> {
    const { devices } = this.#options;
    this.#stopListening = devices.onChange((record) => this.#changedTo(record));
    let told = 0;
    for (let after = ''; ; ) {
      const page = await devices.page(after, AT_ONCE);
      const placed = page.filter(({ place, state }) => place !== undefined && state === 'active');
      await this.#tell(placed);
      told += placed.length;
      if (page.length < AT_ONCE) return told;
      after = page.at(-1)!.deviceId;
    }
  }

  /** When all changes so far were told. */
  async close(): Promise<void> {
    this.#stopListening();
    await this.#telling;
  }

  #changedTo(record: DeviceRecord): void {
    this.#changed.set(record.deviceId, record);
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#telling = this.#tellChanged().finally(() => {
      this.#isTelling = false;
    });
  }

  async #tellChanged(): Promise<void> {
    while (this.#changed.size > 0) {
      const records = [...this.#changed.values()].slice(0, AT_ONCE);
      try {
        await this.#tell(records);
      } catch (thrown) {
        this.#options.onFailure(errorData(thrown).message);
        return;
      }
      for (const record of records)
        if (this.#changed.get(record.deviceId) === record) this.#changed.delete(record.deviceId);
    }
  }

  async #tell(records: readonly DeviceRecord[]): Promise<void> {
    if (records.length === 0) return;
    const { log, clock, partitions } = this.#options;
    const byPartition = Map.groupBy(records, ({ deviceId }) =>
      partitionForKey(Buffer.from(deviceId), 0, deviceId.length, partitions),
    );
    const appends = [...byPartition].map(([partition, group]): Append => {
      const encoder = new BatchEncoder();
      for (const record of group) {
        const key = Buffer.from(record.deviceId);
        const value = encodeDeviceRecord(record);
        encoder.append(clock.now(), key, 0, key.length, value, 0, value.length);
      }
      return { topic: TRUST_DEVICES, partition, bytes: encoder.finish() };
    });
    await log.commit({ appends, admission: 'internal' });
  }
}
