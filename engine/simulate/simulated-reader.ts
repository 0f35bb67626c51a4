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

  // What is answered within one event needs no gate: nothing that the dead do before their next wait has an effect.
  async fetch(topic: string, partition: number, offset: number, bytesMax: number): Promise<FetchedBatches> {
    const { reach, reader } = this.#setup;
    if (topic.endsWith('.state')) reach('restore', `${topic}-${partition}`);
    else if (!this.#hasFetched) {
      this.#hasFetched = true;
      reach('first-fetch', `${topic}-${partition}`);
    }
    const delay = this.#delay();
    if (delay !== null) await delay;
    return reader.fetch(topic, partition, offset, bytesMax);
  }

  async bounds(topic: string, partition: number): Promise<PartitionBounds> {
    const delay = this.#delay();
    if (delay !== null) await delay;
    return this.#setup.reader.bounds(topic, partition);
  }

  async committed(group: string, topic: string): Promise<readonly (number | null)[]> {
    const delay = this.#delay();
    if (delay !== null) await delay;
    return this.#setup.reader.committed(group, topic);
  }

  wait(positions: readonly PartitionPosition[], timeoutMs: number): Promise<boolean> {
    return this.#setup.life.gate(this.#setup.reader.wait(positions, timeoutMs));
  }

  close(): Promise<void> {
    return this.#setup.life.gate(this.#setup.reader.close());
  }

  /** Null: this read takes no time. The pause of one who dies meanwhile never ends. */
  #delay(): Promise<void> | null {
    const { life, random, readMsMax, slowReads, timeline } = this.#setup;
    const drawn = random.u32();
    return drawn % 256 < slowReads ? timeline.pause((drawn / 2 ** 32) * readMsMax, life) : null;
  }
}
