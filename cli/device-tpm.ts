/**
 * The TPM that a command works with: the one that is named, else the machine's own, else a software TPM that is made in
 * the data folder and runs for as long as the command does.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MsecError, systemClock } from '../engine/base/index.ts';
import { findSwtpm, makersCertificates, manufacture, startSwtpm } from '../firmware/swtpm/index.ts';
import { openTpmAddress, type SaltKey, Tpm } from '../firmware/tpm/index.ts';
import { NoInputError, note } from './terminal.ts';

const DEVICE = '/dev/tpmrm0';

export interface DeviceTpm {
  readonly address: string;
  /** Certificates of the maker's CA, in PEM; null where somebody must name them. */
  readonly makers: string | null;
  /** With sessions salted to `saltKey`. Closed by the caller. */
  connect(saltKey?: SaltKey): Promise<Tpm>;
  close(): Promise<void>;
}

export interface DeviceTpmOptions {
  /** device:/dev/tpmrm0, swtpm:host=…,port=…, swtpm:path=… */
  readonly address?: string;
  /** Where a software TPM is kept. */
  readonly folder: string;
  readonly say: (line: string) => void;
}

/** As a command's flag names it; a software TPM is kept in the data folder. */
export function tpmOfFlags({ tpm }: { readonly tpm?: string }, data: string): Promise<DeviceTpm> {
  return deviceTpm({ folder: join(data, 'swtpm'), say: note, ...(tpm === undefined ? {} : { address: tpm }) });
}

/** DEPENDENCY_DOWN where there is no TPM, and no swtpm either. */
export async function deviceTpm({ address, folder, say }: DeviceTpmOptions): Promise<DeviceTpm> {
  const named = address ?? (existsSync(DEVICE) ? `device:${DEVICE}` : undefined);
  if (named !== undefined) return connected(named, null, async () => undefined);
  const programs = findSwtpm(process.env.PATH ?? '');
  if (programs === null) {
    throw new MsecError(
      'DEPENDENCY_DOWN',
      `This machine has neither ${DEVICE} nor swtpm. Install the packages swtpm and swtpm-tools, or name a TPM with --tpm.`,
    );
  }
  const state = join(folder, 'state');
  const ca = join(folder, 'ca');
  if (!existsSync(state)) {
    say('Making a software TPM with a certificate of its own maker …');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await manufacture(programs, { state, ca });
  }
  const swtpm = await startSwtpm(programs.swtpm, state);
  return connected(swtpm.address, makersCertificates(ca), () => swtpm.kill());
}

function connected(address: string, makers: string | null, close: () => Promise<void>): DeviceTpm {
  return {
    address,
    makers,
    async connect(saltKey) {
      const transport = await openTpmAddress(address, systemClock);
      return await Tpm.open(transport, saltKey === undefined ? {} : { saltKey });
    },
    close,
  };
}

/** The text of a file that a flag names; where there is none the exit code is 66, as with every named file. */
export function fileOfFlag(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new NoInputError(`${file} of --${flag} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}
