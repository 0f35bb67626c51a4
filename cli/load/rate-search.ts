/**
 * Finds the highest rate that is held: up by doubling until one is not, then between the two by halving their distance,
 * then once more, longer, at what was found. Knows nothing of what it searches in.
 */

export type Phase = 'step up' | 'step down' | 'bisect' | 'confirm';

export interface SearchOptions {
  /** Tried first. */
  readonly from: number;
  /** Never more than this. */
  readonly rateMax: number;
  /** Done when the lowest rate that was not held is at most so many times the highest that was; above 1. */
  readonly precision: number;
  /** False: no further step is begun, except for the confirmation. */
  hasTime(): boolean;
}

export interface Held {
  readonly isHeld: boolean;
}

export interface Search<S> {
  /** The confirmed rate; null where none was held. */
  readonly held: { readonly rate: number; readonly step: S } | null;
  /** Of the lowest rate that was not; null where even `rateMax` was held. */
  readonly missed: { readonly rate: number; readonly step: S } | null;
  /** Whether the time ended before the two were as near as asked for. */
  readonly isCut: boolean;
}

const UP = 2;
const DOWN = 4;
/** How often it is tried, each time further below: by the precision, then twice, four times, eight times as far. */
const CONFIRMATIONS_MAX = 5;

export async function searchRate<S extends Held>(
  { from, rateMax, precision, hasTime }: SearchOptions,
  tryRate: (rate: number, phase: Phase) => Promise<S>,
): Promise<Search<S>> {
  const found: { held: Search<S>['held']; missed: Search<S>['missed'] } = { held: null, missed: null };
  const attempt = async (rate: number, phase: Phase): Promise<boolean> => {
    const step = await tryRate(rate, phase);
    found[step.isHeld ? 'held' : 'missed'] = { rate, step };
    return step.isHeld;
  };
  let rate = Math.min(from, rateMax);
  if (await attempt(rate, 'step up')) {
    while (rate < rateMax && found.missed === null && hasTime()) {
      rate = Math.min(rate * UP, rateMax);
      await attempt(rate, 'step up');
    }
  } else {
    while (found.held === null && rate > 1 && hasTime()) {
      rate = Math.max(1, rate / DOWN);
      await attempt(rate, 'step down');
    }
  }
  const apart = (): number => (found.missed?.rate ?? rateMax) / (found.held?.rate ?? 0);
  while (found.held !== null && found.missed !== null && apart() > precision && hasTime())
    await attempt(Math.sqrt(found.held.rate * found.missed.rate), 'bisect');
  const isCut = apart() > precision;
  // What holds for a moment may not hold for longer.
  let wanted = found.held?.rate ?? null;
  found.held = null;
  for (let i = 0; wanted !== null && i < CONFIRMATIONS_MAX; i++) {
    if (await attempt(wanted, 'confirm')) break;
    wanted /= precision ** (2 ** i);
  }
  return { ...found, isCut };
}
