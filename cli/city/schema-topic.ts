/** The schema registry's state in the compacted topic `_schemas` of the log. */
import { BatchCursor, BatchEncoder, type Log, type LogReader, type TopicConfig } from '../../engine/index.ts';
import type { SchemaLog } from '../../engine/registry/index.ts';

export const SCHEMAS_TOPIC: TopicConfig = { name: '_schemas', partitions: 1, cleanup: 'compact' };

const FETCH_BYTES = 1024 * 1024;
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

/** Every record that is in the topic now. */
export async function* loadSchemas(reader: LogReader): AsyncIterable<{ key: string; value: string | null }> {
  const cursor = new BatchCursor();
  let { start: position, end } = await reader.bounds(SCHEMAS_TOPIC.name, 0);
  while (position < end) {
    const fetched = await reader.fetch(SCHEMAS_TOPIC.name, 0, position, FETCH_BYTES);
    ({ end } = fetched.bounds);
    if (fetched.end === fetched.start) return;
    cursor.reset(fetched.bytes, fetched.start, fetched.end);
    cursor.seek(position);
    const records: { key: string; value: string | null }[] = [];
    while (cursor.next()) {
      if (cursor.keyStart < 0) continue;
      const key = utf8Decoder.decode(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd));
      const value =
        cursor.valueStart < 0 ? null : utf8Decoder.decode(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd));
      records.push({ key, value });
    }
    position = cursor.offsetNext;
    yield* records;
  }
}

export function topicSchemaLog(log: Log, reader: LogReader): SchemaLog {
  const encoder = new BatchEncoder();
  return {
    load: () => loadSchemas(reader),
    async append(key, value) {
      const [keyBytes, valueBytes] = [utf8.encode(key), utf8.encode(value)];
      encoder.append(Date.now(), keyBytes, 0, keyBytes.length, valueBytes, 0, valueBytes.length);
      await log.commit({
        appends: [{ topic: SCHEMAS_TOPIC.name, partition: 0, bytes: encoder.finish() }],
        admission: 'internal',
      });
    },
  };
}
