/** Lists as the judge reads them: each partition up to what is decided when the read begins. */
import type { RawBroker } from './raw-broker.ts';

export class RawListReader {
  readonly #broker: RawBroker;
  readonly #topic: string;
  readonly #positions: number[];

  constructor(broker: RawBroker, topic: string, partitions: number) {
    this.#broker = broker;
    this.#topic = topic;
    this.#positions = new Array(partitions).fill(0);
  }

  /** Appends what is new to the lists, and gives the keys that changed. */
  async read(lists: Map<string, number[]>): Promise<ReadonlySet<string>> {
    const changed = new Set<string>();
    const { stable } = await this.#broker.ends(this.#topic, this.#positions.length);
    for (const [partition, end] of stable.entries()) {
      while (this.#positions[partition]! < end) {
        const from = this.#positions[partition]!;
        const { records, next } = await this.#broker.fetch(this.#topic, partition, from);
        if (next <= from) throw new Error(`partition ${partition} has nothing at ${from}, below its end ${end}`);
        for (const { key, value } of records) {
          lists.set(key, [...(lists.get(key) ?? []), Number(value)]);
          changed.add(key);
        }
        this.#positions[partition] = next;
      }
    }
    return changed;
  }
}
