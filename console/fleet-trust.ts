/** The fleet by its state of trust, from the newest record of each device. Bounded; what it holds dies with the process. */
import type { DeviceTrust } from './ports.ts';

const DEVICES_KEPT = 20_000;
const DEVICES_SHOWN = 1_000;

/** What is worst comes first: that is what somebody looks for. */
const ORDER = ['quarantined', 'suspect', 'unknown', 'revoked', 'expired', 'trusted'] as const;
export type ShownState = (typeof ORDER)[number];

export interface FleetView {
  readonly counts: Readonly<Record<ShownState, number>>;
  readonly devices: readonly {
    readonly device: string;
    readonly state: ShownState;
    readonly since: number;
    readonly says: string;
  }[];
  /** Devices that are counted and not among `devices`. */
  readonly more: number;
}

export class FleetTrust {
  readonly #devices = new Map<string, DeviceTrust>();
  /** Changes with every record. */
  total = 0;

  take(trust: DeviceTrust): void {
    if (!this.#devices.has(trust.device) && this.#devices.size >= DEVICES_KEPT) {
      const oldest = this.#devices.keys().next().value;
      if (oldest !== undefined) this.#devices.delete(oldest);
    }
    this.#devices.set(trust.device, trust);
    this.total++;
  }

  deviceOf(device: string, nowMs: number): (DeviceTrust & { readonly shown: ShownState }) | undefined {
    const trust = this.#devices.get(device);
    return trust === undefined ? undefined : { ...trust, shown: shownState(trust, nowMs) };
  }

  view(nowMs: number): FleetView {
    const counts = Object.fromEntries(ORDER.map((state) => [state, 0])) as Record<ShownState, number>;
    const devices = [...this.#devices.values()].map((trust) => {
      const state = shownState(trust, nowMs);
      counts[state]++;
      return state === 'expired'
        ? { device: trust.device, state, since: trust.trustedUntil, says: 'it has not proved itself since' }
        : { device: trust.device, state, since: trust.since, says: trust.says };
    });
    devices.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.device < b.device ? -1 : 1));
    return { counts, devices: devices.slice(0, DEVICES_SHOWN), more: Math.max(0, devices.length - DEVICES_SHOWN) };
  }
}

/** Trust ends by itself: where nothing judges any more its record stays as it was. */
function shownState({ state, trustedUntil }: DeviceTrust, nowMs: number): ShownState {
  return state === 'trusted' && trustedUntil <= nowMs ? 'expired' : state;
}
