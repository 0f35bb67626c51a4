/**
 * Runs a process that consumes a topic of Kafka and takes its rate from the offsets that the broker says are committed:
 * the same measure for whatever runs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../engine/index.ts';

export interface CommittedRun {
  readonly recordsPerSecond: number;
  /** Of all threads of the process, for each record. */
  readonly cpuNsPerRecord: number;
  /** From the start of the process until `warmUp` records were committed. */
  readonly warmUpMs: number;
  /**
   * The rate until nine tenths of everything were done, to the whole one: above 1 where some threads end long before
   * others. Not a number where that is not seen.
   */
  readonly untilNineTenths: number;
}

export interface SampledRun extends CommittedRun {
  /** Rate of the second half of the measured records to that of the first: about 1 where the warm-up was long enough. */
  readonly drift: number;
  readonly curve: readonly CommittedSample[];
}

export interface CommittedSample {
  /** By performance.now of this process. */
  readonly at: number;
  readonly records: number;
  readonly cpuNs: number;
}

export interface CommittedTask {
  readonly log: Log;
  readonly program: string;
  readonly arguments: readonly string[];
  readonly group: string;
  /** Measured until everything that it holds at the start is committed, or this share of it. */
  readonly topic: string;
  readonly share?: number;
  /** False in tests: the rates may then be no numbers. */
  readonly isTimed?: boolean;
  /** Measured from the first sample at which so many records are committed. */
  readonly warmUp: number;
  /** It has failed where nothing was committed for so long. Default two minutes. */
  readonly stalledMs?: number;
  /** A sample costs the broker a request. Default 20. */
  readonly sampleMs?: number;
  /** Called with each line of its standard output, which is dropped otherwise. */
  onLine?(line: string): void;
  /** Appends what makes the process tell its last results, after the measured time; they are waited for too. */
  finish(): Promise<void>;
}

const SAMPLE_MS = 20;
export const NINE_TENTHS = 0.9;
const STALLED_MS = 120_000;
const END_MS_MAX = 30_000;
const TICK_NS = 10_000_000;

/** Ends the process by closing its input, and waits for that. */
export async function committedRun(task: CommittedTask): Promise<SampledRun> {
  const { log, program, group, topic, warmUp, share = 1, isTimed = true, sampleMs = SAMPLE_MS } = task;
  const { stalledMs = STALLED_MS } = task;
  const end = await endOf(log, topic);
  const left = await backlogOf(log, group, topic);
  const startedAt = performance.now();
  const child = spawn(program, task.arguments, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  createInterface({ input: child.stdout }).on('line', (line) => task.onLine?.(line));
  const curve: CommittedSample[] = [];
  const sample = async (toCome: number) => {
    if (child.exitCode !== null) throw new Error(`${group} ended with ${child.exitCode}`);
    const records = toCome - (await left());
    const taken = { at: performance.now(), records, cpuNs: cpuNs(child.pid!) };
    curve.push(taken);
    return taken;
  };
  const until = async (records: number, toCome: number) => {
    let moved = await sample(toCome);
    for (let now = moved; ; now = await sample(toCome)) {
      if (now.records >= records) return now;
      if (now.records > moved.records) moved = now;
      if (now.at - moved.at > stalledMs) throw new Error(`${group} stands at ${now.records} records of ${records}`);
      await pause(sampleMs);
    }
  };
  try {
    const from = await until(warmUp, end);
    const to = await until(end * share, end);
    if (isTimed && from.records === to.records) throw new Error(`${group}: everything was committed at once`);
    await task.finish();
    const closed = await endOf(log, topic);
    await until(closed, closed);
    const measured = to.records - from.records;
    const nineTenths = curve.find(({ records }) => records >= end * NINE_TENTHS && records > from.records);
    const middle = curve.find(({ records }) => records >= from.records + measured / 2)!;
    return {
      recordsPerSecond: rate(from, to),
      cpuNsPerRecord: (to.cpuNs - from.cpuNs) / measured,
      warmUpMs: from.at - startedAt,
      untilNineTenths: nineTenths === undefined ? Number.NaN : rate(from, nineTenths) / rate(from, to),
      drift: middle.records === to.records ? Number.NaN : rate(middle, to) / rate(from, middle),
      curve: curve.filter(({ at }) => at >= from.at && at <= to.at),
    };
  } finally {
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
    await ended;
    clearTimeout(timer);
  }
}

function rate(from: CommittedSample, to: CommittedSample): number {
  return ((to.records - from.records) * 1000) / (to.at - from.at);
}

/** The sum of the partitions' ends. */
async function endOf(log: Log, topic: string): Promise<number> {
  const [described] = await log.describe([topic]);
  return described!.bounds.reduce((sum, { end }) => sum + end, 0);
}

/**
 * Asks for the records behind the group's offsets as they stand. `LogReader.committed` waits for a moment at which no
 * transaction is undecided, and with many partitions there is none before everything is done.
 */
async function backlogOf(log: Log, group: string, topic: string): Promise<() => Promise<number>> {
  const [described] = await log.describe([topic]);
  const places = described!.bounds.map((_, partition) => ({ group, topic, partition }));
  return async () => (await log.backlog!(places)).reduce((sum, records) => sum + records, 0);
}

/** User and system time of a process with all of its threads, and of the processes that it started. */
export function cpuNs(pid: number): number {
  const [stat, children] = ['stat', `task/${pid}/children`].map((file) =>
    readFileSync(`/proc/${pid}/${file}`, 'latin1'),
  );
  const fields = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ');
  const own = (Number(fields[11]) + Number(fields[12])) * TICK_NS;
  const pids = children!.split(' ').filter((text) => text !== '');
  return pids.reduce((sum, child) => sum + cpuNs(Number(child)), own);
}
