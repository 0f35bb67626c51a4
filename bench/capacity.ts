/**
 * Measures what `msec plan` counts with, and writes cli/capacity/measured.json: processor time a frame of the whole main job, signed,
 * signed in batches and not, with more and more devices; bytes of its records and state; and W8's curve over the keys, from its last result.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { JobPoint, KeyPoint, Measured, MeasuredOn } from '../cli/capacity/measured.ts';
import { loadConfig } from '../cli/config/index.ts';
import { BATCH_FRAMES, LoadFleet, LoadSteps, loadTypes, openScratchJob, type Signing } from '../cli/load/index.ts';
import { type EngineStatus, systemClock } from '../engine/index.ts';
import { DEVICE_AGGREGATES, DEVICE_FRAMES, DEVICE_READINGS } from '../schemas/topics/index.ts';
import type { Result } from './result.ts';

/** More than two cores hold: batches are as large as they get, and what is left is the frame's own cost. */
const RATE = { each: 40_000, batch: 400_000, none: 400_000 } as const;
const DEVICES = { each: [1_000, 10_000], batch: [1_000, 10_000], none: [1_000, 10_000, 100_000] } as const;
const WARM_UP_MS = 1_000;
const MEASURE_MS = 2_500;
const ROUNDS = 3;
const PARTITIONS = 8;
const WORKERS = 2;
/** From before the end of a minute until its windows are told, with their grace. */
const WINDOWS_MS = 25_000;
const BEFORE_MINUTE_MS = 10_000;
const MINUTE_MS = 60_000;
const WINDOWS_RATE = 1_000;
const FILE = new URL('../cli/capacity/measured.json', import.meta.url);

interface Observed {
  readonly point: JobPoint;
  readonly frames: number;
  readonly status: EngineStatus;
  readonly prefix: string;
  readonly rssBytes: number;
}

async function observe(
  signed: Signing,
  devices: number,
  rate: number,
  rounds: number,
  measureMs: number,
): Promise<Observed> {
  const folder = mkdtempSync(join(tmpdir(), 'msec-capacity-'));
  const { config } = loadConfig(undefined, folder);
  const types = loadTypes(config, ['enmon']);
  const live = { ...config, data: join(folder, 'data'), 'log.partitions': PARTITIONS, workers: WORKERS };
  let fleet: LoadFleet | null = null;
  const options = { config: live, place: null, clock: systemClock, profile: null };
  const job = await openScratchJob(options, async (log, { partitions }, _config, keysFolder) => {
    fleet = await LoadFleet.enrol(log, { devices, types, signed, partitions, keysFolder, clock: systemClock });
  });
  const steps = new LoadSteps(job, fleet!, systemClock, new AbortController().signal);
  try {
    const points: JobPoint[] = [];
    // The first frames of a device, and of the code, cost more than all that come later.
    await steps.run({ rate, warmUpMs: 0, measureMs: WARM_UP_MS });
    for (let round = 0; round < rounds; round++) {
      const { cost } = await steps.run({ rate, warmUpMs: 0, measureMs });
      points.push({ devices, cpuNs: cost.cpuNs, workersNs: cost.workersNs ?? 0, mainNs: cost.mainNs ?? 0 });
    }
    const status = await job.engine.status();
    const frames = ends(status, job.prefix + DEVICE_FRAMES);
    const point = points.toSorted((a, b) => a.cpuNs - b.cpuNs)[points.length >> 1]!;
    console.error(signed, JSON.stringify(points));
    return { point, frames, status, prefix: job.prefix, rssBytes: process.memoryUsage().rss };
  } finally {
    await steps.close();
    await job.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const ends = ({ topics }: EngineStatus, name: string): number =>
  total(topics.find(({ topic }) => topic === name)?.end ?? []);

/** Bytes of a record as it lies in the log, its share of the batch included. */
function recordBytes({ topics }: EngineStatus, name: string): number {
  const found = topics.find(({ topic }) => topic === name);
  if (found === undefined) throw new Error(`there is no topic ${name}`);
  return found.bytes / (total(found.end) - total(found.start));
}

function changesPerFrame({ status, prefix, frames }: Observed): number {
  const changelogs = status.topics.filter(({ topic }) => topic.startsWith(prefix) && topic.endsWith('.state'));
  return total(changelogs.map(({ topic }) => recordBytes(status, topic) * ends(status, topic))) / frames;
}

function measuredOn(): MeasuredOn {
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  const all = cpus();
  return {
    machine: all[0]!.model,
    cores: all.length,
    node: process.version,
    commit,
    loadAverage: Math.round(loadavg()[0]! * 10) / 10,
    at: new Date().toISOString(),
  };
}

/** W8's curves over the keys: processor time a frame, and memory a key. */
export function keyCurves(result: Result): Measured['keys'] {
  const { curves = [], environment } = result;
  const points = (unit: RegExp): KeyPoint[] => {
    const curve = curves.find((one) => one.x === 'keys' && unit.test(one.unit));
    const [series] = Object.values(curve?.series ?? {});
    return (series ?? []).map(({ x, y }) => ({ keys: x, value: y.median }));
  };
  const [cpuNs, memory] = [points(/^ns/), points(/^bytes/)];
  if (cpuNs.length === 0 || memory.length === 0) return null;
  const threads = curves.map(({ unit }) => /(\d+) threads/.exec(unit)?.[1]).find((count) => count !== undefined);
  if (threads === undefined) throw new Error('W8 does not say how many threads shared the keys');
  const { machine, cores, node, commit, loadAverage, startedAt } = environment;
  return { on: { machine, cores, node, commit, loadAverage, at: startedAt }, workers: Number(threads), cpuNs, memory };
}

function scaling(): Measured['keys'] {
  const file = new URL('./results/W8.json', import.meta.url);
  return existsSync(file) ? keyCurves(JSON.parse(readFileSync(file, 'utf8')) as Result) : null;
}

if (import.meta.main) {
  const rounded = ({ devices, ...ns }: JobPoint): JobPoint => {
    const { cpuNs, workersNs, mainNs } = ns;
    return { devices, cpuNs: Math.round(cpuNs), workersNs: Math.round(workersNs), mainNs: Math.round(mainNs) };
  };
  const onlyKeys = process.argv.includes('--keys') && existsSync(FILE);
  let job: Measured['job'];
  if (onlyKeys) ({ job } = JSON.parse(readFileSync(FILE, 'utf8')) as Measured);
  else {
    const on = measuredOn();
    // First: what the process holds then is hardly more than the engine's.
    await pause((2 * MINUTE_MS - BEFORE_MINUTE_MS - (Date.now() % MINUTE_MS)) % MINUTE_MS);
    const slow = await observe('none', 200, WINDOWS_RATE, 1, WINDOWS_MS);
    const none: Observed[] = [];
    const each: Observed[] = [];
    const batch: Observed[] = [];
    for (const devices of DEVICES.none) none.push(await observe('none', devices, RATE.none, ROUNDS, MEASURE_MS));
    for (const devices of DEVICES.each) each.push(await observe('each', devices, RATE.each, ROUNDS, MEASURE_MS));
    for (const devices of DEVICES.batch) batch.push(await observe('batch', devices, RATE.batch, ROUNDS, MEASURE_MS));
    const [many, signed] = [none.at(-1)!, each.at(-1)!];
    const name = (one: Observed, topic: string) => recordBytes(one.status, one.prefix + topic);
    // What a task keeps without any device is no device's.
    const stateOf = ({ status }: Observed) => total(status.tasks.map(({ stateBytes }) => stateBytes));
    const fewer = each[0]!;
    const state = (stateOf(signed) - stateOf(fewer)) / (signed.point.devices - fewer.point.devices);
    job = {
      on,
      workers: WORKERS,
      none: none.map(({ point }) => rounded(point)),
      each: each.map(({ point }) => rounded(point)),
      batch: batch.map(({ point }) => rounded(point)),
      partitionCores: (WINDOWS_RATE * (slow.point.cpuNs - none[0]!.point.cpuNs)) / 1e9 / PARTITIONS,
      bytes: {
        frame: {
          none: Math.round(name(many, DEVICE_FRAMES)),
          each: Math.round(name(signed, DEVICE_FRAMES)),
          batch: Math.round(name(batch.at(-1)!, DEVICE_FRAMES) / BATCH_FRAMES),
        },
        reading: Math.round(name(signed, DEVICE_READINGS)),
        aggregate: Math.round(name(slow, DEVICE_AGGREGATES)),
        changes: Math.round(changesPerFrame(many)),
        state: Math.round(state),
        process: Math.round(slow.rssBytes),
      },
    };
  }
  const measured: Measured = { format: 1, job, keys: scaling() };
  writeFileSync(FILE, `${JSON.stringify(measured, null, 2)}\n`);
  console.log(JSON.stringify(measured));
}
