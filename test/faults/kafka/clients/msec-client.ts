/** msec's own log on Kafka. Each instance has a log of its own, as processes have. */
import {
  BatchCursor,
  BatchEncoder,
  type Log,
  type LogReader,
  MsecError,
  type Ownership,
} from '../../../../engine/index.ts';
import { openKafkaLog } from '../../../../engine/log/kafka/index.ts';
import {
  type ListClient,
  type ListReader,
  type ListWriter,
  REQUEST_MS_MAX,
  type WriteJob,
  type WriteResult,
} from './list-client.ts';

const RETRY_MS_MAX = 3000;
const FETCH_BYTES_MAX = 1_000_000;

export function msecClient(bootstrap: string): ListClient {
  const open = () =>
    openKafkaLog({ bootstrap: [bootstrap], requestTimeoutMs: REQUEST_MS_MAX, retryMsMax: RETRY_MS_MAX });
  return {
    name: 'msec',
    inFlightMax: 3,
    isOrdered: true,
    async open(owner) {
      const log = open();
      try {
        return new MsecWriter(log, await log.acquire(owner));
      } catch (error) {
        await log.close();
        throw error;
      }
    },
    openReader(topic, partitions) {
      const log = open();
      return new MsecReader(log, topic, partitions);
    },
    close: async () => {},
  };
}

class MsecWriter implements ListWriter {
  readonly #log: Log;
  readonly #ownership: Ownership;

  constructor(log: Log, ownership: Ownership) {
    this.#log = log;
    this.#ownership = ownership;
  }

  async write({ topic, appends, offset }: WriteJob): Promise<WriteResult> {
    const byPartition = Map.groupBy(appends, ({ partition }) => partition);
    const batches = [...byPartition].map(([partition, items]) => {
      const encoder = new BatchEncoder();
      for (const { key, value } of items) {
        const keyBytes = Buffer.from(key);
        const valueBytes = Buffer.from(`${value}`);
        encoder.append(0, keyBytes, 0, keyBytes.length, valueBytes, 0, valueBytes.length);
      }
      return { topic, partition, bytes: encoder.finish() };
    });
    const offsets = offset === null ? [] : [{ ...offset, topic }];
    try {
      await this.#log.commit({ ownership: this.#ownership, appends: batches, offsets });
      return { outcome: 'ok', isUsable: true };
    } catch (error) {
      // FENCED for what came before it is certain: its own end was never asked for. Every other failure may be an end that
      // was not answered.
      const isRefused = error instanceof MsecError && error.message.includes('an earlier commit of it failed');
      return { outcome: isRefused ? 'fail' : 'info', isUsable: false };
    }
  }

  async close(): Promise<void> {
    await this.#log.close().catch(() => {});
  }
}

class MsecReader implements ListReader {
  readonly #log: Log;
  readonly #reader: LogReader;
  readonly #topic: string;
  readonly #positions: number[];
  readonly #cursor = new BatchCursor();

  constructor(log: Log, topic: string, partitions: number) {
    this.#log = log;
    this.#reader = log.openReader();
    this.#topic = topic;
    this.#positions = new Array(partitions).fill(0);
  }

  async read(lists: Map<string, number[]>): Promise<ReadonlySet<string>> {
    const changed = new Set<string>();
    for (const partition of this.#positions.keys()) {
      const { end } = await this.#reader.bounds(this.#topic, partition);
      while (this.#positions[partition]! < end) {
        const offset = this.#positions[partition]!;
        const fetched = await this.#reader.fetch(this.#topic, partition, offset, FETCH_BYTES_MAX);
        const cursor = this.#cursor;
        cursor.reset(fetched.bytes, fetched.start, fetched.end);
        cursor.seek(offset);
        const text = (from: number, to: number) => Buffer.from(cursor.bytes.subarray(from, to)).toString();
        while (cursor.next()) {
          const key = text(cursor.keyStart, cursor.keyEnd);
          changed.add(key);
          lists.set(key, [...(lists.get(key) ?? []), Number(text(cursor.valueStart, cursor.valueEnd))]);
        }
        if (cursor.offsetNext <= offset) throw new Error(`the reader stands still at ${offset}`);
        this.#positions[partition] = cursor.offsetNext;
      }
    }
    return changed;
  }

  async close(): Promise<void> {
    await this.#reader.close().catch(() => {});
    await this.#log.close().catch(() => {});
  }
}
