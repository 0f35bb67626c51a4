/**
 * The variant `cookbook`: trust, reputation, popularity and dependability exactly as chapter 1.8 has them. A tenth of the
 * choices introduces a newcomer, or one whose reputation is low. Services do not know of each other.
 */
import type { Random } from '../../../engine/index.ts';
import { DEFAULT_WEIGHTS, type DependabilityWeights, dependability, type Measures } from './dependability.ts';
import type { Interaction } from './interaction.ts';
import { PairTable } from './pair-table.ts';
import { PairTrust, type TrustWindows } from './pair-trust.ts';
import { randomOf, uniform } from './random-choice.ts';
import { type Circle, type JudgementOptions, type Opinion, ScoreGraph } from './score-graph.ts';
import type { ScoreModel } from './trust-model.ts';

export interface CookbookOptions extends TrustWindows {
  readonly judgement: JudgementOptions;
  readonly weights: DependabilityWeights;
  /** Of the choices, for newcomers and the reintegrated. */
  readonly introductions: number;
  /** Below it a reputation is low. */
  readonly lowReputation: number;
}

const HOUR_MS = 3_600_000;

export const COOKBOOK_DEFAULTS: CookbookOptions = {
  smallHalfLifeMs: HOUR_MS,
  bigHalfLifeMs: 24 * HOUR_MS,
  judgement: { unknownRater: 0.5, prejudice: 1 },
  weights: DEFAULT_WEIGHTS,
  introductions: 0.1,
  lowReputation: 0.3,
};

interface Service {
  /** Of `observe` alone. */
  readonly pairs: PairTable;
  readonly graph: ScoreGraph;
  /** By trustee, and by trustee and trustor. */
  readonly requests: Map<string, number>;
  readonly interactions: Map<string, Map<string, number>>;
  mostRequests: number;
}

export class CookbookModel implements ScoreModel {
  readonly name = 'cookbook';
  readonly #options: CookbookOptions;
  readonly #pair: PairTrust;
  readonly #services = new Map<string, Service>();

  constructor(options: CookbookOptions = COOKBOOK_DEFAULTS) {
    this.#options = options;
    this.#pair = new PairTrust(options);
  }

  observe({ trustor, trustee, service: name, timeMs, satisfaction, weight }: Interaction): void {
    const { pairs } = this.#service(name);
    const at = pairs.rowFor(trustor, trustee);
    const { doubles } = pairs;
    this.#pair.add(doubles, at, timeMs, satisfaction, weight);
    this.hear(trustor, trustee, name, this.#pair.opinion(doubles, at), this.#pair.interactions(doubles, at));
  }

  hear(trustor: string, trustee: string, name: string, opinion: Opinion, interactions: number): void {
    const service = this.#service(name);
    const ofTrustee = service.interactions.get(trustee) ?? new Map<string, number>();
    service.interactions.set(trustee, ofTrustee);
    const requests = (service.requests.get(trustee) ?? 0) + interactions - (ofTrustee.get(trustor) ?? 0);
    ofTrustee.set(trustor, interactions);
    service.requests.set(trustee, requests);
    service.mostRequests = Math.max(service.mostRequests, requests);
    service.graph.set(trustor, trustee, opinion);
  }

  score(trustor: string, trustee: string, name: string, nowMs: number): number {
    const service = this.#service(name);
    const evidence = this.#evidence(service, trustor, trustee, nowMs);
    return dependability(
      this.#measures(service, trustor, trustee, service.graph.circle(trustor)),
      evidence,
      this.#options.weights,
    );
  }

  choose(trustor: string, name: string, candidates: readonly string[], nowMs: number, random: Random): string {
    const service = this.#service(name);
    const circle = service.graph.circle(trustor);
    const measures = candidates.map((candidate) => this.#measures(service, trustor, candidate, circle));
    const introduced = candidates.filter((_, i) => measures[i]!.reputation < this.#options.lowReputation);
    if (introduced.length > 0 && uniform(random) < this.#options.introductions) return randomOf(random, introduced);
    const values = candidates.map((candidate, i) =>
      dependability(measures[i]!, this.#evidence(service, trustor, candidate, nowMs), this.#options.weights),
    );
    const best = Math.max(...values);
    return randomOf(
      random,
      candidates.filter((_, i) => values[i] === best),
    );
  }

  #measures(service: Service, trustor: string, trustee: string, circle: Circle): Measures {
    let weighted = 0;
    let all = 0;
    for (const [rater, { trust }] of service.graph.raters(trustee)) {
      if (rater === trustor || Number.isNaN(trust)) continue;
      const judgement = service.graph.judgement(circle, rater);
      weighted += judgement * trust;
      all += judgement;
    }
    return {
      trust: service.graph.opinion(trustor, trustee)?.trust ?? Number.NaN,
      reputation: all === 0 ? 0 : weighted / all,
      reliability: Number.NaN,
      popularity: service.mostRequests === 0 ? 0 : (service.requests.get(trustee) ?? 0) / service.mostRequests,
    };
  }

  #evidence(service: Service, trustor: string, trustee: string, nowMs: number): number {
    const own = service.graph.opinion(trustor, trustee);
    if (own === undefined) return 0;
    return own.lastingEvidence * 2 ** ((own.atMs - nowMs) / this.#options.bigHalfLifeMs);
  }

  #service(name: string): Service {
    let service = this.#services.get(name);
    if (service === undefined) {
      const graph = new ScoreGraph(this.#options.judgement);
      const pairs = new PairTable();
      service = { pairs, graph, requests: new Map(), interactions: new Map(), mostRequests: 0 };
      this.#services.set(name, service);
    }
    return service;
  }
}
