/**
 * The log and the devices of a data folder, whether an engine runs on it or not. Reading never disturbs a running
 * engine; changes go through its admin API, and only where none runs is the log opened for writing.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { consoleProof, type DeviceAdmin } from '../../console/index.ts';
import {
  ERROR_TABLE,
  type ErrorCode,
  MsecError,
  openEmbeddedLog,
  openEmbeddedLogReadOnly,
  type ReadOnlyLog,
  systemClock,
} from '../../engine/index.ts';
import { deviceRegistryConfig } from '../../schemas/topics/index.ts';
import { DeviceService } from '../../services/devices/index.ts';
import { mainJobTopology } from '../../services/main-job/index.ts';
import {
  adminToken,
  cityFrameTypes,
  cityJobConfig,
  cityPlan,
  type DataFolder,
  dataFolder,
  deviceAdmin,
  makeDataFolder,
  runningNote,
} from '../city/index.ts';
import type { Config } from '../config/index.ts';

/** TOPIC_UNKNOWN where there is no log yet. */
export async function readLog<T>(config: Config, use: (log: ReadOnlyLog) => Promise<T>): Promise<T> {
  const folder = dataFolder(config.data);
  let log: ReadOnlyLog;
  try {
    log = await openEmbeddedLogReadOnly(folder.log);
  } catch (cause) {
    if (!(cause instanceof MsecError) || cause.code !== 'CONFIG_INVALID') throw cause;
    throw noLog(folder, cause);
  }
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

const noLog = (folder: DataFolder, cause?: unknown): MsecError =>
  new MsecError(
    'TOPIC_UNKNOWN',
    `There is no log in ${folder.path} yet: start it with msec up, or name another folder with --data.`,
    { cause },
  );

/** Devices and resends, of the running engine or of the log itself. LOG_LOCKED, DEPENDENCY_DOWN. */
export async function withAdmin<T>(
  config: Config,
  use: (admin: DeviceAdmin) => Promise<T>,
  { mayMake }: { readonly mayMake: boolean } = { mayMake: false },
): Promise<T> {
  const folder = dataFolder(config.data);
  const running = await runningConsole(config, folder);
  if (running !== undefined) return use(remoteAdmin(running.address, running.token));
  // Only an enrolment may come before the first start; anything else has mistaken the folder.
  if (!mayMake && !existsSync(folder.log)) throw noLog(folder);
  makeDataFolder(folder);
  const log = await openEmbeddedLog(folder.log).catch((cause: unknown) => {
    if (!(cause instanceof MsecError) || cause.code !== 'LOG_LOCKED') throw cause;
    throw new MsecError('LOG_LOCKED', `Another msec has ${folder.path} and does not answer on its console.`, { cause });
  });
  try {
    const definition = await mainJobTopology(cityJobConfig(config, folder));
    const plan = cityPlan(definition, config);
    await log.createTopics([...plan.topics, deviceRegistryConfig(plan.partitions)]);
    const devices = await DeviceService.open({ log, clock: systemClock });
    try {
      return await use(deviceAdmin(devices, log, cityFrameTypes(config)));
    } finally {
      await devices.close();
    }
  } finally {
    await log.close();
  }
}

function tokenOf(config: Config, folder: DataFolder): string {
  return adminToken(config['console.adminTokenFile'] ?? folder.adminToken, false, process.env.MSEC_ADMIN_TOKEN);
}

const ANSWER_MS = 5_000;

/**
 * The console of the engine that runs on the folder; undefined where the note is old or there is none. NOT_AUTHENTICATED
 * where what answers there does not have the token: it is not shown to it then.
 */
async function runningConsole(
  config: Config,
  folder: DataFolder,
): Promise<{ readonly address: string; readonly token: string } | undefined> {
  const running = runningNote(folder);
  if (running === undefined || !isAlive(running.pid)) return undefined;
  const address = running.console;
  const nonce = randomBytes(16).toString('hex');
  let health: { readonly proof?: unknown };
  try {
    const answer = await fetch(`${address}/healthz?nonce=${nonce}`, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!answer.ok) return undefined;
    health = (await answer.json()) as typeof health;
  } catch {
    return undefined;
  }
  const token = tokenOf(config, folder);
  if (health.proof === consoleProof(token, nonce)) return { address, token };
  throw new MsecError(
    'NOT_AUTHENTICATED',
    `What answers at ${address} does not have the admin token of ${folder.path}: it was started with another one, or is another program.`,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function remoteAdmin(address: string, token: string): DeviceAdmin {
  const call = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> => {
    let answer: Response;
    try {
      answer = await fetch(`${address}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    } catch (cause) {
      throw new MsecError('DEPENDENCY_DOWN', `The engine at ${address} does not answer.`, { cause });
    }
    const result = (await answer.json()) as { error?: { code?: string; message?: string; field?: string } };
    if (answer.ok) return result;
    const { code, message, field } = result.error ?? {};
    const known = code !== undefined && Object.hasOwn(ERROR_TABLE, code) ? (code as ErrorCode) : 'DEPENDENCY_DOWN';
    throw new MsecError(
      known,
      message ?? `The engine answered ${answer.status}.`,
      field === undefined ? {} : { field },
    );
  };
  const part = encodeURIComponent;
  return {
    list: async () => (await call('GET', '/api/devices')) as readonly unknown[],
    add: (request) => call('POST', '/api/devices', request),
    change: (action, device) => call('POST', `/api/devices/${part(device)}/${action}`),
    resend: ({ topic, partition, offset }) => call('POST', `/api/dlq/${part(topic)}/${partition}/${offset}/resend`),
  };
}

/** A public key in PEM or DER, as base64 of its DER. */
export function publicKeyOf(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new MsecError(
      'CONFIG_INVALID',
      `The key ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      { field: 'public-key', cause },
    );
  }
  const pem = /-----BEGIN PUBLIC KEY-----([\s\S]+?)-----END PUBLIC KEY-----/.exec(bytes.toString('latin1'));
  if (pem !== null) return pem[1]!.replace(/\s/g, '');
  if (bytes.includes('PRIVATE KEY')) {
    throw new MsecError(
      'CONFIG_INVALID',
      `${file} holds a private key; give the public one: openssl pkey -in ${file} -pubout`,
      { field: 'public-key' },
    );
  }
  return bytes.toString('base64');
}
