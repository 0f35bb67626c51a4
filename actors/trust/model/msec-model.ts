/**
 * The variant `msec`: what a trustor expects of a provider's next service, from own experience and from the others'.
 *
 * A rater counts by how often it has agreed with the one who asks on providers whom both know: one who agrees as often as
 * a thrown coin tells nothing, and one who always contradicts tells as much as one who always agrees, so its word is
 * turned round (as in BLADE: Regan, Poupart, Cohen, AAAI 2006). Lies that are told by a rule are found out by one experience
 * of one's own, and from then on they point at the good providers. Each rater has one voice, dealt to providers as it
 * deals its custom to them; and praise counts by the custom that comes back to the one who is praised. Strangers are believed
 * as far as others were whom one has come to know, and their word is not turned round.
 *
 * All of it fades to the prior, which is how those have done whom the trustor has tried: so one who was bad long ago is tried
 * again before one who was bad just now, and newcomers as often as it pays. Providers of one enrolment share a
 * prior and a place among the newcomers: a thousand names are as likely to be asked as one.
 */
import type { Random } from '../../../engine/index.ts';
import { type EnrolmentOf, fairOf } from './fair-choice.ts';
import type { Interaction } from './interaction.ts';
import { PairTable } from './pair-table.ts';
import { PairTrust, type TrustWindows } from './pair-trust.ts';
import { uniform } from './random-choice.ts';
import { RaterVolumes } from './rater-volumes.ts';
import { type Circle, type JudgementOptions, type Opinion, ScoreGraph } from './score-graph.ts';
import type { ScoreModel } from './trust-model.ts';

export interface MsecOptions extends TrustWindows {
  readonly judgement: JudgementOptions;
  /** So many times as the experience of a rater who is always right counts one's own. */
  readonly ownExperience: number;
  /** Weight of what was ever before what is now, in interactions. */
  readonly prior: number;
  /** Weight of how those have done whom the trustor has tried, before what was ever. */
  readonly lastingPrior: number;
  /** Weight of not knowing before how those have done whom the trustor has tried, in providers. */
  readonly tried: number;
  /** Of the choices, at most, for those whom nobody knows. */
  readonly introductions: number;
  /** From 0, each rating counts, to 1, each rater counts once, however much it rates. */
  readonly dilution: number;
  /** Praise counts by this power of the share of its custom that a rater brings to whom it praises; 0: as blame does. */
  readonly comeback: number;
  /** Of a rater's word that offers the service itself, while one has no experience in common with it: it judges its rivals. */
  readonly rivals: number;
  /** From 0 to 1: how far one who was good, and bad when last heard of, begins from the last and not from what was ever. */
  readonly disappointment: number;
  /** Where the best is known from strangers alone, differences up to it are left to chance. */
  readonly indifference: number;
  /** null: each provider has an enrolment of its own. */
  readonly enrolmentOf: EnrolmentOf | null;
}

const HOUR_MS = 3_600_000;

export const MSEC_DEFAULTS: MsecOptions = {
  smallHalfLifeMs: HOUR_MS,
  bigHalfLifeMs: 24 * HOUR_MS,
  judgement: { unknownRater: 0.6, prejudice: 0.3 },
  ownExperience: 1,
  prior: 0.1,
  lastingPrior: 0.2,
  tried: 1,
  introductions: 0.1,
  dilution: 1,
  comeback: 2,
  rivals: 0.1,
  disappointment: 0.5,
  indifference: 0.14,
  enrolmentOf: null,
};

/** What is expected of a provider before anything is known: as good as bad. */
const UNKNOWN = 0.5;
/** A best known that promises so much is as good as can be: a newcomer can only be worse. */
const AS_GOOD_AS_CAN_BE = 0.95;
/** Newcomers are introduced to the full where the best known promises less than that by 1/NEED. */
const NEED = 4;

interface Service {
  /** Of `observe` alone. */
  readonly pairs: PairTable;
  readonly graph: ScoreGraph;
  readonly volumes: RaterVolumes;
  /** Those whom anybody knows, by enrolment; empty where each has its own. */
  readonly enrolments: Map<string, Set<string>>;
}

/** What is the same for all the candidates of a question. */
interface Question {
  readonly service: Service;
  readonly trustor: string;
  readonly circle: Circle;
  readonly nowMs: number;
  readonly prior: number;
  readonly ofEnrolments: Map<string, number>;
}

export class MsecModel implements ScoreModel {
  readonly name = 'msec';
  readonly #options: MsecOptions;
  readonly #pair: PairTrust;
  readonly #services = new Map<string, Service>();

  constructor(options: MsecOptions = MSEC_DEFAULTS) {
    this.#options = options;
    this.#pair = new PairTrust(options);
  }

  observe({ trustor, trustee, service: name, timeMs, satisfaction, weight }: Interaction): void {
    const { pairs } = this.#service(name);
    const at = pairs.rowFor(trustor, trustee);
    this.#pair.add(pairs.doubles, at, timeMs, satisfaction, weight);
    this.hear(trustor, trustee, name, this.#pair.opinion(pairs.doubles, at));
  }

  hear(trustor: string, trustee: string, name: string, opinion: Opinion): void {
    const service = this.#service(name);
    service.graph.set(trustor, trustee, opinion);
    service.volumes.changed(trustor);
    const { enrolmentOf } = this.#options;
    if (enrolmentOf === null) return;
    const enrolment = enrolmentOf(trustee);
    const members = service.enrolments.get(enrolment) ?? new Set();
    service.enrolments.set(enrolment, members.add(trustee));
  }

  score(trustor: string, trustee: string, name: string, nowMs: number): number {
    return this.#expected(this.#question(trustor, name, nowMs), trustee);
  }

  choose(trustor: string, name: string, candidates: readonly string[], nowMs: number, random: Random): string {
    const { introductions, indifference, enrolmentOf } = this.#options;
    const question = this.#question(trustor, name, nowMs);
    const { graph } = question.service;
    const values = candidates.map((candidate) => this.#expected(question, candidate));
    const best = Math.max(...values);
    const isOwn = (candidate: string) => graph.opinion(trustor, candidate) !== undefined;
    if (isOwn(candidates[values.indexOf(best)]!)) {
      // Who does not know the best itself tries the unknown without being told to.
      const newcomers = candidates.filter((candidate) => graph.raters(candidate).size === 0);
      const need = Math.min(1, NEED * Math.max(0, AS_GOOD_AS_CAN_BE - best));
      if (newcomers.length > 0 && need > 0 && uniform(random) < introductions * question.prior * need)
        return fairOf(random, newcomers, enrolmentOf);
      return fairOf(
        random,
        candidates.filter((_, i) => values[i] === best),
        enrolmentOf,
      );
    }
    // What strangers say of strangers does not decide by a little more or less.
    const worst = best - indifference * (1 - worth(question.circle.stranger)) * 2 * Math.min(best, 1 - best);
    return fairOf(
      random,
      candidates.filter((candidate, i) => values[i] === best || (values[i]! >= worst && !isOwn(candidate))),
      enrolmentOf,
    );
  }

  #question(trustor: string, name: string, nowMs: number): Question {
    const service = this.#service(name);
    const { graph } = service;
    let tried = this.#options.tried;
    let done = tried * UNKNOWN;
    for (const opinion of graph.row(trustor).values()) {
      if (Number.isNaN(opinion.lasting)) continue;
      tried++;
      done += opinion.lasting;
    }
    const prior = tried === 0 ? UNKNOWN : done / tried;
    const circle = graph.circle(trustor, this.#options.rivals !== 1);
    return { service, trustor, circle, nowMs, prior, ofEnrolments: new Map() };
  }

  #expected(question: Question, trustee: string): number {
    const { enrolmentOf } = this.#options;
    const { prior } = question;
    return this.#from(
      question,
      trustee,
      enrolmentOf === null ? prior : this.#ofEnrolment(question, enrolmentOf(trustee)),
    );
  }

  /** The prior of one of an enrolment: how its others do. */
  #ofEnrolment(question: Question, enrolment: string): number {
    let value = question.ofEnrolments.get(enrolment);
    if (value === undefined) {
      let [done, known] = [question.prior * this.#options.tried, this.#options.tried];
      for (const member of question.service.enrolments.get(enrolment) ?? []) {
        done += this.#from(question, member, question.prior);
        known++;
      }
      value = known === 0 ? question.prior : done / known;
      question.ofEnrolments.set(enrolment, value);
    }
    return value;
  }

  /** The present as the small window tells it, beginning from the big one's, which begins from the prior. */
  #from({ service, trustor, circle, nowMs }: Question, trustee: string, prior: number): number {
    const { ownExperience, dilution, comeback, lastingPrior, smallHalfLifeMs, bigHalfLifeMs } = this.#options;
    const { rivals, disappointment } = this.#options;
    const raters = service.graph.raters(trustee);
    const voices = this.#voices(raters, trustee);
    const stranger = Math.max(0.5, circle.stranger);
    let lastingAll = lastingPrior;
    let lasting = lastingAll * prior;
    let all = 0;
    let satisfied = 0;
    for (const [rater, opinion] of raters) {
      if (Number.isNaN(opinion.recent)) continue;
      const ageMs = nowMs - opinion.atMs;
      const present = opinion.evidence * fading(ageMs, smallHalfLifeMs);
      let belief = ownExperience;
      let praise = 1;
      let isTurned = false;
      if (rater !== trustor) {
        const known = circle.judged.get(rater);
        const accuracy = known ?? stranger;
        const volume = service.volumes.at(rater, nowMs);
        isTurned = accuracy < 0.5;
        belief = worth(accuracy) ** 2 / volume ** dilution;
        praise = Math.min(1, present / volume) ** comeback;
        if (known === undefined && rivals !== 1 && service.graph.raters(rater).size > 0) belief *= rivals;
        if (voices !== null) belief *= voices(rater);
      }
      const now = belief * present;
      const nowPraise = now * praise * opinion.recent;
      const nowBlame = now * (1 - opinion.recent);
      all += nowPraise + nowBlame;
      satisfied += isTurned ? nowBlame : nowPraise;
      const ever = belief * opinion.lastingEvidence * fading(ageMs, bigHalfLifeMs);
      const everPraise = ever * praise * opinion.lasting;
      const everBlame = ever * (1 - opinion.lasting);
      lastingAll += everPraise + everBlame;
      lasting += isTurned ? everBlame : everPraise;
    }
    const start = this.#options.prior;
    let first = lasting / lastingAll;
    // By how much is known, faded or not: a word that hardly counts disappoints hardly.
    const share = 1 - lastingPrior / lastingAll;
    if (all > 0) first -= disappointment * share * Math.max(0, first - satisfied / all);
    return (satisfied + start * first) / (all + start);
  }

  /** Raters of one enrolment have one voice together, and none about their own; null where each has its own enrolment. */
  #voices(raters: ReadonlyMap<string, Opinion>, trustee: string): ((rater: string) => number) | null {
    const { enrolmentOf } = this.#options;
    if (enrolmentOf === null) return null;
    const counts = new Map<string, number>();
    for (const rater of raters.keys()) {
      const enrolment = enrolmentOf(rater);
      counts.set(enrolment, (counts.get(enrolment) ?? 0) + 1);
    }
    const own = enrolmentOf(trustee);
    return (rater) => {
      const enrolment = enrolmentOf(rater);
      return enrolment === own ? 0 : 1 / counts.get(enrolment)!;
    };
  }

  #service(name: string): Service {
    let service = this.#services.get(name);
    if (service === undefined) {
      const graph = new ScoreGraph(this.#options.judgement);
      const volumes = new RaterVolumes(graph, this.#options.smallHalfLifeMs);
      service = { pairs: new PairTable(), graph, volumes, enrolments: new Map() };
      this.#services.set(name, service);
    }
    return service;
  }
}

/** 0 of a rater who is right as often as wrong, 1 of one who always is, or never. */
const worth = (accuracy: number): number => Math.abs(2 * accuracy - 1);

const fading = (ageMs: number, halfLifeMs: number): number => 2 ** (Math.min(0, -ageMs) / halfLifeMs);
