/**
 * Local times of a device's zone, turned into Unix milliseconds and back. A local time that a clock change skips is
 * read with the offset before the change (so it lies as far after it); one that occurs twice is the first. Intl knows
 * the zones; asking it takes some 10 µs, so that days without a change are remembered, at most 64 of them.
 */
import { MsecError } from './base.ts';

const DAY_MS = 86_400_000;
const REMEMBERED_MAX = 64;

export interface Zone {
  readonly name: string;
  /** `localMs` is the local date and time as if it were UTC. */
  toUnixMs(localMs: number): number;
  /** The local date and time at an instant, as if it were UTC. */
  toLocalMs(unixMs: number): number;
}

export const UTC: Zone = { name: 'UTC', toUnixMs: (localMs) => localMs, toLocalMs: (unixMs) => unixMs };

/** Throws CONFIG_INVALID where the runtime knows no such IANA zone. */
export function zoneOf(name: string): Zone {
  if (name === 'UTC') return UTC;
  try {
    return new IanaZone(name);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new MsecError('CONFIG_INVALID', `"${name}" is no IANA time zone, such as Europe/Madrid`, { cause });
  }
}

class IanaZone implements Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  /** Day number → the offset that holds from the day before to the day after, NaN where it changes. */
  readonly #days = new Map<number, number>();

  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  toUnixMs(localMs: number): number {
    const steady = this.#steadyOffset(Math.floor(localMs / DAY_MS));
    if (!Number.isNaN(steady)) return localMs - steady;
    const before = this.#offsetAt(localMs - DAY_MS);
    const after = this.#offsetAt(localMs + DAY_MS);
    // The first reading that shows this local time; none does in a gap, where the offset before the change is taken.
    if (this.#offsetAt(localMs - before) === before) return localMs - before;
    if (this.#offsetAt(localMs - after) === after) return localMs - after;
    return localMs - before;
  }

  toLocalMs(unixMs: number): number {
    const steady = this.#steadyOffset(Math.floor(unixMs / DAY_MS));
    return unixMs + (Number.isNaN(steady) ? this.#offsetAt(unixMs) : steady);
  }

  #steadyOffset(day: number): number {
    const known = this.#days.get(day);
    if (known !== undefined) return known;
    const before = this.#offsetAt((day - 1) * DAY_MS);
    const isSteady =
      before === this.#offsetAt(day * DAY_MS) &&
      before === this.#offsetAt((day + 1) * DAY_MS) &&
      before === this.#offsetAt((day + 2) * DAY_MS);
    if (this.#days.size >= REMEMBERED_MAX) this.#days.clear();
    this.#days.set(day, isSteady ? before : Number.NaN);
    return isSteady ? before : Number.NaN;
  }

  #offsetAt(unixMs: number): number {
    const wholeSeconds = Math.floor(unixMs / 1000) * 1000;
    const at = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    for (const { type, value } of this.#format.formatToParts(wholeSeconds)) {
      if (type in at) at[type as keyof typeof at] = Number(value);
    }
    return Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second) - wholeSeconds;
  }
}
