/** A published score beside the one that the log gives: equal as far as sums in doubles can be, or not. */
import type { PairScore, ScoreWindow } from '../../schemas/index.ts';
import type { ExactScore, ExactWindow } from './exact-score.ts';

/** Of a mean and a variance, which lie within 1. */
export const NEAR = 1e-9;
/**
 * Of trust, which subtracts a root: a variance that is 0 but for rounding has a deviation of up to the root of that. Where
 * means and variances agree, trust may differ by so much and no more.
 */
export const TRUST_NEAR = 1e-6;

/** What differs, in words; null where they agree. */
export function difference(published: PairScore, exact: ExactScore): string | null {
  if (published.interactions !== exact.interactions)
    return `it counts ${published.interactions} interactions, the log ${exact.interactions}`;
  if (published.at !== exact.atMs)
    return `its newest interaction is of ${time(published.at)}, the log's of ${time(exact.atMs)}`;
  return (
    windowDifference('small', published.small, exact.small) ??
    windowDifference('big', published.big, exact.big) ??
    (isNear(published.trust, exact.trust, TRUST_NEAR)
      ? null
      : `it says ${published.trust}, the log gives ${exact.trust}`)
  );
}

function windowDifference(name: string, published: ScoreWindow, exact: ExactWindow): string | null {
  const evidenceNear = NEAR * Math.max(1, exact.evidence);
  if (!isNear(published.evidence, exact.evidence, evidenceNear))
    return `its ${name} window weighs ${published.evidence}, the log's ${exact.evidence}`;
  if (!isNear(published.mean, exact.mean, NEAR))
    return `the mean of its ${name} window is ${published.mean}, the log's ${exact.mean}`;
  if (!isNear(published.deviation ** 2, exact.deviation ** 2, NEAR))
    return `the deviation of its ${name} window is ${published.deviation}, the log's ${exact.deviation}`;
  return null;
}

export const isNear = (a: number, b: number, by: number): boolean => Object.is(a, b) || Math.abs(a - b) <= by;
const time = (ms: number): string => new Date(ms).toISOString();
