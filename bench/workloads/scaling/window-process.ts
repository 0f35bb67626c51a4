/**
 * A process of its own that makes windows of a filled embedded log with the whole engine, and prints how far the committed
 * offsets had come, and when; then, where it is asked to, what memory it has. Its task as JSON in the first argument.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { BroadcastChannel } from 'node:worker_threads';
import {
  openEmbeddedLog,
  planTopology,
  realThreads,
  startEngine,
  systemClock,
  TASK_OPTIONS,
  type WorkerShared,
} from '../../../engine/index.ts';
import { type WindowTopology, windowTopology } from '../kafka-windows/topology.ts';
import { COLLECT_CHANNEL } from './collecting-topology.ts';
import { closeWindows, type EvenFrames, GRACE_MS, WINDOW_MS } from './even-frames.ts';

export interface WindowTask {
  readonly folder: string;
  readonly application: string;
  readonly output: string;
  readonly workers: number;
  readonly frames: EvenFrames;
  readonly isMemoryAsked: boolean;
}

export interface WindowsMade {
  /** Milliseconds, committed frames, processor milliseconds of the whole process. */
  readonly samples: readonly (readonly [number, number, number])[];
  readonly anonymousBytes: { readonly settled: number; readonly collected: number } | null;
}

const SAMPLE_MS = 5;
const SETTLE_MS = 500;
const KIBIBYTE = 1024;
/** Ticks of idle partitions would move the ends that runs are measured by. */
const NEVER = { everyMs: 2 ** 30, ticksMax: 0 };

const task = JSON.parse(process.argv[2]!) as WindowTask;
const { folder, application, output, workers, frames, isMemoryAsked } = task;
const config: WindowTopology = {
  application,
  partitions: frames.partitions,
  input: frames.topic,
  output,
  windowMs: WINDOW_MS,
  graceMs: GRACE_MS,
};
const log = await openEmbeddedLog(folder);
const plan = planTopology(windowTopology(config));
const shared: WorkerShared = {
  topologyModule: new URL('./collecting-topology.ts', import.meta.url).href,
  config,
  schemaIds: [],
  log: log.readerDescriptor(),
  options: TASK_OPTIONS,
  reportIntervalMs: 1000,
};
const entry = new URL('../../../engine/runtime/worker-main.ts', import.meta.url);
const engine = await startEngine({
  log,
  plan,
  threads: realThreads({ entry, shared, heapMegabytesMax: 1024 }),
  workers,
  clock: systemClock,
  emit: (name, event) => {
    if (name === 'workerEnded' || name === 'taskPaused') console.error(name, JSON.stringify(event));
  },
  idleTicks: NEVER,
  logUsage: () => ({ usedBytes: 0, quotaBytes: null, commits: 0, commitQueue: 0 }),
});
const reader = log.openReader();
const { group } = plan.subtopologies[0]!;
const samples: [number, number, number][] = [];
await untilCommitted((ms, committed) => {
  const { user, system } = process.cpuUsage();
  samples.push([ms, committed, (user + system) / 1000]);
});
const anonymousBytes = isMemoryAsked ? await memory() : null;
await closeWindows(log, frames);
await untilCommitted(() => {});
await reader.close();
await engine.drain();
await log.close();
const made: WindowsMade = { samples, anonymousBytes };
console.log(JSON.stringify(made));

async function untilCommitted(sampled: (ms: number, committed: number) => void): Promise<void> {
  const { topic, partitions } = frames;
  const ends = await Promise.all(Array.from({ length: partitions }, (_, i) => reader.bounds(topic, i)));
  for (;;) {
    const committed = await reader.committed(group, topic);
    sampled(
      performance.now(),
      committed.reduce<number>((sum, offset) => sum + (offset ?? 0), 0),
    );
    if (ends.every(({ end }, partition) => (committed[partition] ?? 0) >= end)) return;
    await pause(SAMPLE_MS);
  }
}

/** As it is, and without garbage. The log's own pages are the file's and not counted. */
async function memory(): Promise<{ settled: number; collected: number }> {
  await pause(SETTLE_MS);
  const settled = anonymous();
  const channel = new BroadcastChannel(COLLECT_CHANNEL);
  channel.postMessage(null);
  globalThis.gc?.();
  await pause(SETTLE_MS);
  channel.close();
  return { settled, collected: anonymous() };
}

function anonymous(): number {
  const status = readFileSync('/proc/self/status', 'latin1');
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)![1]) * KIBIBYTE;
}
