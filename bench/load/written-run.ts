/**
 * Runs a process that writes a topic of Kafka and takes its rate from the topic's committed ends, as the broker tells
 * them: the measure where no one group's offsets say how far the work has come.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../engine/index.ts';
import { type CommittedRun, cpuNs, NINE_TENTHS } from './committed-run.ts';

export interface WrittenTask {
  readonly log: Log;
  readonly program: string;
  readonly arguments: readonly string[];
  /** What the process writes; it exists and is empty. The ends of transactions take offsets, too: one in some thousand. */
  readonly topic: string;
  /** How many records there must be in the end. */
  readonly records: number;
  /** Measured from the first sample at which so many were written. */
  readonly warmUp: number;
}

const SAMPLE_MS = 20;
const STALLED_MS = 120_000;
/** The topic is whole when it has grown to all records and then not at all for so long. */
const QUIET_MS = 1_000;
const END_MS_MAX = 30_000;

/** Ends the process by closing its input, unless it has ended by itself, and waits for that. */
export async function writtenRun(task: WrittenTask): Promise<CommittedRun> {
  const { log, program, topic, records, warmUp } = task;
  const reader = log.openReader();
  const { partitions } = (await log.describe()).find(({ name }) => name === topic)!;
  const startedAt = performance.now();
  const child = spawn(program, task.arguments, { stdio: ['pipe', 'ignore', 'inherit'] });
  // One that has ended by itself takes no more input.
  child.stdin.on('error', () => {});
  const closed = once(child, 'close');
  let cpu = 0;
  const sample = async () => {
    if ((child.exitCode ?? 0) !== 0) throw new Error(`the writer of ${topic} ended with ${child.exitCode}`);
    const bounds = await Promise.all(
      Array.from({ length: partitions }, (_, partition) => reader.bounds(topic, partition)),
    );
    if (child.exitCode === null) cpu = cpuNs(child.pid!);
    return { at: performance.now(), written: bounds.reduce((sum, { end }) => sum + end, 0), cpu };
  };
  try {
    let from = await sample();
    let to = from;
    let nineTenths = from;
    for (;;) {
      const now = await sample();
      if (now.written > to.written) {
        if (to.written < warmUp && now.written >= warmUp) from = now;
        to = now;
        if (nineTenths.written < records * NINE_TENTHS) nineTenths = now;
      }
      if (to.written >= records && now.at - to.at > QUIET_MS) break;
      if (now.at - to.at > STALLED_MS) throw new Error(`${topic} stands at ${to.written} records of ${records}`);
      await pause(SAMPLE_MS);
    }
    if (from === to) throw new Error(`${topic}: everything was written at once`);
    const measured = records - from.written;
    const recordsPerSecond = (measured * 1000) / (to.at - from.at);
    const toNineTenths = ((nineTenths.written - from.written) * 1000) / (nineTenths.at - from.at);
    return {
      recordsPerSecond,
      untilNineTenths: toNineTenths / recordsPerSecond,
      cpuNsPerRecord: (to.cpu - from.cpu) / measured,
      warmUpMs: from.at - startedAt,
    };
  } finally {
    await reader.close();
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
    await closed;
    clearTimeout(timer);
  }
}
