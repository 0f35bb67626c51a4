/** A log in memory and simulated time, for tests of the runtime's parts one at a time. */
import { seededRandom } from '../../../engine/base/index.ts';
import { BatchCursor, BatchEncoder, type Header } from '../../../engine/batch/index.ts';
import { EmbeddedLog, EmbeddedReader, LocalEnds, MemoryStore } from '../../../engine/log/index.ts';
import { Life, Timeline } from '../../../engine/simulate/index.ts';

export interface ReadRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly Header[];
}

const NOTHING = new Uint8Array(0);

export class Rig {
  readonly life = new Life();
  readonly timeline = new Timeline(seededRandom(1));
  readonly clock = this.timeline.clock(this.life);
  readonly store = new MemoryStore();
  readonly #ends = new LocalEnds();
  readonly log = new EmbeddedLog(this.store, this.#ends, this.clock, { groupCommitMs: 0 });
  readonly reader = this.openReader();

  openReader(): EmbeddedReader {
    return new EmbeddedReader(this.store, this.#ends, this.clock);
  }

  /** Lets simulated time run until the step has ended. */
  async run<T>(step: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    step.then(done, done);
    await this.timeline.run(() => isDone, Number.POSITIVE_INFINITY);
    return step;
  }

  /** Lets so much simulated time pass. */
  pass(ms: number): Promise<void> {
    return this.run(this.timeline.pause(ms, this.life));
  }

  /** Lets time run until `condition` holds; a test that never comes there ends with an error. */
  async until(condition: () => boolean, limitMs = 600_000): Promise<void> {
    await this.timeline.run(condition, this.timeline.elapsedMs + limitMs);
  }

  append(topic: string, partition: number, key: string | null, value: string | null, timestamp = 0): Promise<unknown> {
    const encoder = new BatchEncoder({ recordBytesMax: 4_000_000 });
    const keyBytes = Buffer.from(key ?? '');
    const valueBytes = Buffer.from(value ?? '');
    encoder.append(
      timestamp,
      key === null ? NOTHING : keyBytes,
      key === null ? -1 : 0,
      key === null ? -1 : keyBytes.length,
      value === null ? NOTHING : valueBytes,
      value === null ? -1 : 0,
      value === null ? -1 : valueBytes.length,
    );
    return this.run(this.log.commit({ appends: [{ topic, partition, bytes: encoder.finish() }] }));
  }

  async read(topic: string, partition = 0): Promise<ReadRecord[]> {
    const cursor = new BatchCursor();
    const found: ReadRecord[] = [];
    const { start, end } = await this.reader.bounds(topic, partition);
    for (let offset = start; offset < end; offset = cursor.offsetNext) {
      const fetched = await this.reader.fetch(topic, partition, offset, 8 << 20);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next()) {
        const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
        found.push({
          offset: cursor.offset,
          timestamp: cursor.timestamp,
          key: keyStart < 0 ? null : Buffer.from(bytes.subarray(keyStart, keyEnd)).toString(),
          value: valueStart < 0 ? null : Buffer.from(bytes.subarray(valueStart, valueEnd)).toString(),
          headers: cursor.readHeaders(),
        });
      }
    }
    return found;
  }
}

export const headerOf = ({ headers }: ReadRecord, name: string): string | undefined => {
  const value = headers.find((header) => header.name === name)?.value;
  return value === undefined || value === null ? undefined : Buffer.from(value).toString();
};
