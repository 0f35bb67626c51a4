/** Counts what the engine made of a fleet's frames: records of its devices in device.readings, and dead letters by reason. */
import type { LogReader, ReadOnlyLog } from '../../engine/index.ts';
import { DEVICE_READINGS } from '../../schemas/topics/index.ts';
import { letterView } from '../city/index.ts';
import { readRecords, type WalkedRecord } from './record-walk.ts';

const LETTERS = '.dlq';
const CHUNK = 1_000;

export interface Watched {
  readonly accepted: number;
  readonly refused: number;
  /** Refused, by reason. */
  readonly reasons: Readonly<Record<string, number>>;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
  next: number;
}

export class FleetWatch {
  readonly #reader: LogReader;
  readonly #places: readonly Place[];
  readonly #devices: ReadonlySet<string>;
  readonly #reasons = new Map<string, number>();
  #accepted = 0;
  #refused = 0;

  private constructor(reader: LogReader, places: readonly Place[], devices: ReadonlySet<string>) {
    this.#reader = reader;
    this.#places = places;
    this.#devices = devices;
  }

  /** From now on. */
  static async open(log: ReadOnlyLog, devices: ReadonlySet<string>): Promise<FleetWatch> {
    const topics = (await log.describe()).filter(({ name }) => name === DEVICE_READINGS || name.endsWith(LETTERS));
    const places = topics.flatMap(({ name, bounds }) =>
      bounds.map(({ end }, partition) => ({ topic: name, partition, next: end })),
    );
    return new FleetWatch(log.openReader(), places, devices);
  }

  /** All since it was opened. */
  async look(): Promise<Watched> {
    for (const place of this.#places) {
      for (;;) {
        const { records, next } = await readRecords(this.#reader, place.topic, place.partition, place.next, CHUNK);
        for (const record of records) this.#count(record);
        if (next === place.next) break;
        place.next = next;
      }
    }
    return { accepted: this.#accepted, refused: this.#refused, reasons: Object.fromEntries(this.#reasons) };
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  #count(record: WalkedRecord): void {
    if (record.key === null || !this.#devices.has(Buffer.from(record.key).toString())) return;
    if (record.topic === DEVICE_READINGS) {
      this.#accepted++;
      return;
    }
    const { code } = letterView(record);
    this.#refused++;
    this.#reasons.set(code, (this.#reasons.get(code) ?? 0) + 1);
  }
}
