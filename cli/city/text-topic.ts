/** A topic of one partition with keys and values in text: few records that every process reads whole. */
import { type Append, BatchCursor, BatchEncoder, type LogReader } from '../../engine/index.ts';

export interface TextRecord {
  readonly key: string;
  readonly value: string | null;
}

const FETCH_BYTES = 1024 * 1024;
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class TextTopic {
  readonly #reader: LogReader;
  readonly #cursor = new BatchCursor();
  readonly #topic: string;
  #position = 0;

  constructor(reader: LogReader, topic: string) {
    this.#reader = reader;
    this.#topic = topic;
  }

  /** What was written since the last call, the first time from the start. */
  async *readOn(): AsyncIterable<TextRecord> {
    const bounds = await this.#reader.bounds(this.#topic, 0);
    this.#position = Math.max(this.#position, bounds.start);
    for (let { end } = bounds; this.#position < end; ) {
      const fetched = await this.#reader.fetch(this.#topic, 0, this.#position, FETCH_BYTES);
      ({ end } = fetched.bounds);
      if (fetched.end === fetched.start) return;
      const cursor = this.#cursor;
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(this.#position);
      const text = (from: number, to: number) => utf8Decoder.decode(cursor.bytes.subarray(from, to));
      const records: TextRecord[] = [];
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

export function textAppend(topic: string, key: string, value: string, timestamp: number): Append {
  const [keyBytes, valueBytes] = [utf8.encode(key), utf8.encode(value)];
  const encoder = new BatchEncoder();
  encoder.append(timestamp, keyBytes, 0, keyBytes.length, valueBytes, 0, valueBytes.length);
  return { topic, partition: 0, bytes: encoder.finish() };
}
