/** The simulated fleet of `msec up`: it knows the bridges by their addresses alone, as real devices do. */
import { type Clock, type Emit, errorData } from '../../engine/index.ts';
import type { DeviceService } from '../../services/devices/index.ts';
import { Fleet, type FleetSigning } from '../../services/fleet/index.ts';
import { makeSessionKey, newestSessionKey } from '../../services/session-keys/index.ts';
import type { Config } from '../config/index.ts';
import type { Bridges } from './bridges.ts';
import type { DataFolder } from './data-folder.ts';

export interface FleetSetup {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly devices: DeviceService;
  readonly bridges: Bridges;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** null where there is no bridge that it could publish to. */
export async function startCityFleet({ config, folder, devices, bridges, emit }: FleetSetup): Promise<Fleet | null> {
  if (bridges.open.length === 0) return null;
  const [count, rate] = [config['fleet.devices'], config['fleet.rate']];
  const addresses = Object.fromEntries(
    bridges.open.map(({ name, host, port }) => [name, { host: reachable(host), port }] as const),
  );
  const fleet = await Fleet.start({
    folder: folder.fleet,
    devices: count,
    rate,
    faultShare: config['fleet.faults'],
    signing: await signingOf(config['fleet.signing'], folder.keys),
    enroller: devices,
    ...addresses,
    onFailed: (error) => {
      const { code, message } = errorData(error);
      emit('unexpectedError', { where: 'fleet', code, error: message });
    },
  });
  emit('fleetRunning', { devices: count, framesPerSecond: rate });
  return fleet;
}

/** Devices of a session are told the receiver's key when they are made, as with `msec device receiver`. */
async function signingOf(mode: string, keysFolder: string): Promise<FleetSigning> {
  if (mode !== 'session') return { mode: mode === 'batch' ? 'batch' : 'frame' };
  const { publicKey } = newestSessionKey(keysFolder) ?? (await makeSessionKey(keysFolder));
  return { mode, receiver: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') };
}

/** A bridge that listens everywhere is reached here. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
