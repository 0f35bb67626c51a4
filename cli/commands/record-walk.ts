/** Walks the records of a topic, all partitions of it in the order of their timestamps as far as that can be had. */
import {
  BatchCursor,
  type Header,
  type Log,
  type LogReader,
  MsecError,
  type PartitionBounds,
  type TopicDescription,
} from '../../engine/index.ts';
import { nearMiss } from '../near-miss.ts';
import { UsageError } from '../terminal.ts';

const FETCH_BYTES = 512 * 1024;

export interface WalkedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
}

/** Records of one partition from an offset on, up to `count`; owned by the caller. The next offset comes last. */
export async function readRecords(
  reader: LogReader,
  topic: string,
  partition: number,
  offset: number,
  count: number,
): Promise<{ records: WalkedRecord[]; next: number }> {
  const fetched = await reader.fetch(topic, partition, offset, FETCH_BYTES);
  const cursor = new BatchCursor();
  cursor.reset(fetched.bytes, fetched.start, fetched.end);
  cursor.seek(offset);
  const records: WalkedRecord[] = [];
  let next = offset;
  while (records.length < count) {
    if (!cursor.next()) {
      next = Math.max(next, cursor.offsetNext);
      break;
    }
    const { keyStart, keyEnd, valueStart, valueEnd } = cursor;
    records.push({
      topic,
      partition,
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: keyStart < 0 ? null : cursor.bytes.slice(keyStart, keyEnd),
      value: valueStart < 0 ? null : cursor.bytes.slice(valueStart, valueEnd),
      headers: cursor.headersCount === 0 ? [] : cursor.readHeaders(),
    });
    next = cursor.offset + 1;
  }
  return { records, next };
}

/** Partitions merged in the order of time, each in the order of its offsets: a straggler stays where it was written. */
export function inTimeOrder(partitions: readonly (readonly WalkedRecord[])[]): WalkedRecord[] {
  const placed = partitions.flatMap((records) => {
    let time = Number.NEGATIVE_INFINITY;
    return records.map((record) => {
      time = Math.max(time, record.timestamp);
      return { record, time };
    });
  });
  const order = (a: (typeof placed)[number], b: (typeof placed)[number]) =>
    a.time - b.time || a.record.partition - b.record.partition || a.record.offset - b.record.offset;
  return placed.sort(order).map(({ record }) => record);
}

export type From =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly value: number }
  | { readonly kind: 'time'; readonly value: number };

/** `earliest`, `latest`, an offset, or a time. UsageError. */
export function parseFrom(text: string): From {
  if (text === 'earliest' || text === 'latest') return { kind: text };
  if (/^\d{1,15}$/.test(text)) return { kind: 'offset', value: Number(text) };
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return { kind: 'time', value: time };
  throw new UsageError(
    `--from must be earliest, latest, an offset, or a time such as 2026-11-23T08:00:00Z; it is "${text}"`,
  );
}

/** Where to begin in a partition. For `latest`, `tail` records before the end. */
export async function startOffset(
  reader: LogReader,
  topic: string,
  partition: number,
  from: From,
  tail: number,
): Promise<number> {
  const { start, end } = await reader.bounds(topic, partition);
  if (from.kind === 'earliest') return start;
  if (from.kind === 'latest') return offsetOfNewest(reader, topic, partition, { start, end }, tail);
  if (from.kind === 'offset') {
    if (from.value < start || from.value > end) {
      throw new MsecError(
        'OFFSET_OUT_OF_RANGE',
        `${topic}-${partition} holds the offsets ${start} to ${end}; ${from.value} is not among them.`,
        { field: 'from' },
      );
    }
    return from.value;
  }
  return offsetAtTime(reader, topic, partition, start, end, from.value);
}

/**
 * An offset with at least `count` records behind it, or the first of the partition. Not just so many offsets before the
 * end: on Kafka the end of each transaction takes one, too.
 */
export async function offsetOfNewest(
  reader: LogReader,
  topic: string,
  partition: number,
  { start, end }: PartitionBounds,
  count: number,
): Promise<number> {
  for (let back = count; ; back *= 4) {
    const from = Math.max(start, end - back);
    if (from === start || count === 0) return from;
    let found = 0;
    for (let offset = from; offset < end && found < count; ) {
      const { records, next } = await readRecords(reader, topic, partition, offset, count - found);
      if (next === offset) break;
      found += records.length;
      offset = next;
    }
    if (found >= count) return from;
  }
}

/** The first offset whose timestamp is not before `time`, by halving: timestamps rise with offsets but for stragglers. */
async function offsetAtTime(
  reader: LogReader,
  topic: string,
  partition: number,
  start: number,
  end: number,
  time: number,
): Promise<number> {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { records } = await readRecords(reader, topic, partition, middle, 1);
    const [record] = records;
    if (record === undefined || record.timestamp >= time) high = middle;
    else low = record.offset + 1;
  }
  return low;
}

/** One of the topics that the log gives by itself, or another of the same cluster. TOPIC_UNKNOWN. */
export async function describedTopic(log: Pick<Log, 'describe'>, name: string): Promise<TopicDescription> {
  const topics = await log.describe();
  if (topics.some((topic) => topic.name === name)) return findTopic(topics, name);
  const [other] = await log.describe([name]);
  return other ?? findTopic(topics, name);
}

/** The topic's description; TOPIC_UNKNOWN proposes names that are there. */
export function findTopic(topics: readonly TopicDescription[], name: string): TopicDescription {
  const found = topics.find((topic) => topic.name === name);
  if (found !== undefined) return found;
  const meant = nearMiss(
    name,
    topics.map((topic) => topic.name),
  );
  throw new MsecError(
    'TOPIC_UNKNOWN',
    `There is no topic ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    {
      field: 'topic',
    },
  );
}
