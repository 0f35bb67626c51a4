/**
 * Memory of the engine over Kafka for minutes at full speed: a loader in this process keeps frames waiting, retention
 * drops what was read. Anonymous memory must stay flat after the first minute, and a record must not leave a byte on
 * V8's heap. `--minutes N`; ten, or one and a half in a quick run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { type Log, openKafkaLog } from '../../../engine/index.ts';
import { missing } from '../../../test/support/needs.ts';
import { startBenchKafka } from '../../load/kafka-broker.ts';
import type { KafkaEngineTask } from '../../load/kafka-engine.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';
import { FRAMES_TOPIC, PARTITIONS } from '../kafka-windows/frames.ts';
import type { WindowTopology } from '../kafka-windows/topology.ts';
import { EndlessFrames } from './endless-frames.ts';
import type { KafkaSoakSample } from './soak-process.ts';

const MINUTES = 10;
const MINUTES_QUICK = 1.5;
const SETTLED_SECONDS = 60;
const MEGABYTE = 1e6;
/** Garbage collection moves by as much. */
const GROWTH_MEGABYTES_MAX = 20;
const DEVICES = 10_000;
const FRAMES = 2_000_000;
const CHUNK_FRAMES = 40_000;
/** Of the loader: enough that the engine and not the loader sets the pace. */
const ROUNDS_IN_FLIGHT_MAX = 8;
/** Frames that may wait for the engine: more than it fetches at once, and far less than retention keeps. */
const LAG_MAX = 4_000_000;
const RETENTION = { retentionBytes: 128 * 1024 * 1024, segmentBytes: 32 * 1024 * 1024 };
const APPLICATION = 'soak';
const GROUP = `${APPLICATION}.window`;

interface Sample extends KafkaSoakSample {
  readonly second: number;
  readonly records: number;
}

export const kafkaSoak: Workload = {
  name: 'kafka-soak',
  says: 'memory of the engine over Kafka for minutes at full speed: anonymous memory, and what a record leaves on the heap',
  async run({ isQuick, minutes, progress }) {
    const lacks = (['java', 'mvn'] as const).map(missing).filter((reason) => reason !== undefined);
    if (lacks.length > 0) throw new Error(lacks.join('; '));
    const seconds = Math.round((minutes ?? (isQuick ? MINUTES_QUICK : MINUTES)) * 60);
    const kafka = await startBenchKafka({ 'log.retention.check.interval.ms': '1000' });
    const log = await openKafkaLog({ bootstrap: [kafka.bootstrap] });
    try {
      const samples = await soaked(log, kafka.bootstrap, seconds, ({ second, anonymousBytes, records }) => {
        if (second % 15 === 0) progress(`${second} s: ${megabytes(anonymousBytes)} MB, ${records} frames`);
      });
      return figuresOf(samples, seconds);
    } finally {
      await log.close();
      await kafka.stop();
    }
  },
};

async function soaked(
  log: Log,
  bootstrap: string,
  seconds: number,
  onSample: (sample: Sample) => void,
): Promise<Sample[]> {
  await log.createTopics([{ name: FRAMES_TOPIC, partitions: PARTITIONS, cleanup: 'delete', ...RETENTION }]);
  const window = { input: FRAMES_TOPIC, output: 'soak.windows', windowMs: 60_000, graceMs: 10_000 };
  const config: WindowTopology = { application: APPLICATION, partitions: PARTITIONS, ...window };
  const task: KafkaEngineTask = {
    bootstrap,
    topologyModule: new URL('./counted-topology.ts', import.meta.url).href,
    config,
    workers: 2,
    stateFolder: null,
  };
  const startMs = Math.floor(Date.now() / 60_000 - 24 * 60) * 60_000;
  const frames = new EndlessFrames(DEVICES, PARTITIONS, FRAMES, startMs, CHUNK_FRAMES);
  // As bin/msec starts the product.
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=2', join(import.meta.dirname, 'soak-process.ts'), JSON.stringify(task)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '262144' },
    },
  );
  const exited = once(child, 'exit');
  const reader = log.openReader();
  const samples: Sample[] = [];
  const startedAt = performance.now();
  let [appended, committed] = [0, 0];
  const isOver = () => child.exitCode !== null || performance.now() - startedAt > seconds * 1000;
  const load = async () => {
    const rounds: Promise<unknown>[] = [];
    while (!isOver()) {
      if (appended - committed > LAG_MAX) {
        await pause(5);
        continue;
      }
      const chunks = Array.from({ length: PARTITIONS }, () => frames.next());
      for (const { records } of chunks) appended += records;
      const commits = chunks.map(({ partition, bytes }) =>
        log.commit({ appends: [{ topic: FRAMES_TOPIC, partition, bytes }] }),
      );
      rounds.push(Promise.all(commits));
      if (rounds.length === ROUNDS_IN_FLIGHT_MAX) await rounds.shift();
    }
    await Promise.all(rounds);
  };
  const count = async () => {
    while (!isOver()) {
      const offsets = await reader.committed(GROUP, FRAMES_TOPIC);
      committed = offsets.reduce<number>((sum, offset) => sum + (offset ?? 0), 0);
      await pause(20);
    }
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const second = Math.round((performance.now() - startedAt) / 1000);
    const sample: Sample = { ...(JSON.parse(line) as KafkaSoakSample), second, records: committed };
    samples.push(sample);
    onSample(sample);
  });
  await Promise.all([load(), count()]);
  child.stdin.end();
  const [code] = (await exited) as [number | null];
  await reader.close();
  if (code !== 0) throw new Error(`the process ended with ${code}`);
  return samples;
}

function figuresOf(samples: readonly Sample[], seconds: number): Figure[] {
  const settled = samples.filter(({ second }) => second >= Math.min(SETTLED_SECONDS, seconds / 2));
  const [first, last] = [settled[0]!, settled.at(-1)!];
  const records = last.records - first.records;
  const most = Math.max(...settled.map(({ anonymousBytes }) => anonymousBytes));
  const every = Math.max(1, Math.round(samples.length / 20));
  const curve = samples
    .filter((_, i) => i % every === 0)
    .map(({ second, anonymousBytes }) => `${second} s ${megabytes(anonymousBytes)}`);
  const notes = [
    `${Math.round(records / (last.second - first.second))} frames/s committed over ${last.second - first.second} s, loader and broker on the same processors`,
    `MB: ${curve.join(', ')}`,
  ];
  const common = { isLessBetter: true, judged: 'ours' };
  return [
    figure({ ...common, name: 'kafka-soak: most', unit: 'MB', ours: [most / MEGABYTE], floor: 600, aim: 400, notes }),
    figure({
      ...common,
      name: 'kafka-soak: growth after the first minute',
      unit: 'MB',
      ours: [growth(settled)],
      floor: GROWTH_MEGABYTES_MAX,
      aim: 5,
      notes: ['lower quartile of the last third of the settled time against that of its first third'],
    }),
    figure({
      ...common,
      name: 'kafka-soak: heap',
      unit: 'bytes a record',
      ours: [(last.allocatedBytes - first.allocatedBytes) / records],
      floor: 1,
      aim: 0.1,
      notes: [
        "allocated on V8's heaps by the workers, everything that they do included; from the sizes around each collection",
      ],
    }),
  ];
}

/** From the first third of the settled time to its last, by the lower quartile: what is in flight comes and goes. */
function growth(samples: readonly Sample[]): number {
  const third = Math.floor(samples.length / 3);
  const quartile = (part: readonly Sample[]) => {
    const sorted = part.map(({ anonymousBytes }) => anonymousBytes).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 4)]! / MEGABYTE;
  };
  return quartile(samples.slice(-third)) - quartile(samples.slice(0, third));
}

function megabytes(bytes: number): number {
  return Math.round(bytes / MEGABYTE);
}
