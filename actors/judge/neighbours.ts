/**
 * How far a device's value of one window is confirmed by its neighbours, by robust statistics: the median of theirs, and
 * the median absolute deviation from it (Hampel's identifier), which half of them would have to lie together to move.
 *
 * A fire is an outlier, too. It has a place: who sees it has others beside it that see it. So who deviates as two of the
 * nearest do, and who deviates beside such a one, is not judged at all in this window, neither down nor up. This holds for
 * those alone that have not been contradicted of late, and only they are neighbours and witnesses, so that devices that lie
 * together lose each other's protection.
 */
import type { DevicePlace } from '../../schemas/device/index.ts';
import { distance } from './place.ts';

export interface Seen {
  readonly device: string;
  readonly place: DevicePlace;
  readonly value: number;
  /** How far the device has been confirmed of late, from 0 to 1. */
  readonly credit: number;
}

export interface NeighbourOptions {
  /** In metres. */
  readonly radius: number;
  /** What values may differ by within the radius though all is well, in the measure's unit. */
  readonly tolerance: number;
}

export interface Confirmation {
  /** From 0, contradicted, to 1; null where it is not judged. */
  readonly satisfaction: number | null;
  readonly neighbours: number;
  readonly median: number;
  /** The scale that deviations are told in. */
  readonly scale: number;
  /** Deviation in scales. */
  readonly deviation: number;
  readonly isEvent: boolean;
}

/** Fewer tell nothing. */
const NEIGHBOURS_MIN = 3;
/** More make nothing surer, and each device is to be judged in constant work. */
const NEIGHBOURS_MAX = 64;
/** Makes the median absolute deviation of normal noise its standard deviation. */
const NORMAL = 1.4826;
/** In scales: up to the first all is well, from the second on nothing is. */
export const GOOD_TO = 3;
const BAD_FROM = 6;
/** Who deviates is within an event with so many of the nearest three, and at its edge beside one of the nearest four that is within. */
const WITNESSES_OF = 3;
const WITNESSES_MIN = 2;
const BESIDE = 4;
/** So far confirmed who deviates itself and who is asked about others must have been of late. */
export const CREDIBLE = 0.5;

const UNJUDGED: Confirmation = {
  satisfaction: null,
  neighbours: 0,
  median: Number.NaN,
  scale: Number.NaN,
  deviation: Number.NaN,
  isEvent: false,
};

/** By device. `before`: which way each deviated in the window before, as 1 or -1. */
export function confirmAll(
  all: readonly Seen[],
  before: ReadonlyMap<string, number>,
  options: NeighbourOptions,
): ReadonlyMap<string, Confirmation> {
  const credible = all.filter(({ credit }) => credit >= CREDIBLE);
  const compared = new Map(all.map((one) => [one.device, compare(one, credible, before, options)]));
  const isCredible = new Set(credible.map(({ device }) => device));
  // What stands at the edge of an event has one beside it that stands within.
  const confirmed = new Map<string, Confirmation>();
  for (const [device, { found, beside }] of compared) {
    const isAtEdge =
      isCredible.has(device) &&
      found.satisfaction !== null &&
      found.satisfaction < 1 &&
      beside.some((witness) => {
        const other = compared.get(witness)?.found;
        return other?.isEvent === true && other.deviation * found.deviation > 0;
      });
    confirmed.set(device, isAtEdge ? { ...found, satisfaction: null, isEvent: true } : found);
  }
  return confirmed;
}

interface Compared {
  readonly found: Confirmation;
  /** The nearest of those that count. */
  readonly beside: readonly string[];
}

function compare(
  subject: Seen,
  credible: readonly Seen[],
  before: ReadonlyMap<string, number>,
  { radius, tolerance }: NeighbourOptions,
): Compared {
  const near = credible
    .filter(({ device }) => device !== subject.device)
    .map(({ device, place, value }) => ({ device, value, metres: distance(subject.place, place) }))
    .filter(({ metres }) => metres <= radius)
    .sort((a, b) => a.metres - b.metres || (a.device < b.device ? -1 : 1))
    .slice(0, NEIGHBOURS_MAX);
  if (near.length < NEIGHBOURS_MIN) return { found: { ...UNJUDGED, neighbours: near.length }, beside: [] };
  const median = medianOf(near.map(({ value }) => value));
  const scale = Math.max(NORMAL * medianOf(near.map(({ value }) => Math.abs(value - median))), tolerance / GOOD_TO);
  const deviation = (subject.value - median) / scale;
  const told = { neighbours: near.length, median, scale, deviation };
  const beside = near.slice(0, BESIDE).map(({ device }) => device);
  if (Math.abs(deviation) <= GOOD_TO) return { found: { ...told, satisfaction: 1, isEvent: false }, beside };
  const way = Math.sign(deviation);
  const witnesses = near
    .slice(0, WITNESSES_OF)
    .filter(({ device, value }) => ((value - median) / scale) * way > GOOD_TO || before.get(device) === way);
  if (subject.credit >= CREDIBLE && witnesses.length >= WITNESSES_MIN)
    return { found: { ...told, satisfaction: null, isEvent: true }, beside };
  const satisfaction = Math.max(0, (BAD_FROM - Math.abs(deviation)) / (BAD_FROM - GOOD_TO));
  return { found: { ...told, satisfaction, isEvent: false }, beside };
}

/** Of at least one number. */
export function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  const [low, high] = [sorted[middle - 1]!, sorted[middle]!];
  const sum = low + high;
  // Each halved by itself only where their sum is beyond a double: halves of the least numbers are none.
  return Number.isFinite(sum) ? sum / 2 : low / 2 + high / 2;
}
