/**
 * PeerTrust with the personalised similarity measure (Xiong, Liu, IEEE TKDE 16:7, 2004, formula for T_PSM with α = 1,
 * β = 0): what others were satisfied with a peer counts as much as their ratings of common acquaintances resemble one's own.
 */
import type { Interaction, TrustModel } from '../../../actors/trust/index.ts';
import { type Random, randomBelow } from '../../../engine/index.ts';

/** Last satisfactions of a rater with a peer. */
interface Window {
  readonly last: number[];
  mean: number;
}
type Ratings = Map<string, Window>;

export interface PeerTrustOptions {
  /** Transactions that count for each pair. */
  readonly windowSize: number;
  /** What is expected of one who has served nobody; TRMSim-WSN: 1. */
  readonly unknown: number;
  /** Of several that are best: the last, as in TRMSim-WSN, or any. */
  readonly isLast: boolean;
}

/** As TRMSim-WSN has them. */
export const PEERTRUST_DEFAULTS: PeerTrustOptions = { windowSize: 5, unknown: 1, isLast: true };

export class PeerTrustModel implements TrustModel {
  readonly name = 'PeerTrust';
  readonly #options: PeerTrustOptions;
  readonly #ofRater = new Map<string, Ratings>();
  readonly #ofPeer = new Map<string, Set<string>>();
  /** Of all raters to the one who asks now, until something is observed. */
  readonly #similarities = new Map<string, number>();
  #asks = '';

  constructor(options: PeerTrustOptions = PEERTRUST_DEFAULTS) {
    this.#options = options;
  }

  observe({ trustor, trustee, satisfaction }: Interaction): void {
    const ratings: Ratings = this.#ofRater.get(trustor) ?? new Map();
    this.#ofRater.set(trustor, ratings);
    const window = ratings.get(trustee) ?? { last: [], mean: 0 };
    window.last.push(satisfaction);
    if (window.last.length > this.#options.windowSize) window.last.shift();
    window.mean = mean(window.last);
    ratings.set(trustee, window);
    const raters = this.#ofPeer.get(trustee) ?? new Set();
    this.#ofPeer.set(trustee, raters.add(trustor));
    this.#similarities.clear();
  }

  score(trustor: string, trustee: string): number {
    if (trustor !== this.#asks) this.#similarities.clear();
    this.#asks = trustor;
    let satisfied = 0;
    let all = 0;
    for (const rater of this.#ofPeer.get(trustee) ?? []) {
      let similarity = this.#similarities.get(rater);
      if (similarity === undefined) {
        similarity = this.similarity(rater, trustor);
        this.#similarities.set(rater, similarity);
      }
      for (const satisfaction of this.#ofRater.get(rater)!.get(trustee)!.last) {
        satisfied += satisfaction * similarity;
        all += similarity;
      }
    }
    if (!this.#ofPeer.has(trustee)) return this.#options.unknown;
    return all === 0 ? 0 : satisfied / all;
  }

  choose(trustor: string, _service: string, candidates: readonly string[], _nowMs: number, random: Random): string {
    const values = candidates.map((candidate) => this.score(trustor, candidate));
    const best = Math.max(...values);
    const equals = candidates.filter((_, i) => values[i] === best);
    return this.#options.isLast ? equals.at(-1)! : equals[randomBelow(random, equals.length)]!;
  }

  /** 1 less the root of the mean squared difference over the peers that both rated; 0 with none. */
  similarity(a: string, b: string): number {
    const [ofA, ofB] = [this.#ofRater.get(a), this.#ofRater.get(b)];
    if (ofA === undefined || ofB === undefined) return 0;
    const [few, many] = ofA.size <= ofB.size ? [ofA, ofB] : [ofB, ofA];
    let squares = 0;
    let common = 0;
    for (const [peer, ratings] of few) {
      const other = many.get(peer);
      if (other === undefined) continue;
      squares += (ratings.mean - other.mean) ** 2;
      common++;
    }
    return common === 0 ? 0 : 1 - Math.sqrt(squares / common);
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
