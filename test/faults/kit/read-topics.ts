/** Every record of a topic, with own copies of its bytes. */
import { BatchCursor, type LogReader, readLetter } from '../../../engine/index.ts';

export interface StoredRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: Buffer | null;
}

export interface StoredLetter extends StoredRecord {
  readonly reason: string;
  readonly actor: string;
  /** Where the letter says it comes from. */
  readonly origin: string;
}

const FETCH_BYTES = 1024 * 1024;

export async function* readTopic(reader: LogReader, topic: string, partitions: number): AsyncGenerator<StoredRecord> {
  for await (const cursor of walk(reader, topic, partitions)) yield cursor.record;
}

export async function* readLetters(reader: LogReader, topic: string, partitions: number): AsyncGenerator<StoredLetter> {
  for await (const { record, cursor } of walk(reader, topic, partitions)) {
    const { code, actor, topic: from, partition, offset } = readLetter(cursor);
    yield { ...record, reason: code, actor, origin: `${from}-${partition}@${offset}` };
  }
}

async function* walk(
  reader: LogReader,
  topic: string,
  partitions: number,
): AsyncGenerator<{ readonly record: StoredRecord; readonly cursor: BatchCursor }> {
  const cursor = new BatchCursor();
  for (let partition = 0; partition < partitions; partition++) {
    const { start, end } = await reader.bounds(topic, partition);
    for (let offset = start; offset < end; offset = cursor.offsetNext) {
      const fetched = await reader.fetch(topic, partition, offset, FETCH_BYTES);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next()) {
        const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
        const record = {
          partition,
          offset: cursor.offset,
          timestamp: cursor.timestamp,
          key: keyStart < 0 ? null : Buffer.from(bytes.subarray(keyStart, keyEnd)).toString('latin1'),
          value: valueStart < 0 ? null : Buffer.from(bytes.subarray(valueStart, valueEnd)),
        };
        yield { record, cursor };
      }
    }
  }
}
