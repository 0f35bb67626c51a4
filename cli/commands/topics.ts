/** `msec topics`: what is in the log, and its records with decoded values. */
import type { LogReader, TopicDescription } from '../../engine/index.ts';
import { SCHEMAS_TOPIC } from '../city/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { note, paint, print, printJson, table, UsageError } from '../terminal.ts';
import { readLog } from './log-access.ts';
import { RecordViews } from './record-view.ts';
import { describedTopic, inTimeOrder, parseFrom, readRecords, startOffset, type WalkedRecord } from './record-walk.ts';
import { settingsOf } from './settings.ts';

export interface ListFlags extends CommonFlags {
  readonly internal?: boolean;
}

/** Changelogs, resends, schemas: topics that only the engine itself reads and writes. */
const isInternal = (name: string): boolean =>
  name.endsWith('.state') || name.endsWith('.resend') || name.startsWith('_');

export async function listTopics(flags: ListFlags): Promise<number> {
  const { config } = settingsOf(flags);
  const topics = await readLog(config, (log) => log.describe());
  const shown = topics
    .filter(({ name }) => flags.internal || !isInternal(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (flags.json) {
    for (const topic of shown) printJson({ ...topic, records: recordsOf(topic), isInternal: isInternal(topic.name) });
    return 0;
  }
  const columns = [
    { title: 'TOPIC' },
    { title: 'PARTITIONS', align: 'right' as const },
    { title: 'RECORDS', align: 'right' as const },
    { title: 'BYTES', align: 'right' as const },
    { title: 'KEPT' },
    { title: '' },
  ];
  const rows = shown.map((topic) => [
    topic.name,
    String(topic.partitions),
    recordsOf(topic).toLocaleString('en'),
    topic.bytes.toLocaleString('en'),
    topic.cleanup === 'compact' ? 'newest of each key' : keptFor(topic.retentionMs),
    isInternal(topic.name) ? 'internal' : '',
  ]);
  for (const line of table(columns, rows)) print(line);
  const hidden = topics.length - shown.length;
  if (hidden > 0) note(paint('dim', `${hidden} internal topics are not shown (--internal).`, process.stderr));
  return 0;
}

const recordsOf = ({ bounds }: TopicDescription): number =>
  bounds.reduce((sum, { start, end }) => sum + end - start, 0);

function keptFor(retentionMs: number | undefined): string {
  if (retentionMs === undefined) return 'for ever';
  const hours = retentionMs / 3_600_000;
  return hours >= 48
    ? `${Math.round(hours / 24)} days`
    : hours >= 1
      ? `${Math.round(hours)} hours`
      : `${Math.round(hours * 60)} minutes`;
}

export interface TailFlags extends CommonFlags {
  readonly from: string;
  readonly follow?: boolean;
  readonly limit?: number;
  readonly partition?: number;
  readonly raw?: boolean;
}

const TAIL_DEFAULT = 10;
const WAIT_MS = 500;
const CHUNK = 500;

export async function tailTopic(flags: TailFlags, name: string): Promise<number> {
  const { config } = settingsOf(flags);
  const from = parseFrom(flags.from);
  const limit = flags.limit ?? (flags.follow ? Number.POSITIVE_INFINITY : TAIL_DEFAULT);
  return readLog(config, async (log) => {
    const topic = await describedTopic(log, name);
    if (flags.partition !== undefined && flags.partition >= topic.partitions) {
      throw new UsageError(`${name} has the partitions 0 to ${topic.partitions - 1}, not ${flags.partition}`);
    }
    const reader = log.openReader();
    try {
      const views = await RecordViews.open(reader, (await log.describe([SCHEMAS_TOPIC.name])).length > 0);
      if (isInternal(name))
        note(paint('yellow', `${name} is internal: its form may change with any version.`, process.stderr));
      const partitions =
        flags.partition === undefined ? Array.from({ length: topic.partitions }, (_, i) => i) : [flags.partition];
      const tail = flags.follow && flags.limit === undefined ? 0 : Math.min(limit, 1_000);
      const positions: Position[] = [];
      // One after another: what a reader gives is good until its next fetch.
      for (const partition of partitions) {
        positions.push({ topic: name, partition, offset: await startOffset(reader, name, partition, from, tail) });
      }
      const printer = new Printer((record) => (flags.raw ? views.raw(record) : views.view(record)), limit);
      if (from.kind === 'latest' && tail > 0) await printNewest(reader, positions, tail, printer);
      else await printOn(reader, positions, printer);
      if (flags.follow) await follow(reader, positions, printer);
    } finally {
      await reader.close();
    }
    return 0;
  });
}

interface Position {
  readonly topic: string;
  readonly partition: number;
  offset: number;
}

class Printer {
  readonly #viewOf: (record: WalkedRecord) => object;
  left: number;

  constructor(viewOf: (record: WalkedRecord) => object, limit: number) {
    this.#viewOf = viewOf;
    this.left = limit;
  }

  print(records: readonly WalkedRecord[]): void {
    for (const record of records) {
      if (this.left <= 0) return;
      this.left--;
      printJson(this.#viewOf(record));
    }
  }
}

/** The last records of all partitions together, in the order of time. */
async function printNewest(reader: LogReader, positions: Position[], count: number, printer: Printer): Promise<void> {
  const partitions: WalkedRecord[][] = [];
  for (const position of positions) {
    const all: WalkedRecord[] = [];
    for (;;) {
      const { records, next } = await readRecords(reader, position.topic, position.partition, position.offset, CHUNK);
      all.push(...records);
      if (next === position.offset) break;
      position.offset = next;
    }
    partitions.push(all);
  }
  printer.print(inTimeOrder(partitions).slice(-count));
}

/** Everything from the positions to the present ends; each round in the order of time. */
async function printOn(reader: LogReader, positions: Position[], printer: Printer): Promise<void> {
  for (let hasMore = true; hasMore && printer.left > 0; ) {
    hasMore = false;
    const round: WalkedRecord[][] = [];
    for (const position of positions) {
      const { records, next } = await readRecords(reader, position.topic, position.partition, position.offset, CHUNK);
      round.push(records);
      hasMore ||= next > position.offset;
      position.offset = next;
    }
    printer.print(inTimeOrder(round));
  }
}

async function follow(reader: LogReader, positions: Position[], printer: Printer): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    while (!stop.signal.aborted && printer.left > 0) {
      await reader.wait(positions, WAIT_MS);
      if (!stop.signal.aborted) await printOn(reader, positions, printer);
    }
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  }
}
