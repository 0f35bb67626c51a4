/** Every record with a key of one partition, in its order. */
import { BatchCursor, type LogReader } from '../../engine/index.ts';

const FETCH_BYTES = 1024 * 1024;

export interface WalkedFrom {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
}

export interface WalkedRecord {
  readonly offset: number;
  readonly key: string;
  /** Of interactions and what follows from them: when they were received. */
  readonly timestamp: number;
  /** Valid for the call; null where the key was forgotten. */
  readonly value: Uint8Array | null;
}

/** Up to where the partition ends now; returns the next offset. */
export async function eachRecord(
  reader: LogReader,
  { topic, partition, from }: WalkedFrom,
  take: (record: WalkedRecord) => void,
): Promise<number> {
  const cursor = new BatchCursor();
  const { start, end } = await reader.bounds(topic, partition);
  let offset = Math.max(from, start);
  while (offset < end) {
    const fetched = await reader.fetch(topic, partition, offset, FETCH_BYTES);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) {
      if (cursor.offset >= end) return end;
      const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
      if (keyStart < 0) continue;
      const key = Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart).toString('utf8');
      const { offset: at, timestamp } = cursor;
      take({ offset: at, key, timestamp, value: valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd) });
    }
    const next = Math.max(cursor.offsetNext, offset);
    // What is left are transactions that are not decided yet.
    if (next === offset) break;
    offset = next;
  }
  return offset;
}
