/** The engine as it runs in production: real worker threads over the log on disk, with records that end them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BatchCursor, BatchEncoder, partitionForKey } from '../../../engine/batch/index.ts';
import {
  type EngineEvents,
  openEmbeddedLog,
  planTopology,
  realThreads,
  startEngine,
  systemClock,
  TASK_OPTIONS,
} from '../../../engine/index.ts';
import type { LogReader } from '../../../engine/log/index.ts';
import { readLetter } from '../../../engine/runtime/index.ts';
import createTopology from './thread-topology.ts';

const PARTITIONS = 2;
const KEYS = ['a', 'b', 'c', 'd'];

async function start(path: string, events: string[]) {
  const log = await openEmbeddedLog(path);
  const engine = await startEngine({
    log,
    plan: planTopology(createTopology({ partitions: PARTITIONS })),
    threads: realThreads({
      entry: new URL('../../../engine/runtime/worker-main.ts', import.meta.url),
      heapMegabytesMax: 64,
      shared: {
        topologyModule: new URL('./thread-topology.ts', import.meta.url).href,
        config: { partitions: PARTITIONS },
        schemaIds: [],
        log: log.readerDescriptor(),
        options: TASK_OPTIONS,
        reportIntervalMs: 100,
      },
    }),
    workers: 2,
    clock: systemClock,
    emit: <Name extends keyof EngineEvents>(name: Name) => void events.push(name),
    // So long that no good record of a starved thread counts as hanging.
    supervisor: { recordMsMax: 10_000, restartMsMin: 10, restartMsMax: 100 },
    logUsage: () => ({ usedBytes: 0, quotaBytes: null, commits: 0, commitQueue: 0 }),
  });
  return { log, engine };
}

function batch(key: string, value: string): { topic: string; partition: number; bytes: Uint8Array } {
  const encoder = new BatchEncoder();
  const keyBytes = Buffer.from(key);
  const valueBytes = Buffer.from(JSON.stringify(value));
  encoder.append(1000, keyBytes, 0, keyBytes.length, valueBytes, 0, valueBytes.length);
  const partition = partitionForKey(keyBytes, 0, keyBytes.length, PARTITIONS);
  return { topic: 'from', partition, bytes: encoder.finish() };
}

async function each(reader: LogReader, topic: string, visit: (cursor: BatchCursor) => void): Promise<void> {
  const cursor = new BatchCursor();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const { start, end } = await reader.bounds(topic, partition);
    for (let offset = start; offset < end; offset = cursor.offsetNext) {
      const fetched = await reader.fetch(topic, partition, offset, 1 << 20);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next()) visit(cursor);
    }
  }
}

/** Waits for the log itself to say that everything is committed. */
async function comesToRest(reader: LogReader): Promise<void> {
  for (;;) {
    const committed = await reader.committed('threads.count', 'from');
    const bounds = await Promise.all(committed.map((_, partition) => reader.bounds('from', partition)));
    if (bounds.every(({ end }, partition) => (committed[partition] ?? 0) >= end)) return;
    const ends = await Promise.all(
      committed.map(async (_, partition) => ({
        ...{ topic: 'counted', partition },
        offset: (await reader.bounds('counted', partition)).end,
      })),
    );
    await reader.wait(ends, 100);
  }
}

const text = (bytes: Uint8Array, from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString();

t.test(
  'records that exit, hang, exhaust the heap or throw become letters, and every other one counts once',
  async (t) => {
    const path = await mkdtemp(join(tmpdir(), 'msec-threads-'));
    const events: string[] = [];
    try {
      let { log, engine } = await start(path, events);
      const expected = new Map<string, number>();
      const bad = ['exit', 'hang', 'heap', 'throw'];
      for (let i = 0; i < 40; i++) {
        const key = KEYS[i % KEYS.length]!;
        const value = i % 10 === 5 ? bad[Math.floor(i / 10)]! : 'ok';
        if (value === 'ok') expected.set(key, (expected.get(key) ?? 0) + 1);
        await log.commit({ appends: [batch(key, value)] });
      }
      const reader = log.openReader();
      await comesToRest(reader);
      const letters: string[] = [];
      await each(reader, 'from.dlq', (cursor) => {
        const { code, attempts } = readLetter(cursor);
        const value = text(cursor.bytes, cursor.valueStart, cursor.valueEnd);
        // Which of the two it is depends on how long a full heap takes to be noticed.
        const ended = value === '"heap"' && code === 'RECORD_HUNG' ? 'RECORD_KILLED_WORKER' : code;
        letters.push(`${value} ${ended} ${attempts}`);
      });
      t.same(letters.toSorted(), [
        '"exit" RECORD_KILLED_WORKER 2',
        '"hang" RECORD_HUNG 2',
        '"heap" RECORD_KILLED_WORKER 2',
        '"throw" ACTOR_FAILED 3',
      ]);
      t.ok(events.filter((name) => name === 'workerEnded').length >= 6, 'two threads for each of three');
      const status = await engine.status();
      t.same(status.tasks.length, PARTITIONS);
      await engine.drain();
      await log.close();

      // Started again, it goes on where it stopped.
      ({ log, engine } = await start(path, events));
      for (const key of KEYS) {
        expected.set(key, (expected.get(key) ?? 0) + 1);
        await log.commit({ appends: [batch(key, 'ok')] });
      }
      const again = log.openReader();
      await comesToRest(again);
      const found = new Map<string, number[]>();
      await each(again, 'counted', (cursor) => {
        const key = text(cursor.bytes, cursor.keyStart, cursor.keyEnd);
        const list = found.get(key) ?? [];
        found.set(key, list);
        list.push(Number(text(cursor.bytes, cursor.valueStart, cursor.valueEnd)));
      });
      for (const [key, count] of expected)
        t.same(
          found.get(key),
          Array.from({ length: count }, (_, i) => i + 1),
          `${key}: each once, in order`,
        );
      await engine.drain();
      await log.close();
      t.equal(events.filter((name) => name === 'engineStopped').length, 2);
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  },
);
