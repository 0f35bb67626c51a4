/** What all trustors together know of a provider, made anew from the exact scores of its pairs by docs/trust.md. */
import type { ProviderScore } from '../../schemas/index.ts';
import { isNear, NEAR, TRUST_NEAR } from './compare.ts';
import type { ExactScore, ExactWindow, HalfLives } from './exact-score.ts';
import type { ProviderReplay } from './provider-replay.ts';

export interface ExactProvider {
  readonly trust: number;
  readonly small: { readonly mean: number; readonly evidence: number };
  readonly big: { readonly mean: number; readonly evidence: number };
  readonly interactions: number;
  readonly raters: number;
  readonly at: number;
}

export function exactProvider(pairs: readonly ExactScore[], halfLives: HalfLives): ExactProvider {
  const { smallHalfLifeMs, bigHalfLifeMs } = halfLives;
  const at = pairs.reduce((newest, { atMs }) => Math.max(newest, atMs), 0);
  const small = pairs.map((pair) => shareOf(pair, pair.small, smallHalfLifeMs, at));
  const big = pairs.map((pair) => shareOf(pair, pair.big, bigHalfLifeMs, at));
  const evidence = sum(big, ({ weight }) => weight);
  return {
    trust: sum(big, ({ weight, trust }) => weight * trust) / evidence,
    small: meanOf(small),
    big: meanOf(big),
    interactions: sum(pairs, ({ interactions }) => interactions),
    raters: pairs.length,
    at,
  };
}

interface Share {
  readonly weight: number;
  readonly mean: number;
  readonly trust: number;
}

/** Of a pair without weight nothing is known. */
function shareOf({ trust, atMs }: ExactScore, { mean, evidence }: ExactWindow, halfLifeMs: number, at: number): Share {
  if (evidence === 0) return { weight: 0, mean: 0, trust: 0 };
  return { weight: evidence * 2 ** ((atMs - at) / halfLifeMs), mean, trust };
}

function meanOf(shares: readonly Share[]): { readonly mean: number; readonly evidence: number } {
  const evidence = sum(shares, ({ weight }) => weight);
  return { mean: sum(shares, ({ weight, mean }) => weight * mean) / evidence, evidence };
}

const sum = <T>(list: readonly T[], value: (one: T) => number): number =>
  list.reduce((total, one) => total + value(one), 0);

/** What differs, in words; null where they agree. */
export function providerDifference(published: ProviderScore, exact: ExactProvider): string | null {
  const { interactions, raters, at, small, big, trust } = exact;
  if (published.interactions !== interactions)
    return `it counts ${published.interactions} interactions, the log ${interactions}`;
  if (published.raters !== raters) return `it has ${published.raters} trustors, the log ${raters}`;
  if (published.at !== at) return 'its newest interaction is another than the log’s';
  for (const [name, told, found] of [
    ['small', published.small, small],
    ['big', published.big, big],
  ] as const) {
    if (!isNear(told.evidence, found.evidence, NEAR * Math.max(1, found.evidence)))
      return `its ${name} window weighs ${told.evidence}, the log's ${found.evidence}`;
    if (!isNear(told.mean, found.mean, NEAR))
      return `the mean of its ${name} window is ${told.mean}, the log's ${found.mean}`;
  }
  return isNear(published.trust, trust, TRUST_NEAR) ? null : `it says ${published.trust}, the log gives ${trust}`;
}

/** Of the earliest interaction, and of measured performance. */
export function measuredDifference(published: ProviderScore, replay: ProviderReplay | undefined): string | null {
  if (replay === undefined) return null;
  if (published.first !== replay.first)
    return `its earliest interaction was satisfied by ${published.first}, the log's by ${replay.first}`;
  const { measured } = replay;
  for (const name of ['responseMs', 'availability', 'quality'] as const) {
    const told = published[name] ?? Number.NaN;
    const found = measured[name];
    if (!isNear(told, found, NEAR * Math.max(1, Math.abs(found))))
      return `its ${name} is ${published[name]}, what was measured gives ${Number.isNaN(found) ? 'none' : found}`;
  }
  return null;
}
