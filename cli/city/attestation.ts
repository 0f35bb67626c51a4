/** Attestation as configured: its files, read before anything starts, and what keeps it going beside the engine. */
import { readFileSync } from 'node:fs';
import { type Clock, type Emit, type Engine, errorData, type Log, MsecError } from '../../engine/index.ts';
import {
  type AttestationJob,
  announceDevices,
  attestOptionsOf,
  type HeldFrames,
  Returns,
  returnTermsOf,
  TimeTicks,
} from '../../services/attestation/index.ts';
import type { DeviceService } from '../../services/devices/index.ts';
import type { Config, SettingName } from '../config/index.ts';

/** Null where devices are not attested. CONFIG_INVALID, POLICY_INVALID, SIGNATURE_INVALID. */
export function attestationJob(config: Config): AttestationJob | null {
  const file = config['attestation.policy'];
  if (file === null) return null;
  const references = config['attestation.references'];
  const key = config['attestation.referencesKey'];
  const job: AttestationJob = {
    policy: { file, text: textOf(file, 'attestation.policy') },
    references:
      references === null || key === null
        ? null
        : {
            file: references,
            text: textOf(references, 'attestation.references'),
            signature: readBytes(`${references}.sig`, 'attestation.references').toString('base64'),
            publicKey: textOf(key, 'attestation.referencesKey'),
          },
    terms: {
      intervalMs: config['attestation.interval'],
      jitter: config['attestation.jitter'],
      deadlineMs: config['attestation.deadline'],
      retryMs: config['attestation.retry'],
      failuresMax: config['attestation.failures'],
    },
    keyless: config['attestation.withoutKey'],
  };
  // What is wrong is said here and not by each worker.
  attestOptionsOf(job);
  return job;
}

export interface CityAttestation {
  close(): Promise<void>;
}

export interface CityAttestationOptions {
  readonly job: AttestationJob;
  readonly log: Log;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly partitions: number;
  readonly engine: Engine;
  readonly devices: DeviceService;
  readonly held: HeldFrames;
}

/** Once the engine runs. */
export async function startAttestation(options: CityAttestationOptions): Promise<CityAttestation> {
  const { log, clock, partitions, devices } = options;
  await announceDevices(log, clock, devices);
  const ticks = new TimeTicks(log, clock, partitions);
  ticks.start();
  const returns = returnsOf(options);
  returns.start();
  return {
    async close() {
      await returns.close();
      await ticks.close();
    },
  };
}

function returnsOf({ job, log, clock, emit, partitions, engine, held }: CityAttestationOptions): Returns {
  return new Returns({
    ...{ log, clock, held, partitions, terms: returnTermsOf(job) },
    isHere: (partition) => engine.isHere(partition),
    onFailure: (error) => {
      const { code, message } = errorData(error);
      emit('unexpectedError', { where: 'held frames of devices that are back', code, error: message });
    },
  });
}

/** Looking at all of a large registry would hold up the start. */
const LOOKS_MAX = 10_000;

/** What the user should know of devices that cannot prove anything; null where all can, or where it does not matter. */
export function keylessNote(config: Config, devices: Pick<DeviceService, 'hasKeyless'>): string | null {
  if (config['attestation.policy'] === null || config['attestation.withoutKey'] !== 'hold') return null;
  if (!devices.hasKeyless(LOOKS_MAX)) return null;
  return 'devices without an attestation key cannot prove their state: their frames are held in device.quarantine (attestation.withoutKey: pass lets them through)';
}

const textOf = (file: string, field: SettingName): string => readBytes(file, field).toString('utf8');

function readBytes(file: string, field: SettingName): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MsecError('CONFIG_INVALID', `${file} of ${field} cannot be read (${code}).`, { field, cause });
  }
}
