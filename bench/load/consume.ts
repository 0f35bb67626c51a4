/**
 * A process of its own that consumes a filled log with the whole engine and prints how far the committed offsets had
 * come, and when. It counts nothing itself. Started by the workloads with its task as JSON in the first argument.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openEmbeddedLog } from '../../engine/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import { startBenchEngine } from './engine.ts';
import type { BenchTopology } from './topology.ts';

export interface ConsumeTask {
  readonly folder: string;
  readonly topology: BenchTopology;
  readonly workers: number;
  /** Of each partition; done when all of them are committed. */
  readonly ends: readonly number[];
}

export interface Consumed {
  /** From the call that starts the engine until every task runs. */
  readonly startMs: number;
  /** Milliseconds since the engine ran, the sum of the committed offsets, processor milliseconds of the whole process. */
  readonly samples: readonly (readonly [number, number, number])[];
}

const SAMPLE_MS = 5;

const { folder, topology, workers, ends } = JSON.parse(process.argv[2]!) as ConsumeTask;
const log = await openEmbeddedLog(folder);
const before = performance.now();
const { engine, group } = await startBenchEngine(log, log.readerDescriptor(), {
  topology,
  workers,
  emit: (name, event) => {
    if (name === 'workerEnded' || name === 'taskPaused') console.error(name, JSON.stringify(event));
  },
});
const startedAt = performance.now();
const reader = log.openReader();
const samples: [number, number, number][] = [];
for (;;) {
  const committed = await reader.committed(group, DEVICE_FRAMES);
  const { user, system } = process.cpuUsage();
  const sum = committed.reduce<number>((total, offset) => total + (offset ?? 0), 0);
  samples.push([performance.now() - startedAt, sum, (user + system) / 1000]);
  if (ends.every((end, partition) => (committed[partition] ?? 0) >= end)) break;
  await pause(SAMPLE_MS);
}
await reader.close();
await engine.drain();
await log.close();
const consumed: Consumed = { startMs: startedAt - before, samples };
console.log(JSON.stringify(consumed));
