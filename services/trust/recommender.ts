/**
 * Who should serve S near here, for A: one walk over the providers of the service. Each costs the same few numbers, so that
 * a hundred thousand are walked in a millisecond or two, and nothing has to be kept in an order that changes with time.
 */
import { type Random, randomBelow } from '../../engine/index.ts';
import { BatchDraw } from './batch-draw.ts';
import { Best } from './best.ts';
import { Experience, type ModelOptions } from './experience.ts';
import { NONE } from './pair-store.ts';
import { chordSquared, distanceOf, pointOf, type SpherePoint } from './place.ts';
import { BARRED_FROM, STANDINGS_IN_ORDER } from './providers.ts';
import { NOBODY, type Question, type Weights } from './question.ts';
import { type Recommendation, type Recommended, reasonsOf } from './recommendation.ts';
import type { ServiceGraph } from './service-graph.ts';
import type { TrustGraph } from './trust-graph.ts';

export interface RecommenderOptions {
  readonly model: ModelOptions;
  /** c, where performance was measured, and d; what they leave is for experience. */
  readonly reliability: number;
  readonly popularity: number;
  /** Of the recommendations, for newcomers and the reintegrated. */
  readonly introductions: number;
  /** Whoever had fewer interactions is a newcomer. */
  readonly newcomerUntil: number;
}

const NO_CHANCE: Random = { u32: () => 0, bytes: (length) => new Uint8Array(length) };
const REINTEGRATED = STANDINGS_IN_ORDER.indexOf('reintegrated');
/** Of whom nobody has heard, in place of a provider. */
const UNKNOWN = -1;
const NOTHING = new Float64Array(0);
/** More than rounding: what is told in two ways is equal all the same. */
const SLACK = 1e-12;

/** One walk's places, so that the walk itself makes none. */
interface Walk {
  readonly graph: ServiceGraph;
  readonly question: Question;
  readonly best: Best;
  readonly centre: SpherePoint | null;
  readonly chordMax: number;
  readonly skipped: ReadonlySet<number>;
  /** R of all, where all are walked. */
  readonly reputations: Float64Array;
  considered: number;
  barred: number;
  /** The best value so far, and who has it: of equals one that is drawn. */
  top: number;
  first: number;
  readonly equals: BatchDraw;
  newcomer: number;
  readonly newcomers: BatchDraw;
}

export class Recommender {
  readonly #options: RecommenderOptions;
  readonly #experience: Experience;

  constructor(options: RecommenderOptions) {
    this.#options = options;
    this.#experience = new Experience(options.model);
  }

  answer(trust: TrustGraph, question: Question, nowMs: number, random: Random): Recommendation {
    const isDue = random.u32() / 2 ** 32 < this.#options.introductions;
    return this.#answer(trust, question, nowMs, random, isDue);
  }

  /** The same order each time, and nobody is introduced. */
  ranking(trust: TrustGraph, question: Question, nowMs: number): Recommendation {
    return this.#answer(trust, question, nowMs, NO_CHANCE, false);
  }

  #answer(trust: TrustGraph, question: Question, nowMs: number, random: Random, isDue: boolean): Recommendation {
    const { service, trustor } = question;
    const graph = trust.service(service);
    const name = trust.names.find(trustor);
    this.#experience.ask(graph, name, trust.names.end, nowMs, trustor === NOBODY);
    const walk = this.#walk(trust, graph, question, random);
    const strangers = this.#strangersOf(trust, graph, question);
    const introduced = isDue ? this.#introduced(trust, walk, strangers) : null;
    const providers: Recommended[] = introduced === null ? [] : [introduced];
    for (let place = -1; place < walk.best.size && providers.length < question.limit; place++) {
      const at = place < 0 ? walk.first : walk.best.indexAt(place);
      if (at === UNKNOWN || (place >= 0 && at === walk.first)) continue;
      if (trust.names.of(graph.providers.name[at]!) !== introduced?.provider)
        providers.push(this.#told(trust, walk, at, false));
    }
    // Asked among names that nobody knows yet, the answer still is one of them.
    for (const stranger of shuffled(strangers, random)) {
      if (providers.length >= question.limit) break;
      if (stranger !== introduced?.provider) providers.push(this.#toldOfStranger(question, stranger, false));
    }
    const considered = walk.considered + strangers.length;
    return { service, trustor, at: nowMs, providers, considered, barred: walk.barred };
  }

  /** A newcomer, known or not; a batch is as likely as one that came by itself. */
  #introduced(trust: TrustGraph, walk: Walk, strangers: readonly string[]): Recommended | null {
    let drawn: string | null = null;
    for (const stranger of strangers) if (walk.newcomers.takes(trust.batchOf(stranger))) drawn = stranger;
    if (drawn !== null) return this.#toldOfStranger(walk.question, drawn, true);
    return walk.newcomer === UNKNOWN ? null : this.#told(trust, walk, walk.newcomer, true);
  }

  #walk(trust: TrustGraph, graph: ServiceGraph, question: Question, random: Random): Walk {
    const { near, among, without, limit, trustor } = question;
    const { providers } = graph;
    const indices = (names: readonly string[]) =>
      names.map((each) => providers.find(trust.names.find(each))).filter((at) => at >= 0);
    const walk: Walk = {
      ...{ graph, question, best: new Best(limit + 1) },
      centre: near === null ? null : pointOf(near),
      chordMax: near === null ? 0 : chordSquared(near.radiusM),
      skipped: new Set(indices([...without, trustor])),
      reputations: near === null && among === null ? this.#experience.reputations() : NOTHING,
      ...{ considered: 0, barred: 0, top: Number.NEGATIVE_INFINITY, first: UNKNOWN, newcomer: UNKNOWN },
      equals: new BatchDraw(random),
      newcomers: new BatchDraw(random),
    };
    if (among !== null) for (const at of new Set(indices(among))) this.#look(walk, at);
    else if (providers.end > 0) {
      // Of equals the first that is met stays before the others, but for the first place: so these are others each time.
      const from = randomBelow(random, providers.end);
      const walkOver = near === null ? this.#walkAll : this.#walkNear;
      walkOver.call(this, walk, from, providers.end);
      walkOver.call(this, walk, 0, from);
    }
    return walk;
  }

  #walkNear(walk: Walk, from: number, end: number): void {
    const { x, y, z } = walk.graph.providers;
    const { chordMax } = walk;
    const centre = walk.centre!;
    for (let at = from; at < end; at++) {
      const dx = x[at]! - centre.x;
      const dy = y[at]! - centre.y;
      const dz = z[at]! - centre.z;
      if (dx * dx + dy * dy + dz * dz <= chordMax) this.#look(walk, at);
    }
  }

  /** As `#look` does at each; what nobody of the trustor's circle knows, nor itself, costs a few numbers. */
  #walkAll(walk: Walk, from: number, end: number): void {
    const { graph, question, best, skipped } = walk;
    const { name, standing, requests, reliability } = graph.providers;
    const { newcomerUntil } = this.#options;
    const { touched } = this.#experience;
    const { reputations } = walk;
    let { top } = walk;
    const c = question.weights?.reliability ?? this.#options.reliability;
    const d = question.weights?.popularity ?? this.#options.popularity;
    const perRequest = graph.mostRequests === 0 ? 0 : d / graph.mostRequests;
    const withReliability = 1 - c - d;
    const hasSkipped = skipped.size > 0;
    let { least } = best;
    let considered = 0;
    for (let at = from; at < end; at++) {
      if (touched[at] === 1) {
        this.#look(walk, at);
        least = best.least;
        top = walk.top;
        continue;
      }
      if (name[at] === -1 || (hasSkipped && skipped.has(at))) continue;
      considered++;
      if (standing[at]! >= BARRED_FROM) {
        walk.barred++;
        continue;
      }
      const measured = reliability[at]!;
      const reputation = reputations[at]!;
      const experienced = Number.isNaN(measured) ? (1 - d) * reputation : withReliability * reputation + c * measured;
      const value = experienced + perRequest * requests[at]!;
      // What it may come to at most: only who has a chance is looked at in full.
      if (value > least - SLACK || value >= top - SLACK) {
        this.#weigh(walk, at);
        least = best.least;
        top = walk.top;
      }
      if (requests[at]! < newcomerUntil || standing[at] === REINTEGRATED) this.#noteNewcomer(walk, at);
    }
    walk.considered += considered;
  }

  #noteNewcomer(walk: Walk, at: number): void {
    if (walk.newcomers.takes(walk.graph.providers.batch[at]!)) walk.newcomer = at;
  }

  /** Of one that is not worse than the best so far. */
  #noteBest(walk: Walk, at: number, value: number): void {
    if (value > walk.top) {
      walk.top = value;
      walk.equals.restart();
    }
    if (walk.equals.takes(walk.graph.providers.batch[at]!)) walk.first = at;
  }

  #look(walk: Walk, at: number): void {
    const { providers } = walk.graph;
    if (providers.name[at] === -1 || (walk.skipped.size > 0 && walk.skipped.has(at))) return;
    if (walk.centre !== null && !(this.#chord(walk, at) <= walk.chordMax)) return;
    walk.considered++;
    const standing = providers.standing[at]!;
    if (standing >= BARRED_FROM) {
      walk.barred++;
      return;
    }
    this.#weigh(walk, at);
    if (standing === REINTEGRATED || providers.requests[at]! < this.#options.newcomerUntil)
      this.#noteNewcomer(walk, at);
  }

  #weigh(walk: Walk, at: number): void {
    this.#experience.of(at);
    const value = this.#dependability(walk.graph, at, walk.question.weights);
    walk.best.offer(at, value);
    if (value >= walk.top) this.#noteBest(walk, at, value);
  }

  /** NaN where nobody has said where the provider is. */
  #chord({ graph: { providers }, centre }: Walk, at: number): number {
    const x = providers.x[at]! - centre!.x;
    const y = providers.y[at]! - centre!.y;
    const z = providers.z[at]! - centre!.z;
    return x * x + y * y + z * z;
  }

  /** Of the provider whose experience was asked for last. */
  #dependability(graph: ServiceGraph, at: number, given: Weights | null): number {
    const { trust, reputation } = this.#experience;
    const reliability = graph.providers.reliability[at]!;
    const hasReliability = !Number.isNaN(reliability);
    const c = hasReliability ? (given?.reliability ?? this.#options.reliability) : 0;
    const d = given?.popularity ?? this.#options.popularity;
    const a = this.#ownWeight(given, c + d);
    const b = 1 - a - c - d;
    const popularity = graph.mostRequests === 0 ? 0 : graph.providers.requests[at]! / graph.mostRequests;
    return (a === 0 ? 0 : a * trust) + b * reputation + (hasReliability ? c * reliability : 0) + d * popularity;
  }

  /** What is not known leaves its weight to the reputation. */
  #ownWeight(given: Weights | null, others: number): number {
    const { share, trust } = this.#experience;
    if (Number.isNaN(trust)) return 0;
    if (given !== null) return given.trust;
    const { model } = this.#options;
    return share * (model.variant === 'cookbook' ? model.cookbook.weights.experience : 1 - others);
  }

  #told(trust: TrustGraph, walk: Walk, at: number, isIntroduced: boolean): Recommended {
    const { graph, question } = walk;
    const { providers, pairs } = graph;
    this.#experience.of(at);
    const slot = this.#experience.ownPair(at);
    const own = this.#experience.trust;
    const reliability = providers.reliability[at]!;
    const c = Number.isNaN(reliability) ? 0 : (question.weights?.reliability ?? this.#options.reliability);
    const d = question.weights?.popularity ?? this.#options.popularity;
    const a = this.#ownWeight(question.weights, c + d);
    const found = {
      provider: trust.names.of(providers.name[at]!),
      dependability: this.#dependability(graph, at, question.weights),
      trust: Number.isNaN(own) ? null : own,
      reputation: this.#experience.reputation,
      reliability: Number.isNaN(reliability) ? null : reliability,
      popularity: graph.mostRequests === 0 ? 0 : providers.requests[at]! / graph.mostRequests,
      weights: { trust: a, reputation: 1 - a - c - d, reliability: c, popularity: d },
      interactions: slot === NONE ? 0 : pairs.interactions(slot),
      raters: providers.raters[at]! - (slot === NONE ? 0 : 1),
      distanceM: walk.centre === null ? null : distanceOf(this.#chord(walk, at)),
      standing: STANDINGS_IN_ORDER[providers.standing[at]!]!,
      isIntroduced,
    };
    return {
      ...found,
      says: reasonsOf(found, question.trustor, providers.requests[at]! < this.#options.newcomerUntil),
    };
  }

  /** Asked for by name, and not known for this service: a place they have no more than a history. */
  #strangersOf(trust: TrustGraph, graph: ServiceGraph, { among, without, trustor, near }: Question): string[] {
    if (among === null || near !== null) return [];
    const skipped = new Set([...without, trustor]);
    return [...new Set(among)].filter((name) => !skipped.has(name) && graph.providers.find(trust.names.find(name)) < 0);
  }

  #toldOfStranger({ trustor }: Question, provider: string, isIntroduced: boolean): Recommended {
    const reputation = this.#experience.unheard;
    const weights = { trust: 0, reputation: 1 - this.#options.popularity, reliability: 0, popularity: 0 };
    const found = {
      ...{ provider, dependability: weights.reputation * reputation, trust: null, reputation, reliability: null },
      ...{ popularity: 0, weights: { ...weights, popularity: this.#options.popularity }, interactions: 0, raters: 0 },
      ...{ distanceM: null, standing: STANDINGS_IN_ORDER[0]!, isIntroduced },
    };
    return { ...found, says: reasonsOf(found, trustor, true) };
  }
}

function shuffled(names: readonly string[], random: Random): string[] {
  const mixed = [...names];
  for (let i = mixed.length - 1; i > 0; i--) {
    const other = randomBelow(random, i + 1);
    [mixed[i], mixed[other]] = [mixed[other]!, mixed[i]!];
  }
  return mixed;
}
