/**
 * Plausible values of a simulated city: a daily curve that all devices share, an offset of each device, and noise that
 * moves slowly. Pure: the same seed and times give the same values.
 */
import type { Random } from '../../engine/index.ts';
import type { CrowdValues, EnMonValues } from '../../schemas/index.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Of the slow noise, for each frame: how much of the last value stays. */
const NOISE_KEPT = 0.95;
const BATTERY_FULL_MV = 4150;
const BATTERY_EMPTY_MV = 3450;
const CROWD_MAX = 40;
const PASSERS_BY = 400;

/** 0 to 1. */
const unit = (random: Random) => random.u32() / 2 ** 32;
/** -1 to 1, small values more often. */
const around = (random: Random) => unit(random) + unit(random) - 1;

/** 1 at `peakHour` (UTC), 0 twelve hours from it. */
function daily(nowMs: number, peakHour: number): number {
  return (1 + Math.cos(((nowMs / HOUR_MS - peakHour) / 24) * 2 * Math.PI)) / 2;
}

export class SimulatedSurroundings {
  readonly #random: Random;
  readonly #temperatureOffset: number;
  readonly #noiseOffset: number;
  readonly #batteryPhase: number;
  readonly #crowdShare: number;
  #noise = 0;
  #packets = 0;
  #frames = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#temperatureOffset = around(random) * 2;
    this.#noiseOffset = around(random) * 8;
    this.#batteryPhase = unit(random);
    this.#crowdShare = 0.2 + unit(random) * 0.8;
  }

  enmon(imei: string, nowMs: number): EnMonValues {
    this.#drift();
    const warmth = daily(nowMs, 15);
    // Discharged over thirty days, then changed.
    const discharged = (nowMs / (30 * DAY_MS) + this.#batteryPhase) % 1;
    return {
      nSend: this.#frames++,
      imei,
      batteryVoltage: Math.round(BATTERY_FULL_MV - discharged * (BATTERY_FULL_MV - BATTERY_EMPTY_MV)),
      sonometer: Math.round(42 + 20 * daily(nowMs, 14) + this.#noiseOffset + this.#noise * 4),
      temperature: Math.round((11 + 9 * warmth + this.#temperatureOffset + this.#noise) * 10),
      humidity: Math.round(Math.min(98, Math.max(25, 78 - 30 * warmth + this.#noise * 3)) * 10),
    };
  }

  crowd(serial: string, nowMs: number): CrowdValues {
    this.#drift();
    const expected = CROWD_MAX * this.#crowdShare * daily(nowMs, 17);
    const count = Math.max(0, Math.round(expected + this.#noise * 2));
    this.#packets += count * 7 + (this.#random.u32() % 50);
    return {
      serial,
      date: nowMs,
      temperature: Math.round((48 + 8 * daily(nowMs, 15) + this.#noise) * 100),
      packets: this.#packets,
      declared: count,
      sightings: this.#passersBy(count).map((person) => ({
        mac: macOf(person),
        rssi: -30 - (this.#random.u32() % 60),
      })),
    };
  }

  #drift(): void {
    this.#noise = this.#noise * NOISE_KEPT + around(this.#random) * 0.3;
  }

  /** Different ones of a few hundred, so that they are met again another time. */
  #passersBy(count: number): number[] {
    const persons = new Set<number>();
    while (persons.size < Math.min(count, PASSERS_BY)) persons.add(this.#random.u32() % PASSERS_BY);
    return [...persons];
  }
}

/** Half of them have a randomised address. */
function macOf(person: number): string {
  const first = person % 2 === 0 ? 0x02 : 0xb8;
  const bytes = [first, 0x27, 0xeb, 0x00, person >> 8, person & 0xff];
  return bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(':');
}
