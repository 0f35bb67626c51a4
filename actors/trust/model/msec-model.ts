/**
 * The variant `msec`: what a trustor expects of a provider's next service, from own experience and from the others' as
 * far as their judgement has proved good. All of it fades to the prior, which is how newcomers have done lately: so one
 * who was bad long ago is tried again before one who was bad just now, and newcomers are introduced as often as it pays.
 */
import type { Random } from '../../../engine/index.ts';
import type { Interaction } from './interaction.ts';
import { PairTable } from './pair-table.ts';
import { PairTrust, type TrustWindows } from './pair-trust.ts';
import { randomOf, uniform } from './random-choice.ts';
import { type Circle, type JudgementOptions, ScoreGraph } from './score-graph.ts';
import type { TrustModel } from './trust-model.ts';

export interface MsecOptions extends TrustWindows {
  readonly judgement: JudgementOptions;
  /** So many times another's experience counts one's own. */
  readonly ownExperience: number;
  /** Weight of what was ever before what is now, in interactions. */
  readonly prior: number;
  /** Weight of how newcomers do before what was ever. */
  readonly lastingPrior: number;
  /** Of the choices, at most, for those whom nobody knows. */
  readonly introductions: number;
  /** From 0, each rating counts, to 1, each rater counts once, however much it rates. */
  readonly dilution: number;
  /** Where the best is known from others alone, differences up to it are left to chance. */
  readonly indifference: number;
}

const HOUR_MS = 3_600_000;

export const MSEC_DEFAULTS: MsecOptions = {
  smallHalfLifeMs: HOUR_MS,
  bigHalfLifeMs: 24 * HOUR_MS,
  judgement: { unknownRater: 0.2, prejudice: 0.3 },
  ownExperience: 10,
  prior: 0.1,
  lastingPrior: 0.2,
  introductions: 0.1,
  dilution: 1,
  indifference: 0.1,
};

/** Newcomers' mean before any: as good as bad, and as if so many had been seen. */
const NEWCOMERS_BEFORE = 1;
const NEWCOMERS_MEAN = 0.5;
/** Newcomers are introduced to the full where the best known promises less than 1 - 1/NEED. */
const NEED = 4;

interface Service {
  readonly pairs: PairTable;
  readonly graph: ScoreGraph;
  /** First satisfactions with providers whom nobody knew. */
  newcomers: number;
  newcomersSatisfied: number;
  /** Faded weight of all that a rater has rated. */
  readonly volumes: Map<string, Volume>;
}

interface Volume {
  weight: number;
  atMs: number;
}

export class MsecModel implements TrustModel {
  readonly name = 'msec';
  readonly #options: MsecOptions;
  readonly #pair: PairTrust;
  readonly #services = new Map<string, Service>();

  constructor(options: MsecOptions = MSEC_DEFAULTS) {
    this.#options = options;
    this.#pair = new PairTrust(options);
  }

  observe({ trustor, trustee, service: name, timeMs, satisfaction, weight }: Interaction): void {
    const service = this.#service(name);
    if (service.graph.raters(trustee).size === 0) {
      service.newcomers++;
      service.newcomersSatisfied += satisfaction;
    }
    this.#addVolume(service, trustor, weight, timeMs);
    const at = service.pairs.rowFor(trustor, trustee);
    const { doubles } = service.pairs;
    this.#pair.add(doubles, at, timeMs, satisfaction, weight);
    service.graph.set(trustor, trustee, this.#pair.opinion(doubles, at));
  }

  score(trustor: string, trustee: string, name: string, nowMs: number): number {
    const service = this.#service(name);
    return this.#expected(service, trustor, trustee, service.graph.circle(trustor), nowMs);
  }

  choose(trustor: string, name: string, candidates: readonly string[], nowMs: number, random: Random): string {
    const service = this.#service(name);
    const circle = service.graph.circle(trustor);
    const values = candidates.map((candidate) => this.#expected(service, trustor, candidate, circle, nowMs));
    const best = Math.max(...values);
    const newcomers = candidates.filter((candidate) => service.graph.raters(candidate).size === 0);
    // Where the best known is as good as can be, a newcomer can only be worse.
    const introductions = this.#options.introductions * prior(service) * Math.min(1, NEED * (1 - best));
    if (newcomers.length > 0 && uniform(random) < introductions) return randomOf(random, newcomers);
    // One's own experience decides; what strangers say of strangers does not, by a little more or less.
    const isKnown = service.pairs.find(trustor, candidates[values.indexOf(best)]!) >= 0;
    const worst = isKnown ? best : best - this.#options.indifference;
    return randomOf(
      random,
      candidates.filter((_, i) => values[i]! >= worst),
    );
  }

  /** The present as the small window tells it, beginning from the big one's, which begins from the prior. */
  #expected(service: Service, trustor: string, trustee: string, circle: Circle, nowMs: number): number {
    const { ownExperience, dilution, lastingPrior, smallHalfLifeMs, bigHalfLifeMs } = this.#options;
    let lastingAll = lastingPrior;
    let lasting = lastingAll * prior(service);
    let all = 0;
    let satisfied = 0;
    for (const [rater, opinion] of service.graph.raters(trustee)) {
      if (Number.isNaN(opinion.recent)) continue;
      const belief =
        rater === trustor
          ? ownExperience
          : service.graph.judgement(circle, rater) ** 2 / this.#volume(service, rater, nowMs) ** dilution;
      const ageMs = nowMs - opinion.atMs;
      const now = belief * opinion.evidence * fading(ageMs, smallHalfLifeMs);
      const ever = belief * opinion.lastingEvidence * fading(ageMs, bigHalfLifeMs);
      all += now;
      satisfied += now * opinion.recent;
      lastingAll += ever;
      lasting += ever * opinion.lasting;
    }
    const start = this.#options.prior;
    return (satisfied + start * (lasting / lastingAll)) / (all + start);
  }

  #addVolume(service: Service, rater: string, weight: number, timeMs: number): void {
    const volume = service.volumes.get(rater);
    if (volume === undefined) service.volumes.set(rater, { weight, atMs: timeMs });
    else if (timeMs >= volume.atMs) {
      volume.weight = volume.weight * fading(timeMs - volume.atMs, this.#options.smallHalfLifeMs) + weight;
      volume.atMs = timeMs;
    } else volume.weight += weight * fading(volume.atMs - timeMs, this.#options.smallHalfLifeMs);
  }

  /** Not less than one interaction's. */
  #volume(service: Service, rater: string, nowMs: number): number {
    const volume = service.volumes.get(rater);
    return volume === undefined
      ? 1
      : Math.max(1, volume.weight * fading(nowMs - volume.atMs, this.#options.smallHalfLifeMs));
  }

  #service(name: string): Service {
    let service = this.#services.get(name);
    if (service === undefined) {
      const graph = new ScoreGraph(this.#options.judgement);
      service = { pairs: new PairTable(), graph, newcomers: 0, newcomersSatisfied: 0, volumes: new Map() };
      this.#services.set(name, service);
    }
    return service;
  }
}

const fading = (ageMs: number, halfLifeMs: number): number => 2 ** (Math.min(0, -ageMs) / halfLifeMs);

function prior({ newcomers, newcomersSatisfied }: Service): number {
  return (newcomersSatisfied + NEWCOMERS_BEFORE * NEWCOMERS_MEAN) / (newcomers + NEWCOMERS_BEFORE);
}
