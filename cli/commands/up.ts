/** `msec up`: flags to settings. */
import type { CommonFlags } from '../common-flags.ts';
import type { Config, LoadedConfig } from '../config/index.ts';
import { up } from '../up.ts';
import { settingsOf } from './settings.ts';

export interface UpFlags extends CommonFlags {
  readonly port?: number;
  readonly mqttPort?: number;
  readonly httpPort?: number;
  readonly workers?: number;
  readonly devices?: number;
  readonly rate?: number;
  readonly faults?: number;
  readonly signing?: string;
  readonly fleet?: boolean;
  readonly unsignedFrom?: readonly string[];
}

export function runUp(flags: UpFlags): Promise<number> {
  const settings = settingsOf(flags, [
    ['console.port', '--port', flags.port],
    ['mqtt.port', '--mqtt-port', flags.mqttPort],
    ['http.port', '--http-port', flags.httpPort],
    ['workers', '--workers', flags.workers],
    ['fleet.devices', '--devices', flags.devices],
    ['fleet.rate', '--rate', flags.rate],
    ['fleet.faults', '--faults', flags.faults],
    ['fleet.signing', '--signing', flags.signing],
    ['fleet.enabled', flags.fleet === false ? '--no-fleet' : '--fleet', flags.fleet],
    ['unsignedFrom', '--unsigned-from', flags.unsignedFrom],
  ]);
  return up({ ...settings, config: withFleetWhereAsked(settings), json: flags.json === true });
}

const FLEET_SETTINGS = ['fleet.enabled', 'fleet.devices', 'fleet.rate', 'fleet.faults', 'fleet.signing'] as const;

/** A cluster is not a toy: there, simulated devices come only where somebody has said a word about them. */
function withFleetWhereAsked({ config, set }: LoadedConfig): Config {
  if (config['kafka.bootstrap'].length === 0 || FLEET_SETTINGS.some((setting) => set.has(setting))) return config;
  return { ...config, 'fleet.enabled': false };
}
