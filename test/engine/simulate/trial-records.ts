/** Reading what a run left in the log, as plain objects that know nothing of the engine; and writing its inputs. */
import { BatchCursor, BatchEncoder, type LogReader } from '../../../engine/index.ts';
import type { PlainRecord } from '../../oracle/plain.ts';

export async function readPartition(reader: LogReader, topic: string, partition: number): Promise<PlainRecord[]> {
  const cursor = new BatchCursor();
  const records: PlainRecord[] = [];
  const { start, end } = await reader.bounds(topic, partition);
  let offset = start;
  while (offset < end) {
    const fetched = await reader.fetch(topic, partition, offset, 1 << 20);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    while (cursor.next()) records.push(plainRecord(cursor));
    offset = cursor.offsetNext;
  }
  return records;
}

export function plainRecord(cursor: BatchCursor): PlainRecord {
  const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
  const headers: Record<string, string> = {};
  if (cursor.headersCount > 0)
    for (const { name, value } of cursor.readHeaders()) headers[name] = Buffer.from(value ?? []).toString();
  return {
    offset: cursor.offset,
    timestamp: cursor.timestamp,
    key: keyStart < 0 ? null : Buffer.from(bytes.subarray(keyStart, keyEnd)).toString('latin1'),
    value: valueStart < 0 ? null : Buffer.from(bytes.subarray(valueStart, valueEnd)).toString('hex'),
    headers,
  };
}

export interface NewRecord {
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: Uint8Array | null;
}

const NOTHING = new Uint8Array(0);

export function encodeRecords(records: readonly NewRecord[]): Uint8Array {
  const encoder = new BatchEncoder();
  for (const { timestamp, key, value } of records) {
    const keyBytes = key === null ? NOTHING : Buffer.from(key, 'latin1');
    encoder.append(
      timestamp,
      keyBytes,
      key === null ? -1 : 0,
      key === null ? -1 : keyBytes.length,
      value ?? NOTHING,
      value === null ? -1 : 0,
      value === null ? -1 : value.length,
    );
  }
  return encoder.finish();
}
