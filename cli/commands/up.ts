/** `msec up`: flags to settings. */
import type { CommonFlags } from '../common-flags.ts';
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
    ['fleet.enabled', '--no-fleet', flags.fleet === false ? false : undefined],
    ['unsignedFrom', '--unsigned-from', flags.unsignedFrom],
  ]);
  return up({ ...settings, json: flags.json === true });
}
