/** What is to be appended, as the batches that go out one by one. */
import { MsecError } from '../../../base/index.ts';
import { batchSpans, sequenceAfter, stampBatch } from '../../../batch/index.ts';
import type { Append, Transaction } from '../../port.ts';
import type { Cluster } from '../client/index.ts';

/** One batch on its way. It ends with an offset or with a failure. */
export interface OutBatch {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly records: number;
  /** The place of its append in the transaction. */
  readonly append: number;
  /** Where it was written; -1 until then. */
  baseOffset: number;
  failure: MsecError | null;
}

export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** BATCH_CORRUPT where an append is not one or more whole batches. */
export function outBatches(appends: readonly Append[]): OutBatch[] {
  const batches: OutBatch[] = [];
  for (const [append, { topic, partition, bytes }] of appends.entries()) {
    let covered = 0;
    for (const { start, end, recordCount: records } of batchSpans(bytes)) {
      batches.push({ topic, partition, bytes, start, end, records, append, baseOffset: -1, failure: null });
      covered = end;
    }
    if (bytes.length === 0 || covered !== bytes.length) {
      throw new MsecError('BATCH_CORRUPT', `an append to ${topic}-${partition} is cut off`, { byteOffset: covered });
    }
  }
  return batches;
}

/** What can be known to be wrong before anything is written. TOPIC_UNKNOWN, OFFSET_OUT_OF_RANGE. */
export async function checkPlaces(cluster: Cluster, transaction: Transaction): Promise<void> {
  const { appends = [], offsets = [], truncations = [] } = transaction;
  for (const { topic, partition, offset } of offsets) {
    if (Number.isSafeInteger(offset) && offset >= 0) continue;
    throw new MsecError('OFFSET_OUT_OF_RANGE', `offset ${offset} of ${topic}-${partition}`, { field: 'offset' });
  }
  for (const { topic, partition } of [...appends, ...offsets, ...truncations]) {
    await cluster.retry(() => cluster.leader(topic, partition));
  }
}

export const partitionKey = (topic: string, partition: number): string => `${partition}:${topic}`;

/**
 * Writes producer, epoch and the next sequence of its partition into each batch. Made anew for another epoch; within one
 * it is done once, so that a retry repeats what was sent before. BATCH_CORRUPT.
 */
export function stampAll(
  batches: readonly OutBatch[],
  identity: ProducerIdentity,
  sequences: Map<string, number>,
  isTransactional: boolean,
): void {
  for (const batch of batches) {
    const { topic, partition, bytes, start, end, records } = batch;
    const key = partitionKey(topic, partition);
    const baseSequence = sequences.get(key) ?? 0;
    stampBatch(bytes, start, end, { ...identity, baseSequence, isTransactional });
    sequences.set(key, sequenceAfter(baseSequence, records));
    batch.baseOffset = -1;
    batch.failure = null;
  }
}

/** The first offset of each append. */
export function baseOffsetsOf(appends: readonly Append[], batches: readonly OutBatch[]): number[] {
  const offsets: number[] = new Array(appends.length).fill(-1);
  for (const { append, baseOffset } of batches) if (offsets[append] === -1) offsets[append] = baseOffset;
  return offsets;
}
