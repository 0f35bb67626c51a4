/**
 * EigenTrust (Kamvar, Schlosser, Garcia-Molina, WWW 2003): a peer's local trust is what it was satisfied less what it
 * was not, over its last transactions with the other; the global value is the same for all who ask.
 */
import type { Interaction, TrustModel } from '../../../actors/trust/index.ts';
import { type Random, randomBelow } from '../../../engine/index.ts';
import { inProportion, uniform } from './draws.ts';
import { type EigenTrustOptions, eigenTrust } from './eigentrust-vector.ts';
import { LocalTrust } from './local-trust.ts';

export interface EigenTrustModelOptions extends EigenTrustOptions {
  /** Transactions that count for each pair. */
  readonly windowSize: number;
  /** How often a peer that nobody trusts is asked. */
  readonly zeroTrustProbability: number;
  /** Empty: all are trusted a little. */
  readonly preTrusted: readonly string[];
}

/** Below it a peer counts as one that nobody trusts. */
const NO_TRUST = 1e-6;

export class EigenTrustModel implements TrustModel {
  readonly name = 'EigenTrust';
  readonly #options: EigenTrustModelOptions;
  readonly #local = new LocalTrust();
  readonly #windows = new Map<number, number[]>();
  #trust: Float64Array | null = null;

  constructor(options: EigenTrustModelOptions) {
    this.#options = options;
    for (const name of options.preTrusted) this.#local.peer(name);
  }

  observe({ trustor, trustee, satisfaction }: Interaction): void {
    const [from, to] = [this.#local.peer(trustor), this.#local.peer(trustee)];
    const key = from * 2 ** 26 + to;
    const window = this.#windows.get(key) ?? [];
    window.push(satisfaction >= 0.5 ? 1 : -1);
    if (window.length > this.#options.windowSize) window.shift();
    this.#windows.set(key, window);
    this.#local.set(
      from,
      to,
      Math.max(
        0,
        window.reduce((sum, value) => sum + value, 0),
      ),
    );
    this.#trust = null;
  }

  score(_trustor: string, trustee: string): number {
    this.#trust ??= eigenTrust(this.#local, this.#preTrust(), this.#options);
    return this.#local.has(trustee) ? this.#trust[this.#local.peer(trustee)]! : 0;
  }

  choose(trustor: string, _service: string, candidates: readonly string[], _nowMs: number, random: Random): string {
    const values = candidates.map((candidate) => this.score(trustor, candidate));
    const unknown = candidates.filter((_, i) => values[i]! <= NO_TRUST);
    const asksUnknown = uniform(random) < this.#options.zeroTrustProbability || unknown.length === candidates.length;
    if (asksUnknown && unknown.length > 0) return unknown[randomBelow(random, unknown.length)]!;
    return candidates[inProportion(random, values)]!;
  }

  #preTrust(): Float64Array {
    const { preTrusted } = this.#options;
    const vector = new Float64Array(this.#local.size);
    if (preTrusted.length === 0) return vector.fill(1 / vector.length);
    for (const name of preTrusted) vector[this.#local.peer(name)] = 1 / preTrusted.length;
    return vector;
  }
}
