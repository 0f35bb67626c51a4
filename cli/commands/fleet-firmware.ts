/**
 * Devices of `msec fleet` that are the real firmware: each a process of its own with a software TPM of its own, which makes
 * and keeps its keys. One maker has made all of these TPMs; each device proves its keys as with `msec device enrol`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DeviceAdmin } from '../../console/index.ts';
import { MsecError, systemClock, systemRandom } from '../../engine/index.ts';
import { deviceKeys } from '../../firmware/provision/index.ts';
import {
  findSwtpm,
  makersCertificates,
  manufacture,
  type SwtpmProcess,
  type SwtpmPrograms,
  startSwtpm,
} from '../../firmware/swtpm/index.ts';
import { openTpmAddress, Tpm } from '../../firmware/tpm/index.ts';
import { EnrolmentAuthority } from '../../services/enrolment/index.ts';
import type { BridgeAddress } from '../../services/fleet/index.ts';
import { note } from '../terminal.ts';
import { CERTIFICATE_DAYS, certificateOf, keyedRow, provedKeys } from '../tpm-enrolment.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'firmware', 'device', 'build', 'linux', 'msec-device');
const STOP_WITHIN_MS = 5_000;
/** A TPM takes a processor for a second or more until it has its keys and certificate. */
const STARTED_AT_ONCE = 4;
export const FIRMWARE_MAX = 64;

const firmwareId = (number: number): string => `firmware-${String(number).padStart(4, '0')}`;
export const firmwareIds = (count: number): string[] => Array.from({ length: count }, (_, i) => firmwareId(i + 1));

export interface FirmwareOptions {
  readonly count: number;
  /** DATA/fleet/firmware: their TPMs' maker, and a folder for each device, with its TPM's state, its storage and its token. */
  readonly folder: string;
  /** DATA/enrolment: of the authority that certifies devices. */
  readonly authorityFolder: string;
  readonly admin: DeviceAdmin;
  readonly mqtt: BridgeAddress;
  readonly mode: 'frame' | 'batch' | 'session';
  /** SPKI in PEM; for sessions. */
  readonly receiver: string | null;
  readonly intervalMs: number;
  /** Starts no more of them from then on. */
  readonly signal: AbortSignal;
  /** Default: where `make -C firmware/device linux` leaves it. */
  readonly program?: string;
}

export interface FirmwareCounts {
  readonly sent: number;
  readonly acknowledged: number;
}

interface Unit {
  readonly swtpm: SwtpmProcess;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

export class FirmwareFleet {
  readonly #units: readonly Unit[];
  readonly #counts: { sent: number; acknowledged: number };

  private constructor(units: readonly Unit[], counts: { sent: number; acknowledged: number }) {
    this.#units = units;
    this.#counts = counts;
  }

  /**
   * DEPENDENCY_DOWN without swtpm or the firmware; DEVICE_EXISTS where a device's token is not in the folder any more;
   * ENROLMENT_REFUSED.
   */
  static async start(options: FirmwareOptions): Promise<FirmwareFleet> {
    const programs = findSwtpm(process.env.PATH ?? '');
    if (programs === null)
      throw new MsecError('DEPENDENCY_DOWN', 'This machine has no swtpm: install the packages swtpm and swtpm-tools.');
    const program = options.program ?? PROGRAM;
    if (!existsSync(program))
      throw new MsecError(
        'DEPENDENCY_DOWN',
        `There is no firmware at ${program}: make -C firmware/device linux builds it, or name it with --firmware-program.`,
      );
    const authority = EnrolmentAuthority.open(options.authorityFolder, systemClock.now(), systemRandom);
    const counts = { sent: 0, acknowledged: 0 };
    const starter = new UnitStarter({ ...options, program }, programs, authority, counts);
    const units: Unit[] = [];
    let next = 1;
    const lanes = Array.from({ length: STARTED_AT_ONCE }, async () => {
      while (next <= options.count && !options.signal.aborted) {
        const number = next++;
        try {
          units.push(await starter.start(number));
        } catch (error) {
          next = options.count + 1;
          throw error;
        }
      }
    });
    const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected');
    if (failed === undefined) return new FirmwareFleet(units, counts);
    await Promise.all(units.map(stopUnit));
    throw failed.reason;
  }

  counts(): FirmwareCounts {
    return this.#counts;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#units.map(stopUnit));
  }
}

class UnitStarter {
  readonly #options: FirmwareOptions & { readonly program: string };
  readonly #programs: SwtpmPrograms;
  readonly #authority: EnrolmentAuthority;
  readonly #counts: { sent: number; acknowledged: number };
  /** A port that is free is asked for and then taken: one TPM after another, or two would take the same. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    options: FirmwareOptions & { readonly program: string },
    programs: SwtpmPrograms,
    authority: EnrolmentAuthority,
    counts: { sent: number; acknowledged: number },
  ) {
    this.#options = options;
    this.#programs = programs;
    this.#authority = authority;
    this.#counts = counts;
  }

  async start(number: number): Promise<Unit> {
    const id = firmwareId(number);
    const folder = join(this.#options.folder, id);
    const state = join(folder, 'tpm');
    const tokenFile = join(folder, 'token');
    // Whatever TPM there is without a token was not enrolled.
    if (!existsSync(tokenFile)) {
      rmSync(state, { recursive: true, force: true });
      await manufacture(this.#programs, { state, ca: this.#ca });
    }
    const swtpm = await this.#power(state);
    try {
      const identity = `00101000100${id.slice(-4)}`;
      if (!existsSync(tokenFile)) await this.#enrol(id, identity, folder, swtpm.address);
      const token = readFileSync(tokenFile, 'utf8').trim();
      const config = join(folder, 'device.conf');
      writeFileSync(config, configOf(id, identity, token, folder, swtpm.address, this.#options), { mode: 0o600 });
      const child = spawn(this.#options.program, ['--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
      const exited = once(child, 'exit').catch((error: Error) => note(`${id}: ${error.message}`));
      follow(id, child, this.#counts);
      return { swtpm, child, exited };
    } catch (error) {
      await swtpm.kill();
      throw error;
    }
  }

  get #ca(): string {
    return join(this.#options.folder, 'maker');
  }

  #power(state: string): Promise<SwtpmProcess> {
    const started = this.#turn.then(() => startSwtpm(this.#programs.swtpm, state));
    this.#turn = started.catch(() => undefined);
    return started;
  }

  async #enrol(deviceId: string, identity: string, folder: string, address: string): Promise<void> {
    const tpm = await Tpm.open(await openTpmAddress(address, systemClock));
    try {
      const keys = await deviceKeys(tpm);
      const proved = await provedKeys(tpm, keys, makersCertificates(this.#ca));
      const row = { deviceId, type: 'enmon', identity, ...keyedRow(proved, keys, CERTIFICATE_DAYS) };
      const { secrets } = (await this.#options.admin.add(row)) as { readonly secrets: { readonly token: string } };
      writeFileSync(join(folder, 'token'), `${secrets.token}\n`, { mode: 0o600 });
      const certificate = certificateOf(this.#authority, deviceId, proved, CERTIFICATE_DAYS);
      writeFileSync(join(folder, 'certificate.pem'), certificate, { mode: 0o644 });
    } finally {
      await tpm.close();
    }
  }
}

function configOf(
  id: string,
  identity: string,
  token: string,
  folder: string,
  tcti: string,
  { mqtt, mode, receiver, intervalMs }: FirmwareOptions,
): string {
  const receiverFile = join(folder, 'receiver.pem');
  if (receiver !== null) writeFileSync(receiverFile, receiver);
  const lines = [
    ['device-id', id],
    ['token', token],
    ['broker', `${mqtt.host}:${mqtt.port}`],
    ['tcti', tcti],
    ['storage', join(folder, 'storage')],
    ['frame', 'enmon'],
    ['identity', identity],
    ['mode', mode],
    ['interval-ms', String(intervalMs)],
    ['batch', '16'],
    ['storage-sync', 'no'],
    ['trace', 'yes'],
    ...(mode === 'session'
      ? [
          ['receiver-key', receiverFile],
          ['signing-handle', '0x81000012'],
        ]
      : []),
  ];
  return `${lines.map(([key, value]) => `${key} = ${value}`).join('\n')}\n`;
}

function follow(id: string, child: ChildProcess, counts: { sent: number; acknowledged: number }): void {
  /** It says how many they are since its start. */
  let before = 0;
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { event, readings = before } = eventOf(line);
      if (event === 'stored') counts.sent++;
      if (event !== 'acknowledged') return;
      counts.acknowledged += readings - before;
      before = readings;
    });
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => note(`${id}: ${line}`));
}

function eventOf(line: string): { readonly event?: string; readonly readings?: number } {
  try {
    return JSON.parse(line) as { readonly event?: string; readonly readings?: number };
  } catch {
    return {};
  }
}

/** In order where it can; its readings wait in its storage. */
async function stopUnit({ child, exited, swtpm }: Unit): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  const force = systemClock.after(STOP_WITHIN_MS, () => child.kill('SIGKILL'));
  await exited;
  force.cancel();
  await swtpm.kill();
}
