/** Reads the compacted topic device.registry, each partition from where it last stopped. One caller at a time. */
import { BatchCursor, type LogReader, type PartitionPosition } from '../../engine/index.ts';
import { type DeviceRecord, decodeDeviceRecord } from '../../schemas/device/index.ts';
import { DEVICE_REGISTRY } from '../../schemas/topics/index.ts';

/** Some hundred records: between two fetches the thread has time for its connections. */
const FETCH_BYTES_MAX = 128 * 1024;

export class RegistryReader {
  readonly #reader: LogReader;
  readonly #cursor = new BatchCursor();
  readonly #positions: number[];

  /** The reader is handed over: `close` closes it. */
  constructor(reader: LogReader, partitions: number) {
    this.#reader = reader;
    this.#positions = new Array<number>(partitions).fill(0);
  }

  /** Where the next record of each partition will be, for `LogReader.wait`. */
  positions(): PartitionPosition[] {
    return this.#positions.map((offset, partition) => ({ topic: DEVICE_REGISTRY, partition, offset }));
  }

  /** Hands over everything that was committed since the last call. DEVICE_INVALID. */
  async readAll(apply: (record: DeviceRecord) => void): Promise<void> {
    for (let partition = 0; partition < this.#positions.length; partition++) {
      while (await this.#readSome(partition, apply)) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  /** Whether there is more. */
  async #readSome(partition: number, apply: (record: DeviceRecord) => void): Promise<boolean> {
    const first = (await this.#reader.bounds(DEVICE_REGISTRY, partition)).start;
    const position = Math.max(first, this.#positions[partition] as number);
    const { bytes, start, end, bounds } = await this.#reader.fetch(
      DEVICE_REGISTRY,
      partition,
      position,
      FETCH_BYTES_MAX,
    );
    const cursor = this.#cursor;
    cursor.reset(bytes, start, end);
    cursor.seek(position);
    while (cursor.next()) {
      if (cursor.valueStart >= 0) apply(decodeDeviceRecord(cursor.bytes, cursor.valueStart, cursor.valueEnd));
    }
    const next = Math.max(position, cursor.offsetNext);
    this.#positions[partition] = next;
    return next > position && next < bounds.end;
  }
}
