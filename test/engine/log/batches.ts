/** Batches and records as the tests of the log write and read them. */
import { BatchCursor, BatchEncoder, type Compression } from '../../../engine/batch/index.ts';
import type { FetchedBatches, LogReader } from '../../../engine/log/index.ts';

const text = new TextEncoder();

/** One batch (or several of at most `batchBytesMax`) whose values are these texts. */
export function batchOf(values: readonly string[], batchBytesMax?: number, compression?: Compression): Uint8Array {
  const encoder = new BatchEncoder({
    ...(batchBytesMax === undefined ? {} : { batchBytesMax }),
    ...(compression === undefined ? {} : { compression }),
  });
  for (const value of values) {
    const bytes = text.encode(value);
    encoder.append(1_700_000_000_000, bytes, 0, bytes.length, bytes, 0, bytes.length);
  }
  return encoder.finish();
}

export function valuesIn({ bytes, start, end }: FetchedBatches): string[] {
  const cursor = new BatchCursor();
  cursor.reset(bytes, start, end);
  const values: string[] = [];
  while (cursor.next()) values.push(Buffer.from(cursor.bytes.slice(cursor.valueStart, cursor.valueEnd)).toString());
  return values;
}

/** From the partition's start to its end. */
export async function allValues(reader: LogReader, topic: string, partition: number): Promise<string[]> {
  const values: string[] = [];
  let { start: offset } = await reader.bounds(topic, partition);
  for (;;) {
    const fetched = await reader.fetch(topic, partition, offset, 1_000_000);
    if (fetched.end === fetched.start) return values;
    values.push(...valuesIn(fetched));
    const cursor = new BatchCursor();
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    while (cursor.nextBatch()) offset = cursor.lastOffset + 1;
  }
}
