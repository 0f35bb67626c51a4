/** The schema registry's state in the compacted topic `_schemas` of the log. */
import {
  BatchCursor,
  BatchEncoder,
  type Clock,
  type Log,
  type LogReader,
  MsecError,
  type Ownership,
  pause,
  type Random,
  systemRandom,
  type TopicConfig,
} from '../../engine/index.ts';
import type { SchemaLog, SchemaLogRecord } from '../../engine/registry/index.ts';

export const SCHEMAS_TOPIC: TopicConfig = { name: '_schemas', partitions: 1, cleanup: 'compact' };

const FETCH_BYTES = 1024 * 1024;
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

/** Of `msec.devices`' kind: whoever takes it is the only one whose changes pass. */
const OWNER = 'msec.schemas';
const CLAIM_MS_MIN = 5;
const CLAIM_MS_MAX = 1_000;

/** Reads the topic, each time from where it stopped. */
class SchemaTopicReader {
  readonly #reader: LogReader;
  readonly #cursor = new BatchCursor();
  #position = 0;

  constructor(reader: LogReader) {
    this.#reader = reader;
  }

  async *read(): AsyncIterable<SchemaLogRecord> {
    const bounds = await this.#reader.bounds(SCHEMAS_TOPIC.name, 0);
    this.#position = Math.max(this.#position, bounds.start);
    for (let { end } = bounds; this.#position < end; ) {
      const fetched = await this.#reader.fetch(SCHEMAS_TOPIC.name, 0, this.#position, FETCH_BYTES);
      ({ end } = fetched.bounds);
      if (fetched.end === fetched.start) return;
      const cursor = this.#cursor;
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(this.#position);
      const text = (from: number, to: number) => utf8Decoder.decode(cursor.bytes.subarray(from, to));
      const records: SchemaLogRecord[] = [];
      while (cursor.next()) {
        if (cursor.keyStart < 0) continue;
        const value = cursor.valueStart < 0 ? null : text(cursor.valueStart, cursor.valueEnd);
        records.push({ key: text(cursor.keyStart, cursor.keyEnd), value });
      }
      this.#position = cursor.offsetNext;
      yield* records;
    }
  }
}

/** Every record that is in the topic now. */
export function loadSchemas(reader: LogReader): AsyncIterable<SchemaLogRecord> {
  return new SchemaTopicReader(reader).read();
}

export function topicSchemaLog(log: Log, reader: LogReader, clock: Clock, random: Random = systemRandom): SchemaLog {
  const encoder = new BatchEncoder();
  const topic = new SchemaTopicReader(reader);
  let ownership: Ownership | null = null;
  let claims = 0;
  return {
    load: () => topic.read(),
    async claim() {
      // Processes that start together would take it from each other for ever.
      if (claims > 0) await pause(clock, (random.u32() / 2 ** 32) * Math.min(CLAIM_MS_MIN * 2 ** claims, CLAIM_MS_MAX));
      claims++;
      ownership = await log.acquire(OWNER);
    },
    async append(key, value) {
      if (ownership === null) throw new MsecError('FENCED', 'the schemas were not claimed yet');
      const [keyBytes, valueBytes] = [utf8.encode(key), utf8.encode(value)];
      encoder.append(clock.now(), keyBytes, 0, keyBytes.length, valueBytes, 0, valueBytes.length);
      const appends = [{ topic: SCHEMAS_TOPIC.name, partition: 0, bytes: encoder.finish() }];
      await log.commit({ ownership, appends, admission: 'internal' });
      claims = 0;
    },
  };
}
