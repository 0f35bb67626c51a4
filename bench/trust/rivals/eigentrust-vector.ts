/**
 * EigenTrust's global values (Kamvar, Schlosser, Garcia-Molina, WWW 2003, algorithm 2): t ← (1 − a)·Cᵀt + a·p from
 * t = p, where C has the rows of local trust divided by their sums, and the row of a peer that trusts nobody is p.
 */
import type { LocalTrust } from './local-trust.ts';

export interface EigenTrustOptions {
  /** Weight a of the pre-trusted peers. */
  readonly alpha: number;
  /** Ends where no more than this changes, summed over all peers. */
  readonly epsilon: number;
}

const ROUNDS_MAX = 10_000;

/** `preTrust` sums to 1; negative local trust counts as none. */
export function eigenTrust(local: LocalTrust, preTrust: Float64Array, options: EigenTrustOptions): Float64Array {
  const { alpha, epsilon } = options;
  let trust = preTrust.slice();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const next = new Float64Array(local.size);
    const undecided = local.step(trust, next);
    let change = 0;
    for (let i = 0; i < next.length; i++) {
      next[i] = (1 - alpha) * (next[i]! + undecided * preTrust[i]!) + alpha * preTrust[i]!;
      change += Math.abs(next[i]! - trust[i]!);
    }
    trust = next;
    if (change < epsilon) return trust;
  }
  throw new RangeError(`no fixed point within ${ROUNDS_MAX} rounds`);
}
