/**
 * Reading from a real Kafka broker on one thread: rate, processor time (of this process alone), V8 heap allocated a
 * record and memory taken for frames; beside it Kafka's own Java consumer on the same topic, in turns.
 * Run: bin/node24 bench/micro/fetch-bench.ts [--millions N] [--rounds N] [--bootstrap HOST:PORT] [--no-java]
 * With --bootstrap the topic is used as it is where it exists, so that two versions of this code read the same bytes.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { seededRandom } from '../../engine/base/index.ts';
import { BatchCursor, BatchEncoder } from '../../engine/batch/index.ts';
import { type Log, type LogReader, openKafkaLog } from '../../engine/log/index.ts';
import type { KafkaServer } from '../../test/support/kafka-server.ts';
import { startBenchKafka } from '../load/kafka-broker.ts';

const TOPIC = 'fetch-bench';
const PARTITIONS = 4;
const FETCH_BYTES = 1024 * 1024;
const RECORDS_IN_BATCH = 1000;

interface Read {
  readonly records: number;
  readonly bytes: number;
  readonly ms: number;
  readonly cpuMs: number;
  readonly heapBytes: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      millions: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '3' },
      bootstrap: { type: 'string' },
      java: { type: 'boolean', default: true },
    },
  });
  const records = Number(values.millions) * 1e6;
  const server = values.bootstrap === undefined ? await startBenchKafka() : undefined;
  const log = await openKafkaLog({ bootstrap: [server?.bootstrap ?? values.bootstrap ?? ''] });
  try {
    await fill(log, records);
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const walks of [false, true])
        print(walks ? 'ours, sum and walk' : 'ours, bytes alone', await read(log, walks));
      if (server !== undefined && values.java)
        console.log(`Java's ConsumerPerformance: ${await java(server, records)}`);
    }
  } finally {
    await log.close();
    await server?.stop();
  }
}

/** Frames of 90 bytes with a key of 15, a thousand in a batch. */
async function fill(log: Log, records: number): Promise<void> {
  await log.createTopics([{ name: TOPIC, partitions: PARTITIONS, cleanup: 'delete' }]);
  const [topic] = await log.describe([TOPIC]);
  if ((topic?.bounds.reduce((sum, { end }) => sum + end, 0) ?? 0) > 0) return;
  const random = seededRandom(1);
  const encoder = new BatchEncoder({ batchBytesMax: 900_000 });
  const each = records / PARTITIONS / RECORDS_IN_BATCH;
  for (let i = 0; i < each; i++) {
    const appends = Array.from({ length: PARTITIONS }, (_, partition) => {
      for (let k = 0; k < RECORDS_IN_BATCH; k++) {
        const value = random.bytes(90);
        encoder.append(1_700_000_000_000 + i, value, 0, 15, value, 0, value.length);
      }
      return log.commit({ appends: [{ topic: TOPIC, partition, bytes: encoder.finish() }] });
    });
    await Promise.all(appends);
  }
}

async function read(log: Log, walks: boolean): Promise<Read> {
  const reader = log.openReader();
  const cursor = new BatchCursor();
  const [topic] = await log.describe([TOPIC]);
  const positions = topic!.bounds.map(({ start }) => start);
  const ends = topic!.bounds.map(({ end }) => end);
  let heapBytes = 0;
  let heapBefore = getHeapStatistics().used_heap_size;
  let records = 0;
  let bytes = 0;
  let values = 0;
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  for (let left = PARTITIONS; left > 0; ) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      if (positions[partition]! >= ends[partition]!) continue;
      const fetched = await fetchSome(reader, partition, positions[partition]!);
      bytes += fetched.end - fetched.start;
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      if (walks) while (cursor.next()) values += cursor.valueEnd - cursor.valueStart;
      else lastBatch(cursor, fetched);
      const next = cursor.offsetNext;
      records += next - positions[partition]!;
      positions[partition] = next;
      if (next >= ends[partition]!) left--;
      const heapNow = getHeapStatistics().used_heap_size;
      heapBytes += Math.max(0, heapNow - heapBefore);
      heapBefore = heapNow;
    }
  }
  const cpu = process.cpuUsage(cpuBefore);
  const ms = performance.now() - startedAt;
  await reader.close();
  if (walks && values !== records * 90) throw new Error(`${values} bytes of values in ${records} records`);
  return { records, bytes, ms, cpuMs: (cpu.user + cpu.system) / 1000, heapBytes };
}

async function fetchSome(reader: LogReader, partition: number, position: number) {
  const positions = [{ topic: TOPIC, partition, offset: position }];
  for (;;) {
    const fetched = await reader.fetch(TOPIC, partition, position, FETCH_BYTES);
    if (fetched.end > fetched.start) return fetched;
    await reader.wait(positions, 1000);
  }
}

/** Where the last batch ends, from the headers alone. */
function lastBatch(
  cursor: BatchCursor,
  { bytes, start, end }: { bytes: Uint8Array; start: number; end: number },
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let at = start;
  for (let next = at; next < end && end - next > 12; next += 12 + view.getInt32(next + 8)) {
    if (next + 12 + view.getInt32(next + 8) <= end) at = next;
  }
  cursor.offsetNext = Number(view.getBigInt64(at)) + view.getInt32(at + 23) + 1;
}

async function java(server: KafkaServer, records: number): Promise<string> {
  const args = [
    '--bootstrap-server',
    server.bootstrap,
    '--topic',
    TOPIC,
    '--messages',
    `${records}`,
    '--timeout',
    '60000',
  ];
  const { code, stdout, stderr } = await server.tool('org.apache.kafka.tools.ConsumerPerformance', args);
  if (code !== 0) return `failed: ${stderr.slice(-300)}`;
  const [head, row] = stdout.trim().split('\n').slice(-2);
  const at = (name: string) =>
    row?.split(',')[head?.split(',').findIndex((each) => each.trim() === name) ?? -1]?.trim();
  return `${at('nMsg.sec')} records/s (${at('fetch.nMsg.sec')} without the rebalance)`;
}

function print(what: string, { records, bytes, ms, cpuMs, heapBytes }: Read): void {
  const figures = [
    `${(records / ms / 1000).toFixed(2)} M records/s`,
    `${(bytes / ms / 1000).toFixed(0)} MB/s`,
    `${((cpuMs * 1e6) / records).toFixed(0)} ns of processor time a record`,
    `${(records / cpuMs / 1000).toFixed(2)} M records per processor second`,
    `${(heapBytes / records).toFixed(2)} bytes of heap a record`,
  ];
  console.log(`${what}: ${figures.join(', ')}`);
}

await main();
