/** D = a·T + b·R + c·R′ + d·P with a + b + c + d = 1 (cookbook, chapter 1.8, "Definitions"). */

export interface Measures {
  /** T, own experience; NaN without any. */
  readonly trust: number;
  /** R, the others' experience; 0 for a newcomer. */
  readonly reputation: number;
  /** R′, measured performance in [0, 1]; NaN where it was never measured. */
  readonly reliability: number;
  /** P, requests received, in [0, 1] of the service's busiest. */
  readonly popularity: number;
}

export interface DependabilityWeights {
  /** a + b: what experience counts in all, own and others'. */
  readonly experience: number;
  readonly reliability: number;
  readonly popularity: number;
  /** As much own evidence counts as all the others' together. */
  readonly balancedAt: number;
  /** Given by the user; null: by evidence. */
  readonly ownShare: number | null;
}

export const DEFAULT_WEIGHTS: DependabilityWeights = {
  experience: 0.8,
  reliability: 0.15,
  popularity: 0.05,
  balancedAt: 2,
  ownShare: null,
};

/** In [0, 1]. `evidence`: W of the own interactions. What is not known (NaN) leaves its weight to the reputation. */
export function dependability(measures: Measures, evidence: number, weights: DependabilityWeights): number {
  const { trust, reputation, reliability, popularity } = measures;
  const own = Number.isNaN(trust) ? 0 : (weights.ownShare ?? evidence / (evidence + weights.balancedAt));
  const a = weights.experience * own;
  const c = Number.isNaN(reliability) ? 0 : weights.reliability;
  const d = weights.popularity;
  const b = 1 - a - c - d;
  return (a === 0 ? 0 : a * trust) + b * reputation + (c === 0 ? 0 : c * reliability) + d * popularity;
}
