/** What the cases of the log suite share: making batches, reading records back, waiting for maintenance. */
import { BatchCursor, BatchEncoder } from '../batch/index.ts';
import type { Log, LogReader, TopicConfig } from '../log/index.ts';

type Message = [] | [message: string];
type ExpectedError = { readonly code: string; readonly field?: string };

/** What the suite uses of a test runner; tap's tests are such. */
export interface SuiteTest {
  test(name: string, run: (t: SuiteTest) => Promise<void>): unknown;
  pass(...message: Message): void;
  fail(...message: Message): void;
  ok(value: unknown, ...message: Message): unknown;
  equal(actual: unknown, expected: unknown, ...message: Message): unknown;
  same(actual: unknown, expected: unknown, ...message: Message): unknown;
  match(actual: unknown, pattern: unknown, ...message: Message): unknown;
  rejects(promise: Promise<unknown>, ...expected: [ExpectedError] | [ExpectedError, string]): Promise<unknown>;
  comment(message: string): void;
}

export type LogPart =
  | 'order'
  | 'replay'
  | 'retention'
  | 'partitioner'
  | 'transactions'
  | 'fencing'
  | 'compaction'
  | 'quota';

/** What a case asks of the driver; one that cannot give it does not name the part. */
export interface LogSettings {
  readonly quotaBytes?: number;
  readonly tombstoneMs?: number;
}

export interface LogUnderTest {
  readonly log: Log;
  /** Lets some time pass (about a second of the driver's clock) and gives maintenance a chance to act. */
  maintain(): Promise<void>;
  /** Lets that much of the driver's time pass; absent where it cannot be moved. */
  readonly advance?: (ms: number) => Promise<void>;
  /** Closes the log and opens it again on the same data; absent where that means nothing. */
  readonly reopen?: () => Promise<Log>;
  /** The smallest segment that the driver makes, where there is a limit; cases about segments write more then. */
  readonly segmentBytesMin?: number;
  /** So many calls of `maintain` bring about whatever comes about. Default 300. */
  readonly maintenanceRoundsMax?: number;
  /** True where a compacted topic takes no record without a key. */
  readonly needsKeys?: boolean;
  /** A key's partition, as the driver's own clients choose it; absent where there is no client but ours. */
  readonly partitionOf?: (key: Uint8Array, partitions: number) => Promise<number>;
  cleanup(): Promise<void>;
}

export type OpenLog = (settings?: LogSettings) => Promise<LogUnderTest>;

/** A group of cases; each opens a log of its own. */
export type Cases = (t: SuiteTest, open: OpenLog) => void;

export interface SuiteRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
export const bytesOf = (text: string): Uint8Array => encoder.encode(text);

/** A topic name that no other case of the process has used: brokers keep topics. */
let topics = 0;
export function topicOf(partitions: number, rest: Partial<TopicConfig> = {}): TopicConfig {
  return { name: `suite-${process.pid}-${topics++}`, partitions, cleanup: 'delete', ...rest };
}

export type KeyValue = readonly [key: string | null, value: string | null];

/** The records as batches of at most `batchBytesMax` bytes. */
export function batchesOf(records: readonly KeyValue[], batchBytesMax = 64 * 1024): Uint8Array {
  const batches = new BatchEncoder({ batchBytesMax });
  for (const [key, value] of records) {
    const keyBytes = key === null ? undefined : bytesOf(key);
    const valueBytes = value === null ? undefined : bytesOf(value);
    batches.append(
      1_700_000_000_000,
      keyBytes ?? new Uint8Array(0),
      keyBytes === undefined ? -1 : 0,
      keyBytes?.length ?? 0,
      valueBytes ?? new Uint8Array(0),
      valueBytes === undefined ? -1 : 0,
      valueBytes?.length ?? 0,
    );
  }
  return batches.finish();
}

/** `count` records whose values are numbered from `first`; `padding` bytes more in each. */
export function numbered(first: number, count: number, padding = 0): KeyValue[] {
  return Array.from({ length: count }, (_, i) => [`k${first + i}`, `${first + i}`.padEnd(padding, '.')] as const);
}

/** Every record of the partition from `from` (default: its start) to its end, as a reader meets them. */
export async function readAll(
  reader: LogReader,
  topic: string,
  partition: number,
  from?: number,
  bytesMax = 256 * 1024,
): Promise<SuiteRecord[]> {
  const records: SuiteRecord[] = [];
  const cursor = new BatchCursor();
  let offset = from ?? (await reader.bounds(topic, partition)).start;
  for (;;) {
    const { bytes, start, end, bounds } = await reader.fetch(topic, partition, offset, bytesMax);
    cursor.reset(bytes, start, end);
    cursor.seek(offset);
    while (cursor.next()) {
      const text = (first: number, last: number) =>
        first < 0 ? null : decoder.decode(cursor.bytes.slice(first, last));
      const { offset: at, keyStart, keyEnd, valueStart, valueEnd } = cursor;
      records.push({ offset: at, key: text(keyStart, keyEnd), value: text(valueStart, valueEnd) });
    }
    if (cursor.offsetNext > offset) offset = cursor.offsetNext;
    else if (offset >= bounds.end) return records;
  }
}

/**
 * The same once there are at least so many. A commit is durable when it resolves; readers may see it a moment later,
 * and between its records and the next may lie offsets that belong to no record.
 */
export async function readCount(
  reader: LogReader,
  topic: string,
  partition: number,
  count: number,
  bytesMax = 256 * 1024,
): Promise<SuiteRecord[]> {
  for (;;) {
    const records = await readAll(reader, topic, partition, undefined, bytesMax);
    if (records.length >= count) return records;
    const { end } = await reader.bounds(topic, partition);
    await reader.wait([{ topic, partition, offset: end }], 1_000);
  }
}

/** Lets maintenance act until the condition holds; fails after many rounds without it. */
export async function eventually(subject: LogUnderTest, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < (subject.maintenanceRoundsMax ?? 300); round++) {
    if (await holds()) return;
    await subject.maintain();
  }
  throw new Error(`never: ${what}`);
}

/** Runs one case on a log of its own. */
export function caseOf(
  t: SuiteTest,
  name: string,
  open: OpenLog,
  run: (t: SuiteTest, subject: LogUnderTest) => Promise<void>,
  settings?: LogSettings,
): void {
  void t.test(name, async (t) => {
    const subject = await open(settings);
    try {
      await run(t, subject);
    } finally {
      await subject.cleanup();
    }
  });
}
