/**
 * From devices and how often they send to machines: plain arithmetic over what was measured (measured.json) and what is
 * assumed (Assumptions). Everything rounds up; more devices never need less.
 */
import { KeyCurve } from './key-curve.ts';
import type { JobPoint, Measured } from './measured.ts';

export interface Demand {
  readonly devices: number;
  readonly everyMs: number;
  readonly signed: 'each' | 'batch' | 'none';
}

/** What nobody measured: the operator's to say. Sizes in bytes, durations in milliseconds. */
export interface Assumptions {
  /** Copies of each record on the brokers. */
  readonly replication: number;
  /** The share of processors, brokers and networks that normal times may use. */
  readonly utilisation: number;
  /** Of a machine for msec. */
  readonly cores: number;
  /** Bytes a second that a broker can write, replicas counted. */
  readonly brokerWrite: number;
  readonly brokerDisk: number;
  /** Bytes a second of a broker's network, each way. */
  readonly brokerNetwork: number;
  readonly keepFramesMs: number;
  readonly keepReadingsMs: number;
  readonly keepAggregatesMs: number;
}

export interface CapacityPlan {
  readonly framesPerSecond: number;
  /** For each frame: all threads, and the share of the signature in it. */
  readonly cpuNsPerFrame: number;
  readonly keysPerWorker: number;
  readonly workers: number;
  readonly machines: number;
  readonly workersPerMachine: number;
  /** Of all machines, busy in normal times. */
  readonly cores: number;
  readonly partitions: number;
  readonly memoryPerMachine: number;
  readonly memory: number;
  readonly brokers: number;
  /** What the number of brokers follows from. */
  readonly brokersBecause: 'replication' | 'writing' | 'disk' | 'network';
  readonly disk: number;
  readonly diskByTopic: Readonly<Record<string, number>>;
  /** Bytes a second, over all brokers. */
  readonly networkIn: number;
  readonly networkOut: number;
  /** Keys of a worker that were measured at most; more of them are kept apart by more workers. */
  readonly isKeysBound: boolean;
}

const MINUTE_MS = 60_000;
const PARTITIONS_PER_WORKER = 2;
/** The changelog is cut off when it is so many times the state. */
const CHANGELOG_TIMES = 4;
/** Of a worker, where there is no curve over the keys. */
export const KEYS_MAX = 1e6;

export function capacityPlan(measured: Measured, demand: Demand, assumed: Assumptions): CapacityPlan {
  const { devices, everyMs, signed } = demand;
  const rate = (devices * 1000) / everyMs;
  const { cores, utilisation } = assumed;
  const cost = frameCost(measured, signed);
  const machine = machineOf(measured, signed, cores);
  // The fewest workers that are enough, with the keys that are left for each.
  const isEnough = (workers: number): boolean => {
    const keys = devices / workers;
    return keys <= cost.keysMax && rate * (cost.at(keys) * machine.workersShare) <= workers * utilisation * 1e9;
  };
  const workers = fewest(isEnough);
  const keysPerWorker = devices / workers;
  const cpuNsPerFrame = cost.at(keysPerWorker);
  const busyCores = (rate * cpuNsPerFrame) / 1e9 + partitionsFor(workers) * measured.job.partitionCores;
  // By what the workers may use and not by what they do, which falls a little with each worker more.
  const mayUse = (workers * utilisation) / machine.workersShare + partitionsFor(workers) * measured.job.partitionCores;
  const machines = Math.max(
    Math.ceil(workers / machine.workers),
    Math.ceil(mayUse / (cores * utilisation)),
    Math.ceil((rate * machine.mainNs) / (utilisation * 1e9)),
  );
  const workersPerMachine = Math.ceil(workers / machines);
  const { bytes } = measured.job;
  const stateOf = bytesPerDevice(measured);
  const memoryPerMachine = bytes.process + Math.ceil(devices / machines) * stateOf;
  const storage = storageOf(measured, demand, assumed, rate);
  return {
    ...{ framesPerSecond: rate, cpuNsPerFrame, keysPerWorker, machines, workersPerMachine },
    workers: workersPerMachine * machines,
    cores: busyCores,
    partitions: partitionsFor(workers + machines),
    memoryPerMachine,
    memory: memoryPerMachine * machines,
    ...storage,
    isKeysBound: workers > 1 && devices / (workers - 1) > cost.keysMax,
  };
}

interface Cost {
  at(keys: number): number;
  readonly keysMax: number;
}

/** By the keys of one worker: the job's own cost where it was measured, and what more keys add to it by W8's curve. */
export function frameCost({ job, keys }: Measured, signed: Demand['signed']): Cost {
  const own = new KeyCurve(job[signed].map(({ devices, cpuNs }) => ({ keys: devices / job.workers, value: cpuNs })));
  if (keys === null) return { at: (count) => own.at(count), keysMax: Math.max(KEYS_MAX, own.keysMax) };
  const curve = new KeyCurve(keys.cpuNs.map((point) => ({ keys: point.keys / keys.workers, value: point.value })));
  const { keysMax } = own;
  return {
    at: (count) =>
      count <= keysMax ? own.at(count) : own.at(keysMax) + Math.max(0, curve.at(count) - curve.at(keysMax)),
    keysMax: Math.max(keysMax, curve.keysMax),
  };
}

/** Threads of a machine: so many workers as leave room for the main thread and whatever else runs. */
function machineOf(measured: Measured, signed: Demand['signed'], cores: number) {
  const point = largest(measured.job[signed]);
  const workersShare = point.workersNs / point.cpuNs;
  return { workersShare, workers: Math.max(1, Math.floor(cores * workersShare)), mainNs: point.mainNs };
}

const largest = (points: readonly JobPoint[]): JobPoint =>
  points.reduce((found, point) => (point.devices > found.devices ? point : found));

/** Of the whole job's state; where windows alone were measured to take more, that. */
function bytesPerDevice({ job, keys }: Measured): number {
  const windows = keys === null ? 0 : (keys.memory.toSorted((a, b) => b.keys - a.keys)[0]?.value ?? 0);
  return Math.max(job.bytes.state, windows);
}

function storageOf(measured: Measured, { devices, everyMs, signed }: Demand, assumed: Assumptions, rate: number) {
  const { bytes } = measured.job;
  const { replication, utilisation, keepFramesMs, keepReadingsMs, keepAggregatesMs } = assumed;
  const windowsPerSecond = devices / (Math.max(everyMs, MINUTE_MS) / 1000);
  const kept = (bytesPerSecond: number, keepMs: number) => (bytesPerSecond * keepMs * replication) / 1000;
  const frames = rate * bytes.frame[signed];
  const readings = rate * bytes.reading;
  const aggregates = windowsPerSecond * bytes.aggregate;
  const changes = rate * bytes.changes;
  const diskByTopic = {
    'device.frames': kept(frames, keepFramesMs),
    'device.readings': kept(readings, keepReadingsMs),
    'device.aggregates': kept(aggregates, keepAggregatesMs),
    changelogs: devices * bytes.state * CHANGELOG_TIMES * replication,
  };
  const disk = Object.values(diskByTopic).reduce((sum, size) => sum + size, 0);
  const written = frames + readings + aggregates + changes;
  const networkIn = written * replication;
  // Followers read what they copy; the workers read the frames.
  const networkOut = written * (replication - 1) + frames;
  const wanted = {
    replication,
    writing: Math.ceil(networkIn / (assumed.brokerWrite * utilisation)),
    disk: Math.ceil(disk / (assumed.brokerDisk * utilisation)),
    network: Math.ceil(Math.max(networkIn, networkOut) / (assumed.brokerNetwork * utilisation)),
  };
  const brokers = Math.max(...Object.values(wanted));
  const because = (Object.keys(wanted) as (keyof typeof wanted)[]).find((name) => wanted[name] === brokers)!;
  return { disk, diskByTopic, networkIn, networkOut, brokers, brokersBecause: because };
}

/** The smallest whole number from 1 that is enough, where every greater one is, too. */
export function fewest(isEnough: (count: number) => boolean): number {
  let high = 1;
  while (!isEnough(high)) high *= 2;
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** A power of two, with more than one for each worker, so that keys are shared out evenly. */
const partitionsFor = (workers: number): number => 2 ** Math.ceil(Math.log2(workers * PARTITIONS_PER_WORKER));
