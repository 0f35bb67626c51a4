/** The topics of a simulated broker. */
import { PartitionLog } from './partition-log.ts';

export interface BrokerTopic {
  readonly name: string;
  /** Kafka's text form of 16 bytes. */
  readonly id: string;
  readonly partitions: readonly PartitionLog[];
  readonly configs: ReadonlyMap<string, string>;
}

export class BrokerTopics {
  readonly #byName = new Map<string, BrokerTopic>();
  readonly #byId = new Map<string, BrokerTopic>();

  create(name: string, partitions: number, configs: ReadonlyMap<string, string>): BrokerTopic {
    const id = Buffer.from(`topic-${this.#byName.size}`.padEnd(16, '.')).toString('base64url');
    const topic: BrokerTopic = {
      name,
      id,
      partitions: Array.from({ length: partitions }, () => new PartitionLog()),
      configs,
    };
    this.#byName.set(name, topic);
    this.#byId.set(id, topic);
    return topic;
  }

  get all(): readonly BrokerTopic[] {
    return [...this.#byName.values()];
  }

  /** By its name, or by its id where the request's version has ids. */
  find({ name, id }: { readonly name: string; readonly id?: string }): BrokerTopic | undefined {
    return this.#byName.get(name) ?? this.#byId.get(id ?? '');
  }

  partition(name: string, partition: number): PartitionLog | undefined {
    return this.#byName.get(name)?.partitions[partition];
  }
}
