/**
 * The fleet's memory, DATA/fleet/devices.json, mode 0600: keys, tokens and how often the fleet has started. The boot
 * epoch is raised and durable before the first frame is signed with it, so that no sequence number is used twice.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MsecError } from '../../engine/index.ts';
import { type DeviceKey, type DeviceRecord, KEY_MODES_DEFAULT, type KeyMode } from '../../schemas/device/index.ts';
import type { DeviceService, Enrolment, NewDevice } from '../devices/index.ts';
import type { FleetIdentity, FleetType } from './simulated-device.ts';

/** What enrols devices: the device service. */
export type Enroller = Pick<DeviceService, 'addAll' | 'rotate'> & {
  get(deviceId: string): Pick<DeviceRecord, 'state' | 'keys'> | undefined;
};

export interface FleetMemory {
  readonly version: 1;
  readonly bootEpoch: number;
  readonly devices: readonly FleetIdentity[];
}

/** Every fifth is a crowd counter. */
const CROWD_EVERY = 5;
const ENROL_AT_ONCE_MAX = 500;

/** The first `count` devices but the revoked ones, enrolled where they are not yet, and a boot epoch never used before. */
export async function startFleetMemory(
  path: string,
  count: number,
  enroller: Enroller,
  mode: KeyMode = 'frame',
  prefix = 'sim',
): Promise<FleetMemory> {
  const known = await readMemory(path);
  const devices = new Map(known?.devices.map((device) => [device.deviceId, device]));
  const missing: NewFleetDevice[] = [];
  for (let number = 1; number <= count; number++) {
    const made = newDevice(number, prefix);
    const before = devices.get(made.deviceId);
    const enrolled = enroller.get(made.deviceId);
    // An operator may have tried that out; the others go on.
    if (enrolled?.state === 'revoked') {
      devices.delete(made.deviceId);
      continue;
    }
    // Known on both sides with the same key, for this mode. A data folder that was half removed, or a crash between the
    // two, is not.
    if (before !== undefined && enrolled?.keys.some((key) => isKeyOf(key, before, mode))) continue;
    missing.push(made);
  }
  for (let at = 0; at < missing.length; at += ENROL_AT_ONCE_MAX) {
    for (const identity of await enrol(missing.slice(at, at + ENROL_AT_ONCE_MAX), enroller, mode)) {
      devices.set(identity.deviceId, identity);
    }
    // Whoever is stopped now knows the keys that are enrolled.
    await writeMemory(path, { version: 1, bootEpoch: known?.bootEpoch ?? 0, devices: [...devices.values()] });
  }
  const memory: FleetMemory = { version: 1, bootEpoch: (known?.bootEpoch ?? 0) + 1, devices: [...devices.values()] };
  await writeMemory(path, memory);
  const wanted = Array.from({ length: count }, (_, i) => devices.get(fleetDeviceId(i + 1, prefix)));
  return { ...memory, devices: wanted.filter((device) => device !== undefined) };
}

interface NewFleetDevice {
  readonly deviceId: string;
  readonly type: FleetType;
  readonly identity: string;
}

function typeOf(number: number): FleetType {
  return number % CROWD_EVERY === 0 ? 'crowd' : 'enmon';
}

export function fleetDeviceId(number: number, prefix = 'sim'): string {
  return `${prefix}-${typeOf(number)}-${String(number).padStart(4, '0')}`;
}

function newDevice(number: number, prefix: string): NewFleetDevice {
  const type = typeOf(number);
  const digits = String(number).padStart(6, '0');
  // 00-101-000 is the type allocation code of test devices (GSMA TS.06).
  return {
    deviceId: fleetDeviceId(number, prefix),
    type,
    identity: type === 'enmon' ? `001010000${digits}` : `SIM${digits}`,
  };
}

function isKeyOf(key: DeviceKey, device: FleetIdentity, mode: KeyMode): boolean {
  const { publicKey, state, modes = KEY_MODES_DEFAULT } = key;
  return state === 'active' && modes.includes(mode) && publicKey === publicKeyOf(device);
}

async function enrol(devices: readonly NewFleetDevice[], enroller: Enroller, mode: KeyMode): Promise<FleetIdentity[]> {
  const modes = KEY_MODES_DEFAULT.includes(mode) ? KEY_MODES_DEFAULT : [mode];
  const withKeys = devices.map((device) => ({ device, keys: generateKeyPairSync('ec', { namedCurve: 'P-256' }) }));
  const fresh = withKeys.filter(({ device }) => enroller.get(device.deviceId) === undefined);
  const requests = fresh.map(({ device, keys }): NewDevice => ({ ...device, publicKey: spki(keys.publicKey), modes }));
  const enrolments = new Map<string, Enrolment>();
  for (const enrolment of requests.length > 0 ? await enroller.addAll(requests) : []) {
    enrolments.set(enrolment.record.deviceId, enrolment);
  }
  const identities: FleetIdentity[] = [];
  for (const { device, keys } of withKeys) {
    const enrolment =
      enrolments.get(device.deviceId) ??
      (await enroller.rotate(device.deviceId, { publicKey: spki(keys.publicKey), modes, credential: true }));
    const privateKey = keys.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    identities.push({ ...device, token: enrolment.secrets.token ?? '', privateKey });
  }
  return identities;
}

const spki = (key: KeyObject) => new Uint8Array(key.export({ format: 'der', type: 'spki' }));

function publicKeyOf(device: FleetIdentity): string {
  const der = Buffer.from(device.privateKey, 'base64');
  return Buffer.from(spki(createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })))).toString(
    'base64',
  );
}

async function readMemory(path: string): Promise<FleetMemory | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const memory = JSON.parse(text) as FleetMemory;
    if (memory.version === 1 && Number.isSafeInteger(memory.bootEpoch) && Array.isArray(memory.devices)) return memory;
  } catch {}
  throw new MsecError('CONFIG_INVALID', `${path} is not the memory of a fleet; remove it, and its devices are new`);
}

async function writeMemory(path: string, memory: FleetMemory): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(memory)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
