/**
 * msec's own log on Kafka. Each instance has a log of its own, as processes have; or, with carriers, some processes have
 * the instances between them, and each commit rides as soon as its owner has said so: tasks of a process share its
 * transactions, and an owner is taken over within the process or by another.
 */
import {
  BatchCursor,
  BatchEncoder,
  type Log,
  type LogReader,
  MsecError,
  type Ownership,
} from '../../../../engine/index.ts';
import { type KafkaLogOptions, openKafkaLog } from '../../../../engine/log/kafka/index.ts';
import {
  type ListClient,
  type ListReader,
  type ListWriter,
  PATIENCE,
  type WriteJob,
  type WriteResult,
} from './list-client.ts';

/** So many requests' time in all. */
const TRIES = 5;
const FETCH_BYTES_MAX = 1_000_000;

/** How many processes there are at once, with carriers. */
const PROCESSES = 2;
/** One of them is replaced after so many instances, and lives on as long as one of its own does. */
const INSTANCES = 12;
const RIDE_AT_ONCE = { commits: 0, withinMs: 60_000, bytesMax: 1024 * 1024, ridersMin: 1, aloneMs: 0 };

export function msecClient(bootstrap: string, { requestMs } = PATIENCE): ListClient {
  const patience = { requestTimeoutMs: requestMs, retryMsMax: TRIES * requestMs };
  return clientOf('msec', bootstrap, () => new LogProcess(bootstrap, patience, 1));
}

export function msecCarriersClient(bootstrap: string): ListClient {
  const processes: LogProcess[] = [];
  let opened = 0;
  const client = clientOf('msec-carriers', bootstrap, () => {
    const turn = opened++ % PROCESSES;
    if (processes[turn]?.isFull !== false)
      processes[turn] = new LogProcess(bootstrap, { ride: RIDE_AT_ONCE }, INSTANCES);
    return processes[turn];
  });
  return {
    ...client,
    async close() {
      for (const process of processes) await process.close();
    },
  };
}

function clientOf(name: string, bootstrap: string, next: () => LogProcess): ListClient {
  return {
    name,
    inFlightMax: 3,
    isOrdered: true,
    async open(owner, place) {
      const process = next();
      const { log } = process;
      process.enter();
      try {
        // Without a place it never rides.
        return new MsecWriter(process, await log.acquire(owner, process.rides ? [place] : []));
      } catch (error) {
        await process.leave();
        throw error;
      }
    },
    openReader(topic, partitions) {
      return new MsecReader(openLog(bootstrap), topic, partitions);
    },
    close: async () => {},
  };
}

function openLog(bootstrap: string, more: Partial<KafkaLogOptions> = {}): Log {
  return openKafkaLog({
    bootstrap: [bootstrap],
    requestTimeoutMs: PATIENCE.requestMs,
    retryMsMax: TRIES * PATIENCE.requestMs,
    ...more,
  });
}

/** Ends with the last of its instances, when it takes no more. */
class LogProcess {
  readonly log: Log;
  readonly rides: boolean;
  readonly #instancesMax: number;
  #instances = 0;
  #alive = 0;

  constructor(bootstrap: string, options: Partial<KafkaLogOptions>, instancesMax: number) {
    this.log = openLog(bootstrap, options);
    this.rides = options.ride !== undefined;
    this.#instancesMax = instancesMax;
  }

  get isFull(): boolean {
    return this.#instances >= this.#instancesMax;
  }

  enter(): void {
    this.#instances++;
    this.#alive++;
  }

  async leave(): Promise<void> {
    if (--this.#alive === 0 && this.isFull) await this.close();
  }

  async close(): Promise<void> {
    await this.log.close().catch(() => {});
  }
}

class MsecWriter implements ListWriter {
  readonly #process: LogProcess;
  readonly #ownership: Ownership;

  constructor(process: LogProcess, ownership: Ownership) {
    this.#process = process;
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
      await this.#process.log.commit({ ownership: this.#ownership, appends: batches, offsets });
      return { outcome: 'ok', isUsable: true };
    } catch (error) {
      // FENCED for what came before it is certain: its own end was never asked for. Every other failure may be an end that
      // was not answered.
      const isRefused = error instanceof MsecError && error.message.includes('an earlier commit of it failed');
      return { outcome: isRefused ? 'fail' : 'info', isUsable: false };
    }
  }

  close(): Promise<void> {
    return this.#process.leave();
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
