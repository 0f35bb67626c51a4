/** Records as lines of text: how tests write them to a log and read everything back. */
import { BatchCursor, BatchEncoder, type Compression } from '../../../../engine/batch/index.ts';
import type { LogReader } from '../../../../engine/log/port.ts';

export interface Text {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
}

export function batches(values: readonly string[], compression: Compression = 'none', batchBytesMax = 524_288) {
  const encoder = new BatchEncoder({ compression, batchBytesMax });
  for (const [i, text] of values.entries()) {
    const value = Buffer.from(text);
    encoder.append(1000 + i, value, -1, -1, value, 0, value.length);
  }
  return encoder.finish();
}

/** Everything committed from an offset on, as text, over as many fetches as it takes. */
export async function readAll(reader: LogReader, topic: string, partition = 0, from?: number): Promise<Text[]> {
  const cursor = new BatchCursor();
  const found: Text[] = [];
  const { start, end } = await reader.bounds(topic, partition);
  let offset = from ?? start;
  while (offset < end) {
    const fetched = await reader.fetch(topic, partition, offset, 100_000);
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(offset);
    const text = (from: number, to: number) =>
      from < 0 ? null : Buffer.from(cursor.bytes.slice(from, to)).toString('utf8');
    while (cursor.next()) {
      const { keyStart, keyEnd, valueStart, valueEnd } = cursor;
      found.push({ offset: cursor.offset, key: text(keyStart, keyEnd), value: text(valueStart, valueEnd) });
    }
    if (cursor.offsetNext <= offset) throw new Error(`stuck at ${offset}`);
    offset = cursor.offsetNext;
  }
  return found;
}

/** The same once there are so many: a transaction's records are seen when its markers are, a moment after its commit. */
export async function readCount(reader: LogReader, topic: string, count: number, partition = 0): Promise<Text[]> {
  for (;;) {
    const found = await readAll(reader, topic, partition);
    if (found.length >= count) return found;
    const { end } = await reader.bounds(topic, partition);
    await reader.wait([{ topic, partition, offset: end }], 1_000);
  }
}

export const values = (texts: readonly Text[]) => texts.map((text) => text.value);
