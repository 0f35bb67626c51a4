/** What `msec bench` and `msec profile` have in common: flags to settings, and the job with its devices. */
import { systemClock } from '../../engine/index.ts';
import { isOnKafka, workersOf } from '../city/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import type { Config } from '../config/index.ts';
import { EXIT } from '../exit-codes.ts';
import {
  BATCH_FRAMES,
  LoadFleet,
  LoadSteps,
  type LoadType,
  loadTypes,
  openScratchJob,
  type ScratchJob,
  type Signing,
  type ThreadProfile,
} from '../load/index.ts';
import { watchSignals } from '../signals.ts';
import { Exit, UsageError } from '../terminal.ts';
import { settingsOf } from './settings.ts';

export interface LoadFlags extends CommonFlags {
  readonly workers?: number;
  readonly devices: number;
  readonly signed: Signing;
  readonly types?: string;
  readonly scratch?: string;
}

export interface Load {
  readonly config: Config;
  readonly file: string | null;
  readonly types: readonly LoadType[];
  readonly devices: number;
  readonly signed: Signing;
}

const DEVICES_MAX = 1_000_000;

export function loadOf(flags: LoadFlags): Load {
  const { config, file } = settingsOf(flags, [['workers', '--workers', flags.workers]]);
  const { devices, signed } = flags;
  if (devices < 1 || devices > DEVICES_MAX)
    throw new UsageError(`--devices must be 1 to ${DEVICES_MAX.toLocaleString('en')}, is ${devices}`);
  const types = loadTypes(config, flags.types === undefined ? null : flags.types.split(','));
  return { config, file, types, devices, signed };
}

export interface RunningLoad {
  readonly job: ScratchJob;
  readonly fleet: LoadFleet;
  readonly steps: LoadSteps;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Whatever happens, folder and topics are gone when it resolves. */
export async function withLoad<T>(
  load: Load,
  place: string | null,
  profile: ThreadProfile | null,
  use: (running: RunningLoad) => Promise<T>,
): Promise<T> {
  const { config, types, devices, signed } = load;
  const stopped = new AbortController();
  const stop = watchSignals(process, systemClock, () => process.exit(EXIT.forced.code));
  void stop.requested.then(() => stopped.abort());
  let fleet: LoadFleet | null = null;
  try {
    const job = await openScratchJob(
      { config, place, clock: systemClock, profile },
      async (log, plan, _, keysFolder) => {
        const { partitions } = plan;
        fleet = await LoadFleet.enrol(log, { devices, types, signed, partitions, keysFolder, clock: systemClock });
      },
    );
    try {
      const steps = new LoadSteps(job, fleet!, systemClock, stopped.signal);
      try {
        const result = await use({ job, fleet: fleet!, steps, signal: stopped.signal });
        if (stopped.signal.aborted) throw new Exit(EXIT.forced.code);
        return result;
      } finally {
        await steps.close();
      }
    } finally {
      await job.close();
    }
  } finally {
    stop.release();
  }
}

/** One line that says what is under load. */
export function describeLoad({ config, file, types, devices, signed }: Load): string {
  const log = isOnKafka(config) ? `Kafka at ${config['kafka.bootstrap'].join(', ')}` : 'the embedded log';
  const workers = workersOf(config);
  const weights = types.reduce((sum, { weight }) => sum + weight, 0);
  const mix = types.map(({ name, weight }) => `${name} ${Math.round((weight * 100) / weights)} %`).join(', ');
  const actors = config.actors.length === 0 ? '' : ` with ${config.actors.length} added actors`;
  return `The main job${actors} (${file ?? 'default settings'}): ${config['log.partitions']} partitions, ${workers} workers, ${log}; ${devices.toLocaleString('en')} devices (${mix}), ${SIGNED[signed]}`;
}

const SIGNED: Readonly<Record<Signing, string>> = {
  each: 'each frame signed',
  batch: `${BATCH_FRAMES} frames under each signature`,
  none: 'no signatures',
};
