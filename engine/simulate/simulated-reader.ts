/** A worker's reader: some reads take time, and the thread may die in the middle of a restore or before its first fetch. */
import type { Random } from '../base/index.ts';
import type { FetchedBatches, LogReader, PartitionBounds, PartitionPosition } from '../log/index.ts';
import type { ThreadPoint } from './faults.ts';
import type { Life, Timeline } from './timeline.ts';

export interface SimulatedReaderSetup {
  readonly reader: LogReader;
  readonly life: Life;
  readonly timeline: Timeline;
  readonly random: Random;
  /** Of 256 reads, how many take time. */
  readonly slowReads: number;
  readonly readMsMax: number;
  /** May end the thread. */
  reach(point: ThreadPoint, where: string): void;
}

export class SimulatedReader implements LogReader {
  readonly #setup: SimulatedReaderSetup;
  #hasFetched = false;

  constructor(setup: SimulatedReaderSetup) {
    this.#setup = setup;
  }

  async fetch(topic: string, partition: number, offset: number, bytesMax: number): Promise<FetchedBatches> {
    const { reach, reader, life } = this.#setup;
    if (topic.endsWith('.state')) reach('restore', `${topic}-${partition}`);
    else if (!this.#hasFetched) {
      this.#hasFetched = true;
      reach('first-fetch', `${topic}-${partition}`);
    }
    await this.#delay();
    return life.gate(reader.fetch(topic, partition, offset, bytesMax));
  }

  async bounds(topic: string, partition: number): Promise<PartitionBounds> {
    await this.#delay();
    return this.#setup.life.gate(this.#setup.reader.bounds(topic, partition));
  }

  async committed(group: string, topic: string): Promise<readonly (number | null)[]> {
    await this.#delay();
    return this.#setup.life.gate(this.#setup.reader.committed(group, topic));
  }

  wait(positions: readonly PartitionPosition[], timeoutMs: number): Promise<boolean> {
    return this.#setup.life.gate(this.#setup.reader.wait(positions, timeoutMs));
  }

  close(): Promise<void> {
    return this.#setup.life.gate(this.#setup.reader.close());
  }

  #delay(): Promise<void> {
    const { life, random, readMsMax, slowReads, timeline } = this.#setup;
    const drawn = random.u32();
    if (drawn % 256 < slowReads) return timeline.pause((drawn / 2 ** 32) * readMsMax, life);
    return life.gate(Promise.resolve());
  }
}
