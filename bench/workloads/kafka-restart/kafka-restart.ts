/**
 * A process with a gigabyte of state over Kafka is killed (SIGKILL) and started again, with the disk that holds the
 * copies of its state and without it: until it has committed a record that came meanwhile to each partition. What it
 * tells for them shows that the state is the old one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BatchCursor, BatchEncoder, type Log, openKafkaLog, partitionForKey } from '../../../engine/index.ts';
import { missing } from '../../../test/support/needs.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { type RememberTopology, ROW_BYTES } from './remember.ts';

const KEYS = 1_000_000;
const KEYS_QUICK = 200_000;
const PARTITIONS = 8;
const WORKERS = 2;
const ROUNDS = 3;
const TOPIC = 'bench.records';
const OUTPUT = 'bench.counts';
const APPLICATION = 'restart';
const GROUP = `${APPLICATION}.remember`;
const APPEND_BYTES = 512 * 1024;
const SAMPLE_MS = 5;
const FETCH_BYTES = 1024 * 1024;
const FILL_MS_MAX = 600_000;
const KINDS = [
  { label: 'disk kept', floor: 3, aim: 1 },
  { label: 'disk lost', floor: 60, aim: 20 },
] as const;

const text = new TextEncoder();

export const kafkaRestart: Workload = {
  name: 'kafka-restart',
  says: 'a process with a gigabyte of state over Kafka, killed and started again: until it commits what came meanwhile',
  async run({ isQuick, folder, progress }) {
    const lacks = (['java', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
    if (lacks.length > 0) throw new Error(lacks.join('; '));
    const keys = isQuick ? KEYS_QUICK : KEYS;
    const kafka = await startBenchKafka();
    const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
    const stateFolder = join(folder, 'state');
    const config: RememberTopology = { application: APPLICATION, partitions: PARTITIONS, input: TOPIC, output: OUTPUT };
    const task: KafkaEngineTask = {
      bootstrap: kafka.bootstrap,
      topologyModule: new URL('./remember.ts', import.meta.url).href,
      config,
      workers: WORKERS,
      stateFolder,
    };
    let running: ChildProcess | null = null;
    try {
      await log.createTopics([{ name: TOPIC, partitions: PARTITIONS, cleanup: 'delete' }]);
      progress(`filling ${keys} rows of ${ROW_BYTES} bytes`);
      const first = await fill(log, keys);
      running = start(task);
      await untilCommitted(log, running);
      await end(running);
      running = start(task);
      const tookMs: number[][] = KINDS.map(() => []);
      let seen = 1;
      for (let round = 1; round <= (isQuick ? 1 : ROUNDS); round++) {
        for (const [i, { label }] of KINDS.entries()) {
          await kill(running);
          if (label === 'disk lost') rmSync(stateFolder, { recursive: true, force: true });
          await append(log, first);
          const startedAt = performance.now();
          running = start(task);
          await untilCommitted(log, running);
          tookMs[i]!.push(performance.now() - startedAt);
          seen++;
          await checkCounts(log, seen);
          progress(`${label}, run ${round}: ${Math.round(tookMs[i]!.at(-1)!)} ms`);
        }
        // The copies are made anew meanwhile; a process that is asked to end finishes them.
        await end(running);
        running = start(task);
        await untilCommitted(log, running);
      }
      return KINDS.map(({ label, floor, aim }, i): Figure => {
        return figure({
          name: `kafka-restart: ${label}`,
          unit: 's',
          ours: tookMs[i]!.map((ms) => ms / 1000),
          floor,
          aim,
          judged: 'ours',
          isLessBetter: true,
          notes: [
            `${Math.round((keys * ROW_BYTES) / 1e6)} MB of rows in ${PARTITIONS} partitions, ${WORKERS} workers, Kafka on the same processors; from the start of the process after SIGKILL until the record that came meanwhile to each partition was committed; each told that it had been seen before, in a row that was whole`,
          ],
        });
      });
    } finally {
      if (running !== null) await kill(running);
      await log.close();
      await kafka.stop();
    }
  },
};

function start(task: KafkaEngineTask): ChildProcess {
  const script = join(import.meta.dirname, '..', '..', 'load', 'kafka-engine-process.ts');
  return spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ['pipe', 'ignore', 'inherit'] });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.stdin!.end();
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the process ended with ${code}`);
}

/** One record for each key; gives the first key of each partition. */
async function fill(log: Log, keys: number): Promise<Uint8Array[]> {
  const first: Uint8Array[] = [];
  const encoders = Array.from({ length: PARTITIONS }, () => new BatchEncoder());
  const flush = (partition: number) =>
    log.commit({ appends: [{ topic: TOPIC, partition, bytes: encoders[partition]!.finish() }] });
  for (let i = 0; i < keys; i++) {
    const key = text.encode(`key-${String(i).padStart(8, '0')}`);
    const partition = partitionForKey(key, 0, key.length, PARTITIONS);
    first[partition] ??= key;
    encoders[partition]!.append(Date.now(), key, 0, key.length, key, 0, key.length);
    if (encoders[partition]!.byteLength > APPEND_BYTES) await flush(partition);
  }
  for (let partition = 0; partition < PARTITIONS; partition++)
    if (encoders[partition]!.count > 0) await flush(partition);
  return first;
}

async function append(log: Log, keys: readonly Uint8Array[]): Promise<void> {
  const encoder = new BatchEncoder();
  for (const [partition, key] of keys.entries()) {
    encoder.append(Date.now(), key, 0, key.length, key, 0, key.length);
    await log.commit({ appends: [{ topic: TOPIC, partition, bytes: encoder.finish() }] });
  }
}

async function untilCommitted(log: Log, child: ChildProcess): Promise<void> {
  const reader = log.openReader();
  const ends = await Promise.all(Array.from({ length: PARTITIONS }, (_, i) => reader.bounds(TOPIC, i)));
  const deadline = performance.now() + FILL_MS_MAX;
  try {
    for (;;) {
      const committed = await reader.committed(GROUP, TOPIC);
      if (ends.every(({ end }, partition) => (committed[partition] ?? 0) >= end)) return;
      if (child.exitCode !== null) throw new Error(`the process ended with ${child.exitCode}`);
      if (performance.now() > deadline) throw new Error(`committed ${committed}, of ${ends.map(({ end }) => end)}`);
      await pause(SAMPLE_MS);
    }
  } finally {
    await reader.close();
  }
}

/** The newest output of each partition says how often its key was seen. */
async function checkCounts(log: Log, expected: number): Promise<void> {
  const reader = log.openReader();
  const cursor = new BatchCursor();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const told: number[] = [];
    // A transaction's marker may be the last offset, and may come a moment after the commit.
    for (
      let { start, end } = await reader.bounds(OUTPUT, partition), offset = Math.max(start, end - 8);
      offset < end;
    ) {
      const fetched = await reader.fetch(OUTPUT, partition, offset, FETCH_BYTES);
      cursor.reset(fetched.bytes, fetched.start, fetched.end);
      cursor.seek(offset);
      while (cursor.next())
        told.push(new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset + cursor.valueStart).getFloat64(0));
      if (cursor.offsetNext <= offset) break;
      offset = cursor.offsetNext;
    }
    if (told.at(-1) !== expected) throw new Error(`partition ${partition} told ${told.at(-1)}, not ${expected}`);
  }
  await reader.close();
}
