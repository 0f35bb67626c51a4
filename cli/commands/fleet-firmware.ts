/**
 * Devices of `msec fleet` that are the real firmware: each a process of its own with a software TPM of its own, which makes
 * and keeps its keys. They are enrolled by their public keys; the proof that a TPM has them is `msec device enrol`'s.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DeviceAdmin } from '../../console/index.ts';
import { MsecError, systemClock } from '../../engine/index.ts';
import { deviceKeys } from '../../firmware/provision/index.ts';
import { findSwtpm, type SwtpmProcess, startSwtpm } from '../../firmware/swtpm/index.ts';
import { openTpmAddress, publicKeyOf, Tpm } from '../../firmware/tpm/index.ts';
import { exportPublicKey } from '../../schemas/envelope/index.ts';
import type { BridgeAddress } from '../../services/fleet/index.ts';
import { note } from '../terminal.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'firmware', 'device', 'build', 'linux', 'msec-device');
const STOP_WITHIN_MS = 5_000;
export const FIRMWARE_MAX = 64;

const firmwareId = (number: number): string => `firmware-${String(number).padStart(4, '0')}`;
export const firmwareIds = (count: number): string[] => Array.from({ length: count }, (_, i) => firmwareId(i + 1));

export interface FirmwareOptions {
  readonly count: number;
  /** DATA/fleet/firmware: a folder for each device, with its TPM's state, its storage and its token. */
  readonly folder: string;
  readonly admin: DeviceAdmin;
  readonly mqtt: BridgeAddress;
  readonly mode: 'frame' | 'batch' | 'session';
  /** SPKI in PEM; for sessions. */
  readonly receiver: string | null;
  readonly intervalMs: number;
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

  /** DEPENDENCY_DOWN without swtpm or the firmware; DEVICE_EXISTS where a device's token is not in the folder any more. */
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
    const counts = { sent: 0, acknowledged: 0 };
    const units: Unit[] = [];
    try {
      for (let number = 1; number <= options.count; number++) {
        units.push(await startUnit(number, programs.swtpm, program, options, counts));
      }
      return new FirmwareFleet(units, counts);
    } catch (error) {
      await Promise.all(units.map(stopUnit));
      throw error;
    }
  }

  counts(): FirmwareCounts {
    return this.#counts;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#units.map(stopUnit));
  }
}

async function startUnit(
  number: number,
  swtpmProgram: string,
  program: string,
  options: FirmwareOptions,
  counts: { sent: number; acknowledged: number },
): Promise<Unit> {
  const id = firmwareId(number);
  const folder = join(options.folder, id);
  const state = join(folder, 'tpm');
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const swtpm = await startSwtpm(swtpmProgram, state);
  try {
    const identity = `00101000100${id.slice(-4)}`;
    const token = await tokenOf(folder, options.admin, id, identity, swtpm.address);
    const config = join(folder, 'device.conf');
    writeFileSync(config, configOf(id, identity, token, folder, swtpm.address, options), { mode: 0o600 });
    const child = spawn(program, ['--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
    const exited = once(child, 'exit').catch((error: Error) => note(`${id}: ${error.message}`));
    follow(id, child, counts);
    return { swtpm, child, exited };
  } catch (error) {
    await swtpm.kill();
    throw error;
  }
}

/** The first start makes the keys and enrols them. */
async function tokenOf(
  folder: string,
  admin: DeviceAdmin,
  deviceId: string,
  identity: string,
  address: string,
): Promise<string> {
  const file = join(folder, 'token');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const tpm = await Tpm.open(await openTpmAddress(address, systemClock));
  try {
    const { signing, agreement } = await deviceKeys(tpm);
    const [publicKey, sessionKey] = [signing, agreement].map(({ area }) =>
      exportPublicKey(publicKeyOf(area)).toString('base64'),
    );
    const added = await admin.add({ deviceId, type: 'enmon', identity, publicKey, sessionKey });
    const { token } = (added as { readonly secrets: { readonly token: string } }).secrets;
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    return token;
  } finally {
    await tpm.close();
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
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { event, frames } = eventOf(line);
      if (event === 'stored') counts.sent++;
      else if (event === 'acknowledged') counts.acknowledged += frames ?? 1;
    });
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => note(`${id}: ${line}`));
}

function eventOf(line: string): { readonly event?: string; readonly frames?: number } {
  try {
    return JSON.parse(line) as { readonly event?: string; readonly frames?: number };
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
