/** Interactions told to a model and, as the scores that follow from them, to a graph. */
import {
  COOKBOOK_DEFAULTS,
  CookbookModel,
  type Interaction,
  MSEC_DEFAULTS,
  MsecModel,
  PAIR_DOUBLES,
  PairTrust,
  type TrustModel,
} from '../../../actors/trust/index.ts';
import type { PairScore, ProviderScore } from '../../../schemas/index.ts';
import { GRAPH_JOB, type GraphJob, graphOptionsOf, recommenderOptionsOf } from '../../../services/trust/graph-job.ts';
import type { Question } from '../../../services/trust/question.ts';
import { Recommender } from '../../../services/trust/recommender.ts';
import { TrustGraph } from '../../../services/trust/trust-graph.ts';

export const HOUR_MS = 3_600_000;
/** Fixed, as every fading is told from it. */
export const START_MS = Date.UTC(2026, 0, 1);

export function pairScore(more: Partial<PairScore> = {}): PairScore {
  const window = { mean: 0.9, deviation: 0.1, evidence: 3 };
  return {
    ...{ trustee: 'b', service: 'water', trustor: 'a', trust: 0.8, small: window, big: window },
    ...{ interactions: 3, at: START_MS },
    ...more,
  };
}

export function providerScore(more: Partial<ProviderScore> = {}): ProviderScore {
  const window = { mean: 0.9, evidence: 3 };
  return {
    ...{
      trustee: 'b',
      service: 'water',
      trust: 0.8,
      small: window,
      big: window,
      interactions: 3,
      raters: 1,
      first: 0.9,
    },
    ...{ at: START_MS, responseMs: null, availability: null, quality: null, standing: 'normal', since: 0 },
    ...{ until: null, blacklistings: 0, says: '' },
    ...more,
  };
}

export function question(more: Partial<Question> = {}): Question {
  return {
    ...{ service: 'water', trustor: 'a', near: null, limit: 5, among: null, without: [], weights: null },
    ...more,
  };
}

/** What experience alone says: nothing else is weighed, and nobody is introduced. */
export const BARE: GraphJob = { ...GRAPH_JOB, reliability: 0, popularity: 0, introductions: 0 };

export class Told {
  readonly graph: TrustGraph;
  readonly recommender: Recommender;
  readonly model: TrustModel;
  readonly #pairs: PairTrust;
  readonly #rows = new Map<string, Float64Array>();

  constructor(job: GraphJob = BARE, { dilution = 0 }: { readonly dilution?: number } = {}) {
    const windows = { smallHalfLifeMs: job.smallHalfLifeMs, bigHalfLifeMs: job.bigHalfLifeMs };
    this.graph = new TrustGraph({ ...graphOptionsOf(job), dilution });
    this.recommender = new Recommender(recommenderOptionsOf(job));
    this.model =
      job.variant === 'msec'
        ? new MsecModel({ ...MSEC_DEFAULTS, ...windows, dilution, comeback: 0 })
        : new CookbookModel({
            ...COOKBOOK_DEFAULTS,
            ...windows,
            weights: {
              ...COOKBOOK_DEFAULTS.weights,
              experience: 1 - job.reliability - job.popularity,
              reliability: job.reliability,
              popularity: job.popularity,
            },
          });
    this.#pairs = new PairTrust(windows);
  }

  take(interaction: Interaction): void {
    const { trustor, trustee, service, timeMs, satisfaction, weight } = interaction;
    this.model.observe(interaction);
    const key = `${trustee} ${service} ${trustor}`;
    const row = this.#rows.get(key) ?? new Float64Array(PAIR_DOUBLES);
    this.#rows.set(key, row);
    this.#pairs.add(row, 0, timeMs, satisfaction, weight);
    const { trust, recent, evidence, lasting, lastingEvidence, atMs } = this.#pairs.opinion(row, 0);
    this.graph.takePair({
      ...{ trustee, service, trustor, trust },
      small: { mean: recent, deviation: 0, evidence },
      big: { mean: lasting, deviation: 0, evidence: lastingEvidence },
      ...{ interactions: this.#pairs.interactions(row, 0), at: atMs },
    });
  }
}
