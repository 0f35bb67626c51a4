/** Recommendations as the program is told of them: plain data, which the graph's thread makes its parts from. */
import { COOKBOOK_DEFAULTS, MSEC_DEFAULTS } from '../../actors/trust/index.ts';
import type { ModelOptions } from './experience.ts';
import type { RecommenderOptions } from './recommender.ts';
import type { TrustGraphOptions } from './trust-graph.ts';

export interface GraphJob {
  readonly variant: 'msec' | 'cookbook';
  /** None: any. */
  readonly services: readonly string[];
  readonly smallHalfLifeMs: number;
  readonly bigHalfLifeMs: number;
  /** Of the recommendations, for newcomers and the reintegrated. */
  readonly introductions: number;
  /** Whoever had fewer interactions is a newcomer. */
  readonly newcomerUntil: number;
  /** c and d of D = a·T + b·R + c·R′ + d·P. */
  readonly reliability: number;
  readonly popularity: number;
  readonly halfResponseMs: number;
  /** Of one service. */
  readonly pairsMax: number;
  readonly providersMax: number;
}

export const GRAPH_JOB: GraphJob = {
  variant: 'msec',
  services: [],
  smallHalfLifeMs: MSEC_DEFAULTS.smallHalfLifeMs,
  bigHalfLifeMs: MSEC_DEFAULTS.bigHalfLifeMs,
  introductions: 0.1,
  newcomerUntil: 5,
  reliability: 0.15,
  popularity: 0.05,
  halfResponseMs: 1_000,
  pairsMax: 4_000_000,
  providersMax: 1_000_000,
};

const SERVICES_MAX = 256;

export function graphOptionsOf(job: GraphJob): TrustGraphOptions {
  const { smallHalfLifeMs, bigHalfLifeMs, pairsMax, providersMax, halfResponseMs } = job;
  const { dilution, rivals } = job.variant === 'msec' ? MSEC_DEFAULTS : { dilution: 0, rivals: 1 };
  return {
    smallHalfLifeMs,
    bigHalfLifeMs,
    dilution,
    rivals,
    pairsMax,
    providersMax,
    halfResponseMs,
    servicesMax: SERVICES_MAX,
  };
}

export function recommenderOptionsOf(job: GraphJob): RecommenderOptions {
  const { introductions, newcomerUntil, reliability, popularity } = job;
  return { model: modelOf(job), introductions, newcomerUntil, reliability, popularity };
}

function modelOf({ variant, smallHalfLifeMs, bigHalfLifeMs, reliability, popularity }: GraphJob): ModelOptions {
  const windows = { smallHalfLifeMs, bigHalfLifeMs };
  if (variant === 'msec') return { variant, msec: { ...MSEC_DEFAULTS, ...windows } };
  const weights = { ...COOKBOOK_DEFAULTS.weights, experience: 1 - reliability - popularity, reliability, popularity };
  return { variant, cookbook: { ...COOKBOOK_DEFAULTS, ...windows, weights } };
}
