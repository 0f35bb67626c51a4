/**
 * How far decisions on held frames have come, for each device, out of device.decisions. Whoever has a partition's ownership
 * and has read to its end since knows all of them.
 */
import type { LogReader } from '../../engine/index.ts';
import { type Decision, decodeDecision } from '../../schemas/attestation/index.ts';
import { DEVICE_DECISIONS } from '../../schemas/topics/index.ts';
import { eachRecord } from './key-records.ts';

export class DecisionBook {
  readonly #reader: LogReader;
  readonly #partition: number;
  readonly #to = new Map<string, number>();
  #offset = 0;

  /** The reader becomes its own. */
  constructor(reader: LogReader, partition: number) {
    this.#reader = reader;
    this.#partition = partition;
  }

  /** The device's held frames below this offset of device.quarantine are decided on. */
  decidedTo(device: string): number {
    return this.#to.get(device) ?? 0;
  }

  /** False where it was known. */
  take({ device, to }: Pick<Decision, 'device' | 'to'>): boolean {
    if (to <= this.decidedTo(device)) return false;
    this.#to.set(device, to);
    return true;
  }

  /** What was committed since, by anyone; `news` gets what was not known. */
  async read(news: (decision: Decision) => void = () => undefined): Promise<void> {
    const place = { topic: DEVICE_DECISIONS, partition: this.#partition, from: this.#offset };
    this.#offset = await eachRecord(this.#reader, place, ({ value }) => {
      const decision = decodeDecision(value);
      if (this.take(decision)) news(decision);
      return true;
    });
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }
}
