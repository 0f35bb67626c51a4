/** Reads a simulated broker's logs without a network, as they are now: committed records only, each call at once. */

import { MsecError } from '../../base/index.ts';
import { batchSpans, hideBatch } from '../../batch/index.ts';
import type { FetchedBatches, LogReader, PartitionBounds } from '../../log/index.ts';
import type { BrokerState } from './broker-state.ts';
import type { PartitionLog } from './partition-log.ts';

export class BrokerReader implements LogReader {
  readonly #broker: BrokerState;

  constructor(broker: BrokerState) {
    this.#broker = broker;
  }

  async fetch(topic: string, partition: number, offset: number, bytesMax: number): Promise<FetchedBatches> {
    const log = this.#partition(topic, partition);
    const bounds = boundsOf(log);
    if (offset < bounds.start || offset > bounds.end) {
      throw new MsecError('OFFSET_OUT_OF_RANGE', `${topic}-${partition} has no offset ${offset}`);
    }
    const bytes = log.read(offset, bounds.end, bytesMax);
    for (const { start, end, baseOffset } of batchSpans(bytes))
      if (log.isAborted(baseOffset)) hideBatch(bytes, start, end);
    return { bytes, start: 0, end: bytes.length, bounds };
  }

  async bounds(topic: string, partition: number): Promise<PartitionBounds> {
    return boundsOf(this.#partition(topic, partition));
  }

  async committed(group: string, topic: string): Promise<readonly (number | null)[]> {
    const found = this.#broker.topics.find({ name: topic });
    if (found === undefined) throw unknown(topic);
    return found.partitions.map((_, partition) => {
      const offset = this.#broker.offsets.committed(group, topic, partition);
      return offset < 0 ? null : offset;
    });
  }

  wait(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #partition(topic: string, partition: number): PartitionLog {
    const log = this.#broker.topics.partition(topic, partition);
    if (log === undefined) throw unknown(topic);
    return log;
  }
}

function boundsOf({ start, lastStableOffset }: PartitionLog): PartitionBounds {
  return { start, end: lastStableOffset };
}

const unknown = (topic: string): MsecError => new MsecError('TOPIC_UNKNOWN', `no topic ${topic}`, { field: 'topic' });
