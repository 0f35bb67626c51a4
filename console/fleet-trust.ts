/** The fleet by its state of trust, from the newest record of each device. Bounded; what it holds dies with the process. */
import { type Located, type MapBounds, type MapPlace, type MapView, mapOf } from './fleet-map.ts';
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
  /** Devices that have a place: there is a map where it is not 0. */
  readonly placed: number;
}

export class FleetTrust {
  readonly #devices = new Map<string, DeviceTrust>();
  readonly #places = new Map<string, MapPlace>();
  /** Changes with every record. */
  total = 0;

  take(trust: DeviceTrust, place: MapPlace | null = null): void {
    if (!this.#devices.has(trust.device) && this.#devices.size >= DEVICES_KEPT) {
      const oldest = this.#devices.keys().next().value;
      if (oldest !== undefined) {
        this.#devices.delete(oldest);
        this.#places.delete(oldest);
      }
    }
    this.#devices.set(trust.device, trust);
    this.total++;
    this.move(trust.device, place);
  }

  /** It was said where a device is, or that nobody knows. */
  move(device: string, place: MapPlace | null): void {
    const before = this.#places.get(device);
    if (place === null ? before === undefined : isSame(before, place) || !this.#devices.has(device)) return;
    if (place === null) this.#places.delete(device);
    else this.#places.set(device, place);
    this.total++;
  }

  /** Null where no device has a place. */
  map(nowMs: number, within: MapBounds | null): MapView<ShownState> | null {
    const located: Located<ShownState>[] = [];
    for (const [device, { latitude, longitude }] of this.#places) {
      const trust = this.#devices.get(device);
      if (trust !== undefined) located.push({ device, state: shownState(trust, nowMs), latitude, longitude });
    }
    return mapOf(located, within);
  }

  deviceOf(
    device: string,
    nowMs: number,
  ): (DeviceTrust & { readonly shown: ShownState; readonly place: MapPlace | null }) | undefined {
    const trust = this.#devices.get(device);
    return trust === undefined
      ? undefined
      : { ...trust, shown: shownState(trust, nowMs), place: this.#places.get(device) ?? null };
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
    const more = Math.max(0, devices.length - DEVICES_SHOWN);
    return { counts, devices: devices.slice(0, DEVICES_SHOWN), more, placed: this.#places.size };
  }
}

/** Trust ends by itself: where nothing judges any more its record stays as it was. */
function shownState({ state, trustedUntil }: DeviceTrust, nowMs: number): ShownState {
  return state === 'trusted' && trustedUntil <= nowMs ? 'expired' : state;
}

const isSame = (before: MapPlace | undefined, { latitude, longitude }: MapPlace): boolean =>
  before?.latitude === latitude && before.longitude === longitude;
