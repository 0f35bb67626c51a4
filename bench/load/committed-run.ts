/**
 * Runs a process that consumes a topic of Kafka and takes its rate from the offsets that the broker says are committed:
 * the same measure for whatever runs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log, LogReader } from '../../engine/index.ts';

export interface CommittedRun {
  readonly recordsPerSecond: number;
  /** Of all threads of the process, for each record. */
  readonly cpuNsPerRecord: number;
  /** From the start of the process until `warmUp` records were committed. */
  readonly warmUpMs: number;
}

export interface CommittedTask {
  readonly log: Log;
  readonly program: string;
  readonly arguments: readonly string[];
  readonly group: string;
  /** Measured until everything that it holds at the start is committed. */
  readonly topic: string;
  /** Measured from the first sample at which so many records are committed. */
  readonly warmUp: number;
  /** Appends what makes the process tell its last results, after the measured time; they are waited for too. */
  finish(): Promise<void>;
}

const SAMPLE_MS = 20;
const STALLED_MS = 120_000;
const END_MS_MAX = 30_000;
const TICK_NS = 10_000_000;

/** Ends the process by closing its input, and waits for that. */
export async function committedRun(task: CommittedTask): Promise<CommittedRun> {
  const { log, program, group, topic, warmUp } = task;
  const reader = log.openReader();
  const end = await endOf(log, reader, topic);
  const startedAt = performance.now();
  const child = spawn(program, task.arguments, { stdio: ['pipe', 'ignore', 'inherit'] });
  const closed = once(child, 'close');
  const sample = async () => {
    if (child.exitCode !== null) throw new Error(`${group} ended with ${child.exitCode}`);
    const committed = await reader.committed(group, topic);
    const records = committed.reduce<number>((sum, offset) => sum + (offset ?? 0), 0);
    return { at: performance.now(), records, cpuNs: cpuNs(child.pid!) };
  };
  const until = async (records: number) => {
    let moved = await sample();
    for (let now = moved; ; now = await sample()) {
      if (now.records >= records) return now;
      if (now.records > moved.records) moved = now;
      if (now.at - moved.at > STALLED_MS) throw new Error(`${group} stands at ${now.records} records of ${records}`);
      await pause(SAMPLE_MS);
    }
  };
  try {
    const from = await until(warmUp);
    const to = await until(end);
    if (from.records === to.records) throw new Error(`${group}: everything was committed at once`);
    await task.finish();
    await until(await endOf(log, reader, topic));
    const measured = to.records - from.records;
    return {
      recordsPerSecond: (measured * 1000) / (to.at - from.at),
      cpuNsPerRecord: (to.cpuNs - from.cpuNs) / measured,
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

/** The sum of the partitions' ends. */
async function endOf(log: Log, reader: LogReader, topic: string): Promise<number> {
  const partitions = (await log.describe()).find(({ name }) => name === topic)!.partitions;
  let sum = 0;
  for (let partition = 0; partition < partitions; partition++) sum += (await reader.bounds(topic, partition)).end;
  return sum;
}

/** User and system time of a process, all of its threads. */
export function cpuNs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_NS;
}
