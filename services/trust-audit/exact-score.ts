/**
 * A score made anew from all of its interactions, by the formulas of the cookbook's chapter 1.8 as they stand there: mean,
 * deviation and weight in two passes over the whole list, with compensated sums. It shares nothing with the actor's model,
 * which adds one interaction after the other to a row; only the half-lives are the same.
 */

export interface Weighed {
  readonly satisfaction: number;
  readonly weight: number;
  readonly timeMs: number;
}

export interface HalfLives {
  readonly smallHalfLifeMs: number;
  readonly bigHalfLifeMs: number;
}

export interface ExactWindow {
  /** NaN where nothing has weight, as is the deviation. */
  readonly mean: number;
  readonly deviation: number;
  /** Faded weight at the time of the newest interaction. */
  readonly evidence: number;
}

export interface ExactScore {
  readonly trust: number;
  readonly small: ExactWindow;
  readonly big: ExactWindow;
  readonly interactions: number;
  /** What it is told as of; 0 without any interaction. */
  readonly atMs: number;
}

/** As of a time, which is that of the newest interaction unless another is given: weights alone depend on it. */
export function exactScore(
  list: readonly Weighed[],
  { smallHalfLifeMs, bigHalfLifeMs }: HalfLives,
  atMs: number = list.reduce((newest, { timeMs }) => Math.max(newest, timeMs), 0),
): ExactScore {
  const small = exactWindow(list, smallHalfLifeMs, atMs);
  const big = exactWindow(list, bigHalfLifeMs, atMs);
  const trust = Math.min(small.mean - small.deviation, big.mean - big.deviation);
  return { trust, small, big, interactions: list.length, atMs };
}

export function exactWindow(list: readonly Weighed[], halfLifeMs: number, atMs: number): ExactWindow {
  const faded = (one: Weighed): number => one.weight * fading(one, halfLifeMs, atMs);
  const evidence = sumOf(list, faded);
  if (evidence === 0) return { mean: Number.NaN, deviation: Number.NaN, evidence };
  const mean = sumOf(list, (one) => faded(one) * one.satisfaction) / evidence;
  const variance = sumOf(list, (one) => faded(one) * (one.satisfaction - mean) ** 2) / evidence;
  return { mean, deviation: Math.sqrt(variance), evidence };
}

/** How much of its weight an interaction has left at a time. */
export const fading = ({ timeMs }: Weighed, halfLifeMs: number, atMs: number): number =>
  2 ** ((timeMs - atMs) / halfLifeMs);

/** Neumaier's: what a sum loses of each number is added up by itself. */
function sumOf(list: readonly Weighed[], value: (one: Weighed) => number): number {
  let sum = 0;
  let lost = 0;
  for (const one of list) {
    const next = value(one);
    const total = sum + next;
    lost += Math.abs(sum) >= Math.abs(next) ? sum - total + next : next - total + sum;
    sum = total;
  }
  return sum + lost;
}
