/** How fast one device may send. The simulated fleet is no flood: where it is asked to be fast, the default gives way. */
import type { Rate } from '../../bridges/intake/index.ts';
import type { Config, SettingName } from '../config/index.ts';

/** Repeats and catching up after a pause come on top of what each device of the fleet sends by itself. */
const FLEET_SHARE = 2;
const BURST_SECONDS = 10;

/** Frames a second of each simulated device; 0 without a fleet. */
export function fleetDeviceRate(config: Config): number {
  return config['fleet.enabled'] ? config['fleet.rate'] / config['fleet.devices'] : 0;
}

/** What the configuration sets holds for the fleet, too; its defaults are raised to what the fleet needs. */
export function deviceRate(config: Config, set: ReadonlySet<SettingName>): Rate {
  const needed = fleetDeviceRate(config) * FLEET_SHARE;
  const perSecond = config['limits.deviceRate'];
  const burst = config['limits.deviceBurst'];
  return {
    perSecond: set.has('limits.deviceRate') ? perSecond : Math.max(perSecond, Math.ceil(needed)),
    burst: set.has('limits.deviceBurst') ? burst : Math.max(burst, Math.ceil(needed * BURST_SECONDS)),
  };
}

/** What the user should know of the two together; null where they fit as they are. */
export function deviceRateNote(config: Config, set: ReadonlySet<SettingName>): string | null {
  const each = fleetDeviceRate(config);
  const { perSecond } = deviceRate(config, set);
  const shown = each.toLocaleString('en', { maximumFractionDigits: 1 });
  if (each > perSecond)
    return `each simulated device sends ${shown} frames per second and limits.deviceRate is ${perSecond}: the rest is refused`;
  if (perSecond > config['limits.deviceRate'])
    return `each simulated device sends ${shown} frames per second, so every device may send ${perSecond} (limits.deviceRate is not set)`;
  return null;
}
