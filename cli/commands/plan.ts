/** `msec plan`: from so many devices to machines and brokers, by what was measured; says what is measured and what is assumed. */
import {
  type Assumptions,
  type CapacityPlan,
  type CurveError,
  capacityPlan,
  type Demand,
  KEYS_MAX,
  leaveOneOut,
  type Measured,
  readMeasured,
} from '../capacity/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { DURATION_UNITS, parseDuration, parseSize, SIZE_UNITS } from '../config/index.ts';
import { BATCH_FRAMES } from '../load/index.ts';
import { paint, print, printJson, table, UsageError } from '../terminal.ts';
import { settingsOf } from './settings.ts';

export interface PlanFlags extends CommonFlags {
  readonly devices?: number;
  readonly every: string;
  readonly signed: Demand['signed'];
  readonly replication: number;
  readonly headroom: number;
  readonly cores: number;
  readonly brokerWrite: string;
  readonly brokerDisk: string;
  readonly brokerNetwork: string;
  readonly keepFrames?: string;
  readonly keepReadings?: string;
  readonly keepAggregates?: string;
}

/** Devices, where nobody says how many. */
const PLACES = { 'a city': 1e5, 'a country': 1e7, 'a continent': 3e8 } as const;
/** What one application enrols at most: services/devices. */
const ENROLLED_MAX = 100_000;
const DEVICES_MAX = 1e12;

export async function runPlan(flags: PlanFlags): Promise<number> {
  const assumed = assumptionsOf(flags);
  const everyMs = duration('--every', flags.every);
  if (everyMs < 1) throw new UsageError('--every must be at least 1ms');
  const { devices, signed } = flags;
  if (devices !== undefined && (devices < 1 || devices > DEVICES_MAX))
    throw new UsageError(`--devices must be 1 to ${DEVICES_MAX}, is ${devices}`);
  const places = devices === undefined ? Object.entries(PLACES) : [[`${whole(devices)} devices`, devices] as const];
  const measured = readMeasured();
  const error = measured.keys === null ? null : leaveOneOut(measured.keys.cpuNs);
  const plans = places.map(([place, count]) => {
    const demand: Demand = { devices: count, everyMs, signed };
    return { place, demand, plan: capacityPlan(measured, demand, assumed) };
  });
  if (flags.json) {
    for (const { place, demand, plan } of plans)
      printJson({
        place,
        ...demand,
        ...plan,
        assumed,
        error,
        measured: { job: measured.job.on, keys: measured.keys?.on ?? null },
      });
    return 0;
  }
  const columns = [{ title: '' }, ...plans.map(({ place }) => ({ title: place, align: 'right' as const }))];
  const rows = ROWS.map(([name, of]) => [name, ...plans.map(({ plan, demand }) => of(plan, demand))]);
  for (const line of table(columns, rows)) print(line);
  for (const line of notes(measured, error, assumed, flags, plans)) print(line);
  return 0;
}

function assumptionsOf(flags: PlanFlags): Assumptions {
  const { config } = settingsOf(flags);
  const { replication, headroom, cores } = flags;
  if (replication < 1 || replication > 32) throw new UsageError(`--replication must be 1 to 32, is ${replication}`);
  if (headroom < 0 || headroom > 0.99) throw new UsageError(`--headroom must be 0 to 0.99, is ${headroom}`);
  if (cores < 1 || cores > 1024) throw new UsageError(`--cores must be 1 to 1024, is ${cores}`);
  const kept = (flag: string, text: string | undefined, otherwise: number) =>
    text === undefined ? otherwise : duration(flag, text);
  return {
    ...{ replication, cores, utilisation: 1 - headroom },
    brokerWrite: size('--broker-write', flags.brokerWrite),
    brokerDisk: size('--broker-disk', flags.brokerDisk),
    brokerNetwork: size('--broker-network', flags.brokerNetwork),
    keepFramesMs: kept('--keep-frames', flags.keepFrames, config['retention.frames']),
    keepReadingsMs: kept('--keep-readings', flags.keepReadings, config['retention.readings']),
    keepAggregatesMs: kept('--keep-aggregates', flags.keepAggregates, config['retention.aggregates']),
  };
}

function duration(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === null)
    throw new UsageError(`${flag} must be a duration with a unit (${DURATION_UNITS.join(', ')}), is "${text}"`);
  return ms;
}

function size(flag: string, text: string): number {
  const bytes = parseSize(text);
  if (bytes === null || bytes < 1)
    throw new UsageError(`${flag} must be a size with a unit (${SIZE_UNITS.join(', ')}), is "${text}"`);
  return bytes;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;

export function bytesText(bytes: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${value >= 100 ? whole(value) : value.toPrecision(3)} ${BYTE_UNITS[power]}`;
}

const SIGNED: Readonly<Record<Demand['signed'], string>> = {
  each: 'each with its signature',
  batch: `${BATCH_FRAMES} under one signature`,
  none: 'unsigned',
};

const BECAUSE = {
  replication: 'one for each copy',
  writing: 'by what they write',
  disk: 'by their disks',
  network: 'by their network',
} as const;

const ROWS: readonly (readonly [string, (plan: CapacityPlan, demand: Demand) => string])[] = [
  ['devices', (_, { devices }) => whole(devices)],
  ['frames a second', ({ framesPerSecond }) => whole(framesPerSecond)],
  ['processor time a frame', ({ cpuNsPerFrame }) => `${(cpuNsPerFrame / 1000).toFixed(2)} µs`],
  ['cores busy', ({ cores }) => (cores >= 10 ? whole(cores) : cores.toPrecision(2))],
  ['machines for msec', ({ machines }) => whole(machines)],
  ['workers', ({ workers, workersPerMachine }) => `${whole(workers)} (${workersPerMachine} each)`],
  ['keys of a worker', ({ keysPerWorker }) => whole(keysPerWorker)],
  ['memory of msec', ({ memory, memoryPerMachine }) => `${bytesText(memory)} (${bytesText(memoryPerMachine)} each)`],
  ['partitions', ({ partitions }) => whole(partitions)],
  ['brokers', ({ brokers, brokersBecause }) => `${whole(brokers)} (${BECAUSE[brokersBecause]})`],
  ['disk of the brokers', ({ disk }) => bytesText(disk)],
  ['  of that frames', ({ diskByTopic }) => bytesText(diskByTopic['device.frames']!)],
  ['  readings', ({ diskByTopic }) => bytesText(diskByTopic['device.readings']!)],
  ['  aggregates', ({ diskByTopic }) => bytesText(diskByTopic['device.aggregates']!)],
  ['into the brokers', ({ networkIn }) => `${bytesText(networkIn)}/s`],
  ['out of the brokers', ({ networkOut }) => `${bytesText(networkOut)}/s`],
];

function notes(
  measured: Measured,
  error: CurveError | null,
  assumed: Assumptions,
  { every, signed }: PlanFlags,
  plans: readonly { readonly demand: Demand; readonly plan: CapacityPlan }[],
): string[] {
  const { on, bytes } = measured.job;
  const days = (ms: number) =>
    ms >= 86_400_000 ? `${Math.round(ms / 8_640_000) / 10} d` : `${Math.round(ms / 360_000) / 10} h`;
  const points = measured.job[signed];
  const costs = points.map(
    ({ devices, cpuNs }) =>
      `${(cpuNs / 1000).toFixed(2)} µs with ${whole(devices / measured.job.workers)} devices of a worker`,
  );
  const lines = [
    '',
    paint('bold', 'Measured'),
    `  A frame of EnMon every ${every}, ${SIGNED[signed]}, through the whole main job on the embedded log: ${costs.join(', ')};`,
    `  ${bytes.frame[signed]} bytes a frame, ${bytes.reading} a reading, ${bytes.aggregate} an aggregate, ${bytes.changes} of changelog a frame.`,
    `  ${on.machine}, ${on.cores} cores, Node ${on.node}, commit ${on.commit.slice(0, 12)}, ${on.at.slice(0, 10)}${on.loadAverage > on.cores ? `, with others at work on it (load average ${on.loadAverage}): rather too much than too little` : ''}. Another machine is another figure: msec bench.`,
    ...(measured.keys === null
      ? [
          `  W8 (more keys) is not measured: a frame is taken to cost no more with up to ${whole(KEYS_MAX)} keys of a worker.`,
        ]
      : [
          `  More keys cost what W8 measured, up to ${whole(Math.max(...measured.keys.cpuNs.map(({ keys }) => keys)) / measured.keys.workers)} of a worker${errorText(error)}.`,
        ]),
    '',
    paint('bold', 'Assumed'),
    `  ${assumed.replication} copies of each record (--replication); ${Math.round(assumed.utilisation * 100)} % of processors, brokers and networks used in normal times (--headroom ${(1 - assumed.utilisation).toFixed(2)}); machines of ${assumed.cores} cores (--cores);`,
    `  a broker writes ${bytesText(assumed.brokerWrite)}/s, copies included (--broker-write), has ${bytesText(assumed.brokerDisk)} of disk (--broker-disk) and ${bytesText(assumed.brokerNetwork)}/s of network (--broker-network); nothing is compressed;`,
    `  frames are kept ${days(assumed.keepFramesMs)}, readings ${days(assumed.keepReadingsMs)}, aggregates ${days(assumed.keepAggregatesMs)} (--keep-frames, --keep-readings, --keep-aggregates, or the configuration's retention).`,
    '  Bridges, which take the frames in, and their machines are not part of it; brokers run on machines of their own.',
  ];
  if (plans.some(({ plan }) => plan.isKeysBound))
    lines.push('  There are as many workers as the keys need: no more of them for one worker were measured.');
  if (plans.some(({ demand }) => demand.devices > ENROLLED_MAX))
    lines.push(
      paint(
        'yellow',
        `  One application enrols ${whole(ENROLLED_MAX)} devices at most in this version: more of them take several applications.`,
      ),
    );
  return lines;
}

function errorText(error: CurveError | null): string {
  if (error?.mean === null || error?.mean === undefined || error.max === null) return '';
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  return `; each of its ${error.points} inner points is told by the others to ${percent(error.mean)}, the worst to ${percent(error.max)}`;
}
