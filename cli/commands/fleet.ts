/**
 * `msec fleet`: virtual devices with keys of their own against a running engine, faulty on demand. What became of their
 * frames is read from the topics, not asked of the devices.
 */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { DeviceAdmin } from '../../console/index.ts';
import { MsecError, pause, systemClock, systemRandom } from '../../engine/index.ts';
import { type DeviceKey, type DeviceState, KEY_MODES } from '../../schemas/device/index.ts';
import type { Enrolment } from '../../services/devices/index.ts';
import {
  type BridgeAddress,
  type Enroller,
  type FaultShare,
  FLEET_FAULTS,
  FleetRun,
  type FleetSigning,
  fleetDeviceId,
  parseFault,
  startFleetMemory,
} from '../../services/fleet/index.ts';
import { makeSessionKey, newestSessionKey } from '../../services/session-keys/index.ts';
import { dataFolder } from '../city/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import type { Config } from '../config/index.ts';
import { EXIT } from '../exit-codes.ts';
import { nearMiss } from '../near-miss.ts';
import { watchSignals } from '../signals.ts';
import { note, paint, print, printJson, UsageError } from '../terminal.ts';
import { FIRMWARE_MAX, FirmwareFleet, firmwareIds } from './fleet-firmware.ts';
import { FleetWatch, type Watched } from './fleet-watch.ts';
import { readLog, withAdmin } from './log-access.ts';
import { settingsOf } from './settings.ts';

export interface FleetFlags extends CommonFlags {
  readonly devices: number;
  readonly rate?: number;
  readonly fault?: readonly string[];
  readonly signing: 'frame' | 'batch' | 'session';
  readonly seed?: number;
  readonly seconds?: number;
  readonly mqtt?: string;
  readonly http?: string;
  readonly firmware?: number;
  readonly firmwareProgram?: string;
}

const DEVICES_MAX = 20_000;
const RATE_MAX = 100_000;
const REPORT_MS = 1_000;
const STOP_WITHIN_MS = 5_000;
/** After the last frame: what was acknowledged is decided once nothing has come out for so long, on a busy machine, too. */
const QUIET_MS = 4_000;
const SETTLE_MS_MAX = 15_000;
const LOOK_MS = 250;
/** Requests to the engine at once. */
const ENROL_AT_ONCE = 100;
const LISTED_AT_ONCE = 1_000;
const PREFIX = 'fleet';
const FIRMWARE_INTERVAL_MS = 1_000;

export async function runFleet(flags: FleetFlags): Promise<number> {
  const { config } = settingsOf(flags);
  const { devices: count, signing: mode } = flags;
  const firmwareCount = flags.firmware ?? 0;
  if (count > DEVICES_MAX) throw new UsageError(`--devices takes at most ${DEVICES_MAX}, not ${count}`);
  if (firmwareCount > FIRMWARE_MAX)
    throw new UsageError(`--firmware takes at most ${FIRMWARE_MAX}, not ${firmwareCount}`);
  if (count + firmwareCount === 0) throw new UsageError('--devices 0 leaves nobody to send: name --firmware, too');
  const rate = flags.rate ?? Math.max(1, count / 10);
  if (rate <= 0 || rate > RATE_MAX)
    throw new UsageError(`--rate takes more than 0 and at most ${RATE_MAX}, not ${rate}`);
  const faults = faultsOf(flags.fault ?? []);
  if (count < 2 && faults.some(({ fault }) => fault === 'stolen-key'))
    throw new UsageError('--fault stolen-key takes two devices: the thief sends over another’s connection');
  const seed = flags.seed ?? systemRandom.u32();
  const addresses = addressesOf(flags, config);
  const stopping = new AbortController();
  const stop = watchSignals(process, systemClock, () => process.exit(EXIT.forced.code));
  void stop.requested.then(() => stopping.abort());
  const parts = { mode, faults, rate, seed, addresses, count, firmwareCount };
  try {
    return await readLog(config, async (log) => {
      const ids = Array.from({ length: count }, (_, i) => fleetDeviceId(i + 1, PREFIX));
      // Before the first frame is sent.
      const watch = await FleetWatch.open(log, new Set([...ids, ...firmwareIds(firmwareCount)]));
      try {
        return await sendAndTell(watch, parts, config, flags, stopping.signal);
      } finally {
        await watch.close();
      }
    });
  } catch (error) {
    // Stopped while devices were being enrolled: the next run goes on from there.
    if (error === stopping.signal.reason) return 0;
    throw error;
  } finally {
    stop.release();
  }
}

interface Parts {
  readonly mode: FleetFlags['signing'];
  readonly faults: readonly FaultShare[];
  readonly rate: number;
  readonly seed: number;
  readonly addresses: { readonly mqtt?: BridgeAddress; readonly http?: BridgeAddress };
  readonly count: number;
  readonly firmwareCount: number;
}

async function sendAndTell(
  watch: FleetWatch,
  { mode, faults, rate, seed, addresses, count, firmwareCount }: Parts,
  config: Config,
  flags: FleetFlags,
  signal: AbortSignal,
): Promise<number> {
  const folder = dataFolder(config.data, config['keys.folder']);
  const receiver = mode === 'session' ? await receiverOf(folder.keys) : null;
  const { mqtt } = addresses;
  if (firmwareCount > 0 && mqtt === undefined)
    throw new UsageError('--firmware sends over MQTT: name its bridge with --mqtt');
  let firmware: FirmwareFleet | null = null;
  try {
    const memory = await withAdmin(config, async (admin) => {
      if (firmwareCount > 0 && mqtt !== undefined) {
        note(`Starting ${firmwareCount} devices with TPMs, which are made and enrolled where they are not yet …`);
        firmware = await FirmwareFleet.start({
          ...{ count: firmwareCount, folder: join(folder.fleet, 'firmware'), admin, mqtt, mode, signal },
          authorityFolder: join(config.data, 'enrolment'),
          ...{ receiver: receiver === null ? null : pemOf(receiver), intervalMs: FIRMWARE_INTERVAL_MS },
          ...(flags.firmwareProgram === undefined ? {} : { program: flags.firmwareProgram }),
        });
      }
      if (count > 0) note(`Enrolling ${count} virtual devices where they are not yet …`);
      return startFleetMemory(join(folder.fleet, 'virtual.json'), count, await enrollerOf(admin, signal), mode, PREFIX);
    });
    const says = faults.map(({ fault, share }) => `${fault} ${share}`).join(', ') || 'no faults';
    note(
      `${memory.devices.length} virtual devices, ${rate} frames/s, ${says}; --seed ${seed} repeats it. Ctrl-C ends it.`,
    );
    // Two boot epochs of each start: a device that is recorded has started once more.
    const bootEpoch = 2 * memory.bootEpoch + 1;
    const signing = signingOf(mode, receiver);
    const plan = { devices: memory.devices, bootEpoch, rate, faultShare: 0, faults, seed, signing, ...addresses };
    return await report(watch, plan, firmware, flags, signal);
  } finally {
    await (firmware as FirmwareFleet | null)?.stop();
  }
}

function signingOf(mode: FleetFlags['signing'], receiver: KeyObject | null): FleetSigning {
  if (mode !== 'session' || receiver === null) return { mode: mode === 'batch' ? 'batch' : 'frame' };
  return { mode, receiver: receiver.export({ format: 'der', type: 'spki' }).toString('base64') };
}

/** As `msec device receiver` tells it. */
async function receiverOf(keysFolder: string): Promise<KeyObject> {
  const { publicKey } = newestSessionKey(keysFolder) ?? (await makeSessionKey(keysFolder));
  return publicKey;
}

const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }).toString();

type Plan = ConstructorParameters<typeof FleetRun>[0];

async function report(
  watch: FleetWatch,
  plan: Plan,
  firmware: FirmwareFleet | null,
  flags: FleetFlags,
  signal: AbortSignal,
): Promise<number> {
  const fleet = new FleetRun(plan, systemClock);
  const startedMs = systemClock.monotonic();
  const tell = async (counts = fleet.counts(), isLast = false) => {
    const watched = await watch.look();
    const second = Math.round((systemClock.monotonic() - startedMs) / 1000);
    const { made, dropped, waiting, refused } = counts;
    const units = firmware?.counts() ?? { sent: 0, acknowledged: 0 };
    const [sent, acknowledged] = [made + units.sent, counts.acknowledged + units.acknowledged];
    const told = { second, sent, acknowledged, waiting, dropped, refusedByBridge: refused, ...watched };
    if (flags.json === true) printJson({ ...told, isLast });
    else print(lineOf(told));
  };
  try {
    const seconds = flags.seconds ?? Number.POSITIVE_INFINITY;
    while (!signal.aborted && systemClock.monotonic() - startedMs < seconds * 1000) {
      await pause(systemClock, REPORT_MS, signal);
      if (!signal.aborted) await tell();
    }
  } finally {
    const [last] = await Promise.all([fleet.stop(STOP_WITHIN_MS), firmware?.stop()]);
    await settled(watch, last.acknowledged + (firmware?.counts().acknowledged ?? 0));
    await tell(last, true);
  }
  return 0;
}

/** Repeats come out nowhere, so what was acknowledged need not be reached. */
async function settled(watch: FleetWatch, acknowledged: number): Promise<void> {
  const from = systemClock.monotonic();
  let [before, changedMs] = [-1, from];
  for (;;) {
    const { accepted, refused } = await watch.look();
    const nowMs = systemClock.monotonic();
    if (accepted + refused !== before) changedMs = nowMs;
    before = accepted + refused;
    const isQuiet = before === acknowledged || nowMs - changedMs >= QUIET_MS;
    if (isQuiet || nowMs - from >= SETTLE_MS_MAX) return;
    await pause(systemClock, LOOK_MS);
  }
}

interface Told extends Watched {
  readonly second: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly waiting: number;
  readonly dropped: number;
  readonly refusedByBridge: number;
}

function lineOf({
  second,
  sent,
  acknowledged,
  waiting,
  dropped,
  refusedByBridge,
  accepted,
  refused,
  reasons,
}: Told): string {
  const number = (value: number) => value.toLocaleString('en');
  const why = Object.entries(reasons).map(([code, times]) => `${code} ${number(times)}`);
  const parts = [
    `sent ${number(sent)}`,
    `acknowledged ${number(acknowledged)}`,
    paint('green', `accepted ${number(accepted)}`),
    paint(refused > 0 ? 'yellow' : 'dim', `refused ${number(refused)}${why.length > 0 ? ` (${why.join(', ')})` : ''}`),
    ...(refusedByBridge > 0 ? [`by the bridge ${number(refusedByBridge)}`] : []),
    ...(waiting > 0 ? [`waiting ${number(waiting)}`] : []),
    ...(dropped > 0 ? [`dropped ${number(dropped)}`] : []),
  ];
  return `${String(second).padStart(4)} s  ${parts.join('  ')}`;
}

function faultsOf(texts: readonly string[]): FaultShare[] {
  return texts.map((text) => {
    const parsed = parseFault(text);
    if (parsed !== undefined) return parsed;
    const name = text.split(':')[0] as string;
    if (FLEET_FAULTS.some((fault) => fault === name))
      throw new UsageError(`--fault ${text}: the share behind the colon must be above 0 and at most 1`);
    const meant = nearMiss(name, FLEET_FAULTS);
    throw new UsageError(
      `--fault knows no ${name}${meant === undefined ? '' : `, did you mean ${meant}?`} (${FLEET_FAULTS.join(', ')})`,
    );
  });
}

function addressesOf(flags: FleetFlags, config: Config): { mqtt?: BridgeAddress; http?: BridgeAddress } {
  const http = flags.http === undefined ? {} : { http: addressOf(flags.http, 'http') };
  if (flags.mqtt !== undefined) return { mqtt: addressOf(flags.mqtt, 'mqtt'), ...http };
  if (flags.http !== undefined) return http;
  return { mqtt: { host: '127.0.0.1', port: config['mqtt.port'] } };
}

function addressOf(text: string, flag: string): BridgeAddress {
  const [, host, port] = /^(?:\w+:\/\/)?(\[[0-9a-fA-F:]+\]|[^:/\s]+):(\d{1,5})\/?$/.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new UsageError(`--${flag} takes host:port, such as 127.0.0.1:1883; it is "${text}"`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

interface DeviceView {
  readonly deviceId: string;
  readonly state: DeviceState;
  readonly keys: readonly DeviceKey[];
}

/** The devices whose ids begin with the fleet's prefix. */
async function enrolledDevices(admin: DeviceAdmin): Promise<ReadonlyMap<string, DeviceView>> {
  const known = new Map<string, DeviceView>();
  for (let after: string | null = `${PREFIX}-`; after !== null; ) {
    const { devices, next } = await admin.list(after, LISTED_AT_ONCE);
    const ours = (devices as readonly DeviceView[]).filter(({ deviceId }) => deviceId.startsWith(`${PREFIX}-`));
    for (const view of ours) known.set(view.deviceId, view);
    after = ours.length < devices.length ? null : next;
  }
  return known;
}

/** The registry of the running engine, or of the log where none runs. */
async function enrollerOf(admin: DeviceAdmin, signal: AbortSignal): Promise<Enroller> {
  const known = await enrolledDevices(admin);
  return {
    get: (deviceId) => known.get(deviceId),
    async addAll(devices) {
      signal.throwIfAborted();
      const added: Enrolment[] = [];
      for (let from = 0; from < devices.length; from += ENROL_AT_ONCE) {
        const some = devices.slice(from, from + ENROL_AT_ONCE).map(async ({ publicKey, ...device }) => {
          const key = Buffer.from(publicKey ?? new Uint8Array(0)).toString('base64');
          // For all, so that the next run may sign otherwise.
          const view = (await admin.add({ ...device, publicKey: key, modes: KEY_MODES })) as DeviceView &
            Pick<Enrolment, 'secrets'>;
          return { record: view as unknown as Enrolment['record'], secrets: view.secrets };
        });
        added.push(...(await Promise.all(some)));
      }
      return added;
    },
    rotate: (deviceId) => {
      // Its memory was lost: another key alone would leave the old token, which nobody knows.
      throw new MsecError(
        'DEVICE_EXISTS',
        `${deviceId} is enrolled, and its key is not in this data folder any more. Revoke the devices of the old fleet, or use its folder.`,
        { field: 'deviceId' },
      );
    },
  };
}
