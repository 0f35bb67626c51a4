/**
 * Rates of the embedded log on this machine's disk, each beside LMDB alone with the same bytes. Figures of a run count
 * from the log's offsets. Run: bin/node24 bench/micro/log-bench.ts [--soak SECONDS] [--only commit|append|fetch|records]
 * The soak writes at full speed with retention on, and prints memory and file size once a second.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { open } from 'lmdb';
import { seededRandom } from '../../engine/base/index.ts';
import { BatchEncoder } from '../../engine/batch/index.ts';
import {
  type EmbeddedLogOnDisk,
  type EmbeddedReaderDescriptor,
  openEmbeddedLog,
  openEmbeddedReader,
  RecordAppender,
} from '../../engine/log/index.ts';

const ROUND_MS = 3_000;
const MIB = 1024 * 1024;
const TOPIC = 'bench';

interface FetchJob {
  readonly descriptor: EmbeddedReaderDescriptor;
  readonly bytesMax: number;
}

function batchOf(bytes: number, seed = 1): Uint8Array {
  const encoder = new BatchEncoder({ batchBytesMax: bytes });
  const value = seededRandom(seed).bytes(90);
  const key = value.subarray(0, 15);
  // 113: what such a record takes.
  const records = Math.floor((bytes - 100) / 113);
  for (let i = 0; i < records; i++) encoder.append(1_700_000_000_000, key, 0, key.length, value, 0, value.length);
  return encoder.finish();
}

async function inDirectory<T>(run: (path: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'msec-log-bench-'));
  try {
    return await run(path);
  } finally {
    rmSync(path, { recursive: true });
  }
}

function withLog<T>(
  run: (log: EmbeddedLogOnDisk) => Promise<T>,
  options: { groupCommitMs?: number; retentionBytes?: number; partitions?: number } = {},
): Promise<T> {
  const { groupCommitMs = 5, retentionBytes, partitions = 1 } = options;
  return inDirectory(async (path) => {
    const log = await openEmbeddedLog(path, { groupCommitMs });
    try {
      const retention = retentionBytes === undefined ? {} : { retentionBytes };
      await log.createTopics([{ name: TOPIC, partitions, cleanup: 'delete', ...retention }]);
      return await run(log);
    } finally {
      await log.close();
    }
  });
}

/** Things a second: `lanes` callers, each of which waits for its own before the next, until the round is over. */
async function rateOf(lanes: number, one: (lane: number) => Promise<number>): Promise<number> {
  const start = performance.now();
  let done = 0;
  const caller = async (lane: number) => {
    while (performance.now() - start < ROUND_MS) {
      const count = await one(lane);
      done += count;
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => caller(lane)));
  return (done / (performance.now() - start)) * 1e3;
}

/** LMDB alone, with the same guarantees: `perCommit` values of that size in each flushed transaction. */
function rawRate(bytes: number, perCommit: number): Promise<number> {
  return inDirectory(async (path) => {
    const database = open<Uint8Array, number>({ path, encoding: 'binary', overlappingSync: false });
    const value = seededRandom(2).bytes(bytes);
    let next = 0;
    const rate = await rateOf(1, async () => {
      await database.batch(() => {
        for (let i = 0; i < perCommit; i++) void database.put(next++ % 2_000, value);
      });
      return perCommit;
    });
    await database.close();
    return rate;
  });
}

function report(name: string, rate: number, unit: string, raw?: number): void {
  const ratio = raw === undefined ? '' : `   ${(rate / raw).toFixed(2)} of lmdb alone (${raw.toFixed(0)})`;
  console.log(`${name.padEnd(58)} ${rate.toFixed(0).padStart(9)} ${unit}${ratio}`);
}

async function benchCommits(): Promise<void> {
  const raw = await rawRate(200, 1);
  for (const [groupCommitMs, callers] of [
    [0, 1],
    [5, 1],
    [5, 64],
  ] as const) {
    const rate = await withLog(
      (log) =>
        rateOf(callers, async () => {
          await log.commit({ appends: [{ topic: TOPIC, partition: 0, bytes: batchOf(400) }] });
          return 1;
        }),
      { groupCommitMs },
    );
    report(`durable transactions, ${callers} callers, groups ${groupCommitMs} ms apart`, rate, '1/s ', raw);
  }
}

async function benchAppends(): Promise<void> {
  for (const kib of [64, 512]) {
    const bytes = batchOf(kib * 1024);
    const lanes = Math.ceil((8 * MIB) / bytes.length);
    const raw = ((await rawRate(bytes.length, lanes)) * bytes.length) / MIB;
    const rate = await withLog(
      (log) => {
        // A lane's bytes are its own again once its commit is durable.
        const own = Array.from({ length: lanes * 2 }, () => bytes.slice());
        return rateOf(lanes * 2, async (lane) => {
          await log.commit({ appends: [{ topic: TOPIC, partition: lane % 4, bytes: own[lane]! }] });
          return bytes.length / MIB;
        });
      },
      { retentionBytes: 128 * MIB, partitions: 4 },
    );
    report(`append, batches of ${kib} KiB, retention on`, rate, 'MiB/s', raw);
  }
}

async function benchFetches(): Promise<void> {
  for (const kib of [64, 512]) {
    await withLog(async (log) => {
      const bytes = batchOf(kib * 1024);
      const count = Math.ceil((256 * MIB) / bytes.length);
      for (let i = 0; i < count; i += 16) {
        const appends = Array.from({ length: 16 }, () => ({ topic: TOPIC, partition: 0, bytes: bytes.slice() }));
        await log.commit({ appends });
      }
      const job: FetchJob = { descriptor: log.readerDescriptor(), bytesMax: MIB };
      const worker = new Worker(new URL(import.meta.url), { workerData: job });
      const rate = await new Promise<number>((resolve, reject) =>
        worker.once('message', resolve).once('error', reject),
      );
      await worker.terminate();
      report(`fetch in a worker, batches of ${kib} KiB, 1 MiB a fetch, warm`, rate / MIB, 'MiB/s');
    });
  }
}

async function fetchInWorker({ descriptor, bytesMax }: FetchJob): Promise<void> {
  const reader = openEmbeddedReader(descriptor);
  const { end: logEnd } = await reader.bounds(TOPIC, 0);
  const pass = async () => {
    let total = 0;
    let offset = 0;
    while (offset < logEnd) {
      const { bytes, start, end } = await reader.fetch(TOPIC, 0, offset, bytesMax);
      let at = start;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      // Advances by the headers alone, so that the figure is the fetch's.
      while (at < end) {
        offset = Number(view.getBigInt64(at)) + view.getInt32(at + 23) + 1;
        at += view.getInt32(at + 8) + 12;
      }
      total += end - start;
    }
    return total;
  };
  await pass();
  const start = performance.now();
  let total = 0;
  while (performance.now() - start < ROUND_MS) total += await pass();
  const rate = (total / (performance.now() - start)) * 1e3;
  await reader.close();
  parentPort?.postMessage(rate);
}

async function benchRecords(): Promise<void> {
  const rate = await withLog(
    async (log) => {
      const appender = new RecordAppender(log);
      const value = seededRandom(3).bytes(100);
      const key = value.subarray(0, 15);
      const start = performance.now();
      const caller = async (lane: number) => {
        while (performance.now() - start < ROUND_MS)
          await appender.append(TOPIC, lane % 4, 1_700_000_000_000, key, value);
      };
      const outstanding = 4;
      await Promise.all(Array.from({ length: 1_000 * outstanding }, (_, i) => caller(i)));
      const elapsedMs = performance.now() - start;
      await appender.close();
      const [described] = await log.describe();
      return (described!.bounds.reduce((sum, { end }) => sum + end, 0) / elapsedMs) * 1e3;
    },
    { partitions: 4, groupCommitMs: 0 },
  );
  report('single records, 1,000 callers with 4 each on their way', rate, '1/s ', await rawRate(130, 1_000));
}

async function soak(seconds: number): Promise<void> {
  await withLog(
    async (log) => {
      const random = seededRandom(4);
      // Sizes differ as they do in life: that is what wears a free list out.
      const own = Array.from({ length: 64 }, (_, i) => batchOf(4_000 + (random.u32() % (512 * 1024)), i));
      const start = performance.now();
      let bytes = 0;
      const caller = async (lane: number) => {
        while (performance.now() - start < seconds * 1e3) {
          const batch = own[lane]!;
          await log.commit({ appends: [{ topic: TOPIC, partition: lane % 4, bytes: batch }] });
          bytes += batch.length;
        }
      };
      const timer = setInterval(() => {
        const status = readFileSync('/proc/self/status', 'latin1');
        const anonymousKib = Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]);
        const seconds = ((performance.now() - start) / 1e3).toFixed(0);
        const file = (log.diskBytes() / MIB).toFixed(0);
        console.log(
          `${seconds.padStart(4)} s  ${(bytes / MIB).toFixed(0).padStart(7)} MiB written  anonymous ${(anonymousKib / 1024).toFixed(0).padStart(4)} MiB  file ${file.padStart(6)} MiB`,
        );
      }, 2_000);
      await Promise.all(own.map((_, lane) => caller(lane)));
      clearInterval(timer);
    },
    { retentionBytes: 64 * MIB, partitions: 4 },
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { soak: { type: 'string' }, only: { type: 'string' } } });
  if (values.soak !== undefined) return soak(Number(values.soak));
  const benches = { commit: benchCommits, append: benchAppends, fetch: benchFetches, records: benchRecords };
  for (const [name, run] of Object.entries(benches)) {
    if (values.only === undefined || values.only === name) await run();
  }
}

if (isMainThread) await main();
else await fetchInWorker(workerData as FetchJob);
