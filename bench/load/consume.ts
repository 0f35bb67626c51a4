/**
 * A process of its own that consumes a filled log with the whole engine and prints how far the committed offsets had
 * come, and when. It counts nothing itself. Started by the workloads with its task as JSON in the first argument.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openEmbeddedLog } from '../../engine/index.ts';
import { DEVICE_FRAMES } from '../../schemas/topics/index.ts';
import { startBenchEngine } from './engine.ts';
import { readHeld } from './held-frames.ts';
import { machineBusyMs } from './machine-busy.ts';
import type { BenchTopology } from './topology.ts';

export interface ConsumeTask {
  readonly folder: string;
  readonly topology: BenchTopology;
  readonly workers: number;
  /** Of each partition; done when all of them are committed. */
  readonly ends: readonly number[];
  /**
   * Measured are the frames that were held back: they are moved when all others are committed, and the samples begin
   * there. Then nothing that is done lies before the first sample uncommitted, and nothing after the last.
   */
  readonly isHeld?: boolean;
}

export interface Consumed {
  /** From the call that starts the engine until every task runs. */
  readonly startMs: number;
  /**
   * Milliseconds since the engine ran, the sum of the committed offsets, processor milliseconds of the whole process, and
   * of the whole machine.
   */
  readonly samples: readonly (readonly [number, number, number, number])[];
}

/** A sample takes the main thread a sixth of a millisecond, which the workers lack where they have every processor. */
const SAMPLE_MS = 40;
/** Behind this share of everything, so that the end is seen when it comes; longer than what waits for a commit. */
const END_SHARE = 0.95;
const END_SAMPLE_MS = 5;

const { folder, topology, workers, ends, isHeld = false } = JSON.parse(process.argv[2]!) as ConsumeTask;
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
const samples: [number, number, number, number][] = [];
if (isHeld) {
  const held = await readHeld(reader, ends.length);
  const first = await Promise.all(ends.map((_, partition) => reader.bounds(DEVICE_FRAMES, partition)));
  await untilCommitted(first.map(({ end }) => end));
  samples.splice(0, samples.length - 1);
  // All partitions at once, batch by batch, so that no thread waits for its first.
  for (const appends of held) await log.commit({ appends });
}
await untilCommitted(ends);
await reader.close();
await engine.drain();
await log.close();
const consumed: Consumed = { startMs: startedAt - before, samples };
console.log(JSON.stringify(consumed));

async function untilCommitted(wanted: readonly number[]): Promise<void> {
  const end = wanted.reduce((sum, offset) => sum + offset, 0);
  for (;;) {
    const committed = await reader.committed(group, DEVICE_FRAMES);
    const { user, system } = process.cpuUsage();
    const sum = committed.reduce<number>((total, offset) => total + (offset ?? 0), 0);
    samples.push([performance.now() - startedAt, sum, (user + system) / 1000, machineBusyMs()]);
    if (wanted.every((end, partition) => (committed[partition] ?? 0) >= end)) return;
    await pause(sum < end * END_SHARE ? SAMPLE_MS : END_SAMPLE_MS);
  }
}
