/** Which interactions moved a score most: for each, what the score would be without it. */
import {
  type ExactScore,
  type ExactWindow,
  exactScore,
  exactWindow,
  fading,
  type HalfLives,
  type Weighed,
} from './exact-score.ts';

/** Above it the other interactions are added up without the one in question. */
const SHARE_MAX = 0.5;

export interface Influence<T extends Weighed> {
  readonly interaction: T;
  /** The score less what it would be without this one: negative where it lowered it. NaN where it is the only one. */
  readonly moved: number;
  /** Of all weight in the window, from 0 to 1. */
  readonly smallShare: number;
  readonly bigShare: number;
}

/** The most influential first; those of the same influence, the newest first. */
export function influences<T extends Weighed>(
  list: readonly T[],
  halfLives: HalfLives,
): { readonly score: ExactScore; readonly influences: readonly Influence<T>[] } {
  const score = exactScore(list, halfLives);
  const { smallHalfLifeMs, bigHalfLifeMs } = halfLives;
  const all = list.map((interaction): Influence<T> => {
    const small = without(list, score.small, interaction, smallHalfLifeMs, score.atMs);
    const big = without(list, score.big, interaction, bigHalfLifeMs, score.atMs);
    const moved = score.trust - Math.min(small.trust, big.trust);
    return { interaction, moved, smallShare: small.share, bigShare: big.share };
  });
  const size = ({ moved }: Influence<T>): number => (Number.isNaN(moved) ? Number.POSITIVE_INFINITY : Math.abs(moved));
  all.sort((a, b) => size(b) - size(a) || b.interaction.timeMs - a.interaction.timeMs);
  return { score, influences: all };
}

/**
 * Trust of the window without one of its interactions, from its mean and deviation alone. With d = s − μ and share p of the
 * weight, the mean moves by −p·d/(1 − p), and the variance becomes (σ² − p·d²)/(1 − p) less that move squared. Where p is
 * nearly 1 nothing would be left of these differences but rounding; only one can have so much, and the rest is added up anew.
 */
function without(
  list: readonly Weighed[],
  window: ExactWindow,
  one: Weighed,
  halfLifeMs: number,
  atMs: number,
): { readonly trust: number; readonly share: number } {
  const share = window.evidence === 0 ? 0 : (one.weight * fading(one, halfLifeMs, atMs)) / window.evidence;
  if (share > SHARE_MAX) {
    const rest = list.filter((other) => other !== one);
    const { mean, deviation } = exactWindow(rest, halfLifeMs, atMs);
    return { trust: mean - deviation, share };
  }
  const difference = one.satisfaction - window.mean;
  const shift = (-share * difference) / (1 - share);
  const variance = (window.deviation ** 2 - share * difference ** 2) / (1 - share) - shift ** 2;
  return { trust: window.mean + shift - Math.sqrt(Math.max(0, variance)), share };
}
