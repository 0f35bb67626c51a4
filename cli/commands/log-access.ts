/**
 * The log and the devices of a data folder or a cluster, whether an engine runs on it or not. Reading never disturbs a
 * running engine; changes go through the admin API of the folder's engine. Without one, the log itself is changed: the
 * embedded one is then nobody else's, and on Kafka the ownership of what is changed keeps several writers apart.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import {
  consoleProof,
  type DeviceAdmin,
  type DevicePage,
  type InteractionAdmin,
  type RuleAdmin,
  type StandingAdmin,
} from '../../console/index.ts';
import {
  ERROR_TABLE,
  type ErrorCode,
  type Log,
  MsecError,
  openEmbeddedLog,
  openEmbeddedLogReadOnly,
  openKafkaLog,
  type ReadOnlyLog,
  RecordAppender,
  systemClock,
  type TopicConfig,
} from '../../engine/index.ts';
import {
  DEVICE_REGISTRY,
  deviceRegistryConfig,
  interactionCodec,
  TRUST_INTERACTIONS,
  TRUST_SCORES,
} from '../../schemas/topics/index.ts';
import { DayKeyFiles } from '../../services/day-keys/index.ts';
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
  EMBEDDED,
  examiningOf,
  heldFramesOf,
  interactionAdmin,
  isOnKafka,
  kafkaSettings,
  logName,
  makeDataFolder,
  openIdsRules,
  ruleAdmin,
  ruleKeysOf,
  runningNote,
  SCHEMAS_TOPIC,
  standingAdmin,
} from '../city/index.ts';
import type { Config } from '../config/index.ts';
import { schemaIdsIn } from './log-schemas.ts';

/**
 * TOPIC_UNKNOWN where there is no log yet. Of a cluster, which may hold much else, `describe` without names gives the
 * city's topics.
 */
export async function readLog<T>(config: Config, use: (log: ReadOnlyLog) => Promise<T>): Promise<T> {
  const folder = folderOf(config);
  const log = isOnKafka(config) ? await kafkaToRead(config, folder) : await embeddedToRead(config, folder);
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

async function embeddedToRead(config: Config, folder: DataFolder): Promise<ReadOnlyLog> {
  let log: ReadOnlyLog;
  try {
    log = await openEmbeddedLogReadOnly(folder.log);
  } catch (cause) {
    if (!(cause instanceof MsecError) || cause.code !== 'CONFIG_INVALID') throw cause;
    throw noLog(config, folder, cause);
  }
  // An engine on Kafka leaves its claim there, and no topic.
  if ((await log.describe()).length > 0) return log;
  await log.close();
  throw noLog(config, folder);
}

async function kafkaToRead(config: Config, folder: DataFolder): Promise<ReadOnlyLog> {
  const ours = [...(await topicsOf(config, folder)).map(({ name }) => name), SCHEMAS_TOPIC.name];
  const log = await openOnKafka(config);
  return {
    describe: (names) => log.describe(names ?? ours),
    openReader: () => log.openReader(),
    close: () => log.close(),
  };
}

/** Somebody waits at a terminal: it gives up earlier than an engine. */
function openOnKafka(config: Config): Promise<Log> {
  return openKafkaLog({ ...kafkaSettings(config, process.env.MSEC_KAFKA_PASSWORD), retryMsMax: RETRY_MS_MAX });
}

async function topicsOf(config: Config, folder: DataFolder): Promise<readonly TopicConfig[]> {
  const plan = cityPlan(await mainJobTopology(cityJobConfig(config, folder)), config);
  return [...plan.topics, deviceRegistryConfig(plan.partitions)];
}

const folderOf = (config: Config): DataFolder => dataFolder(config.data, config['keys.folder']);

function noLog(config: Config, folder: DataFolder, cause?: unknown): MsecError {
  if (isOnKafka(config))
    return new MsecError(
      'TOPIC_UNKNOWN',
      `${config['kafka.bootstrap'].join(', ')} has no topics of msec yet: start it with msec up --kafka.`,
    );
  const hint = isUsedOnKafka(folder)
    ? 'the engine that runs in it works on Kafka, so name the brokers with --kafka'
    : 'start it with msec up, or name another folder with --data';
  return new MsecError('TOPIC_UNKNOWN', `There is no log in ${folder.path} yet: ${hint}.`, { cause });
}

function isUsedOnKafka(folder: DataFolder): boolean {
  const running = runningNote(folder);
  return running !== undefined && running.log !== EMBEDDED && isAlive(running.pid);
}

/** Devices and resends, of the running engine or of the log itself. LOG_LOCKED, DEPENDENCY_DOWN. */
export async function withAdmin<T>(
  config: Config,
  use: (admin: DeviceAdmin) => Promise<T>,
  { mayMake }: { readonly mayMake: boolean } = { mayMake: false },
): Promise<T> {
  const folder = folderOf(config);
  const running = await runningConsole(config, folder);
  if (running !== undefined) return use(remoteAdmin(running.address, running.token));
  // Only an enrolment may come before the first start; anything else has mistaken the folder.
  if (!isOnKafka(config) && ((!mayMake && !existsSync(folder.log)) || isUsedOnKafka(folder)))
    throw noLog(config, folder);
  const log = await toChange(config, folder);
  try {
    if (!mayMake && (await log.describe([DEVICE_REGISTRY])).length === 0) throw noLog(config, folder);
    await log.createTopics(await topicsOf(config, folder));
    const devices = await DeviceService.open({ log, clock: systemClock });
    const keys = new DayKeyFiles(folder.keys, systemClock, isOnKafka(config));
    const held = heldFramesOf(log, systemClock, keys, null);
    try {
      return await use(deviceAdmin({ devices, held, log, types: cityFrameTypes(config) }));
    } finally {
      await held.close();
      await devices.close();
    }
  } finally {
    await log.close();
  }
}

const toChange = (config: Config, folder: DataFolder): Promise<Log> =>
  isOnKafka(config) ? openOnKafka(config) : embeddedToChange(folder);

/** As `list` of `withRules`, without the lock: an engine that starts meanwhile is not disturbed. CONFIG_INVALID, DEPENDENCY_DOWN. */
export async function listRules(config: Config): Promise<unknown> {
  const folder = folderOf(config);
  const running = await runningConsole(config, folder);
  if (running !== undefined) return remoteRules(running.address, running.token).list();
  const keys = ruleKeysOf(config);
  if (keys.length === 0) throw nobodysBundles();
  const { readOverview } = await import('../../services/ids-rules/index.ts');
  return readLog(config, async (log) => ({
    ...(await readOverview(log, keys, config['ids.signedRollBack'])),
    examining: examiningOf(config, null),
  }));
}

const nobodysBundles = (): MsecError =>
  new MsecError('CONFIG_INVALID', 'No bundles of rules are taken here: ids.ruleKeys names nobody.', {
    field: 'ids.ruleKeys',
  });

/** Bundles of rules, of the running engine or of the log itself. CONFIG_INVALID, LOG_LOCKED, DEPENDENCY_DOWN. */
export async function withRules<T>(config: Config, use: (rules: RuleAdmin) => Promise<T>): Promise<T> {
  const folder = folderOf(config);
  const running = await runningConsole(config, folder);
  if (running !== undefined) return use(remoteRules(running.address, running.token));
  if (!isOnKafka(config) && (!existsSync(folder.log) || isUsedOnKafka(folder))) throw noLog(config, folder);
  const log = await toChange(config, folder);
  try {
    const desk = await openIdsRules({ config, folder, log, clock: systemClock, emit: null, plan: null });
    if (desk === null) throw nobodysBundles();
    try {
      return await use(ruleAdmin(desk, config, null));
    } finally {
      await desk.close();
    }
  } finally {
    await log.close();
  }
}

/** Interactions, by the running engine or into the log itself. TOPIC_UNKNOWN, LOG_LOCKED, DEPENDENCY_DOWN. */
export async function withInteractions<T>(config: Config, use: (admin: InteractionAdmin) => Promise<T>): Promise<T> {
  const folder = folderOf(config);
  const running = await runningConsole(config, folder);
  if (running !== undefined) {
    const call = consoleCall(running.address, running.token);
    return use({ tell: (request) => call('POST', '/api/interactions', request) });
  }
  if (!isOnKafka(config) && (!existsSync(folder.log) || isUsedOnKafka(folder))) throw noLog(config, folder);
  const log = await toChange(config, folder);
  try {
    const [topic] = await log.describe([TRUST_INTERACTIONS]);
    if (topic === undefined)
      throw new MsecError(
        'TOPIC_UNKNOWN',
        `There is no topic ${TRUST_INTERACTIONS}: trust is kept where the configuration has trust.enabled.`,
      );
    const { partitions } = topic;
    const schemaIds = await schemaIdsIn(log, interactionCodec());
    const appender = new RecordAppender(log);
    try {
      return await use(interactionAdmin({ config, schemaIds, partitions, appender, clock: systemClock }));
    } finally {
      await appender.close();
    }
  } finally {
    await log.close();
  }
}

/** How providers stand, by the running engine or by the log itself. TOPIC_UNKNOWN, LOG_LOCKED, DEPENDENCY_DOWN. */
export async function withStanding<T>(config: Config, use: (admin: StandingAdmin) => Promise<T>): Promise<T> {
  const folder = folderOf(config);
  const running = await runningConsole(config, folder);
  if (running !== undefined) return use(remoteStanding(running.address, running.token));
  if (!isOnKafka(config) && (!existsSync(folder.log) || isUsedOnKafka(folder))) throw noLog(config, folder);
  const log = await toChange(config, folder);
  try {
    if ((await log.describe([TRUST_SCORES])).length > 0) await log.createTopics(await topicsOf(config, folder));
    return await use(standingAdmin({ log, clock: systemClock, emit: null, desk: null }));
  } finally {
    await log.close();
  }
}

function embeddedToChange(folder: DataFolder): Promise<Log> {
  makeDataFolder(folder);
  return openEmbeddedLog(folder.log).catch((cause: unknown) => {
    if (!(cause instanceof MsecError) || cause.code !== 'LOG_LOCKED') throw cause;
    throw new MsecError('LOG_LOCKED', `Another msec has ${folder.path} and does not answer on its console.`, { cause });
  });
}

function tokenOf(config: Config, folder: DataFolder): string {
  return adminToken(config['console.adminTokenFile'] ?? folder.adminToken, false, process.env.MSEC_ADMIN_TOKEN);
}

/** What is told is durable before the answer: a busy machine may take many seconds for it. */
const ANSWER_MS = 60_000;
const RULES_ANSWER_MS = 150_000;
const RETRY_MS_MAX = 10_000;

/**
 * The console of the engine that runs on the folder; undefined where the note is old or there is none. NOT_AUTHENTICATED
 * where what answers there does not have the token: it is not shown to it then.
 */
async function runningConsole(
  config: Config,
  folder: DataFolder,
): Promise<{ readonly address: string; readonly token: string } | undefined> {
  const running = runningNote(folder);
  // An engine on another log, which happens to use the same folder, knows nothing of what is asked.
  if (running === undefined || running.log !== logName(config) || !isAlive(running.pid)) return undefined;
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

/** What the console of the folder's engine answers; undefined where none runs. */
export async function askRunning(config: Config, path: string): Promise<unknown> {
  const running = await runningConsole(config, folderOf(config));
  return running === undefined ? undefined : consoleCall(running.address, running.token)('GET', path);
}

/** A body that is no bytes goes as JSON. */
function consoleCall(address: string, token: string, answerMs = ANSWER_MS) {
  return async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> => {
    let answer: Response;
    const type = body instanceof Uint8Array ? 'application/octet-stream' : 'application/json';
    const sent = body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
    try {
      answer = await fetch(`${address}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': type },
        ...(body === undefined ? {} : { body: sent }),
        signal: AbortSignal.timeout(answerMs),
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
}

function remoteRules(address: string, token: string): RuleAdmin {
  // A large bundle is compiled before the answer.
  const call = consoleCall(address, token, RULES_ANSWER_MS);
  return {
    bytesMax: Number.POSITIVE_INFINITY,
    list: () => call('GET', '/api/ids/rules'),
    push: (bundle, by) => call('POST', `/api/ids/rules?by=${encodeURIComponent(by)}`, bundle),
    rollBack: (request) => call('POST', '/api/ids/rules/roll-back', request),
  };
}

function remoteStanding(address: string, token: string): StandingAdmin {
  const call = consoleCall(address, token);
  const part = encodeURIComponent;
  return {
    order: (service, trustee, request) =>
      call('POST', `/api/reputation/${part(service)}/${part(trustee)}/standing`, request),
  };
}

function remoteAdmin(address: string, token: string): DeviceAdmin {
  const call = consoleCall(address, token);
  const part = encodeURIComponent;
  return {
    list: async (after, limit) => (await call('GET', `/api/devices?after=${part(after)}&limit=${limit}`)) as DevicePage,
    add: (request) => call('POST', '/api/devices', request),
    change: (action, device) => call('POST', `/api/devices/${part(device)}/${action}`),
    decide: (decision, device, request) => call('POST', `/api/devices/${part(device)}/held/${decision}`, request),
    place: (device, request) => call('POST', `/api/devices/${part(device)}/place`, request),
    renew: (device, request) => call('POST', `/api/devices/${part(device)}/renew`, request),
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
