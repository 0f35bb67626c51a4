/**
 * PowerTrust (Zhou, Hwang, IEEE TPDS 18:4, 2007): the random walk over feedbacks jumps, with a small probability, to the
 * power nodes, which are the most reputable of the round before.
 */
import type { Interaction, TrustModel } from '../../../actors/trust/index.ts';
import { type Random, randomBelow } from '../../../engine/index.ts';
import { LocalTrust } from './local-trust.ts';

export interface PowerTrustOptions {
  readonly epsilon: number;
  /** Of all peers; one at least. */
  readonly powerNodesShare: number;
  /** Greedy factor: how often the walk jumps to a power node. */
  readonly powerNodesWeight: number;
}

const ROUNDS_MAX = 1000;

export class PowerTrustModel implements TrustModel {
  readonly name = 'PowerTrust';
  readonly #options: PowerTrustOptions;
  readonly #local = new LocalTrust();
  readonly #rated = new Set<number>();
  #values: Float64Array | null = null;
  /** Of the last time that values were worked out. */
  #power: readonly number[] = [];

  constructor(options: PowerTrustOptions) {
    this.#options = options;
  }

  observe({ trustor, trustee, satisfaction }: Interaction): void {
    const [from, to] = [this.#local.peer(trustor), this.#local.peer(trustee)];
    this.#local.set(from, to, satisfaction >= 0.5 ? 1 : 0);
    this.#rated.add(to);
    this.#values = null;
  }

  /** Of a peer that nobody has rated: what all begin with. */
  score(_trustor: string, trustee: string): number {
    this.#values ??= this.#walk();
    const peer = this.#local.has(trustee) ? this.#local.peer(trustee) : -1;
    return this.#rated.has(peer) ? this.#values[peer]! : 1 / Math.max(1, this.#local.size);
  }

  choose(trustor: string, _service: string, candidates: readonly string[], _nowMs: number, random: Random): string {
    const values = candidates.map((candidate) => this.score(trustor, candidate));
    const best = Math.max(...values);
    const equals = candidates.filter((_, i) => values[i] === best);
    return equals[randomBelow(random, equals.length)]!;
  }

  #walk(): Float64Array {
    const { epsilon, powerNodesShare, powerNodesWeight } = this.#options;
    const n = this.#local.size;
    const powerCount = Math.max(1, Math.round(powerNodesShare * n));
    let values = new Float64Array(n).fill(1 / n);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const next = new Float64Array(n);
      const undecided = this.#local.step(values, next);
      for (let i = 0; i < n; i++) next[i] = (1 - powerNodesWeight) * (next[i]! + undecided / n);
      const jumps = this.#power.length > 0 ? this.#power : [...next.keys()];
      for (const i of jumps) next[i] = next[i]! + powerNodesWeight / jumps.length;
      const change = next.reduce((sum, value, i) => sum + Math.abs(value - values[i]!), 0);
      values = next;
      if (change < epsilon) break;
    }
    this.#power = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b).slice(0, powerCount);
    return values;
  }
}
