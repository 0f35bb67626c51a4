/**
 * What one trustor may expect of each provider of a service: own experience T, the others' R, and how much of both is its
 * own. R comes from the provider's sums at a stranger's belief, corrected by those whom the trustor knows; so a provider
 * costs the same, whether ten have judged it or ten thousand.
 */
import type { CookbookOptions, MsecOptions } from '../../actors/trust/index.ts';
import { Circle } from './circle.ts';
import { grown, lengthFor } from './columns.ts';
import { NONE } from './pair-store.ts';
import type { ServiceGraph } from './service-graph.ts';

/** Opinions of judged raters that are looked at for one question. */
export const CORRECTIONS_MAX = 2_048;
/** Of the trustor's own. */
export const OWN_MAX = 4_096;

export type ModelOptions =
  | { readonly variant: 'msec'; readonly msec: MsecOptions }
  | { readonly variant: 'cookbook'; readonly cookbook: CookbookOptions };

/** What a rater's opinion μ of weight w counts: weight belief · w, of which (slope · μ + offset) · w is satisfied. */
interface Voice {
  readonly belief: number;
  readonly slope: number;
  readonly offset: number;
}

const SILENT: Voice = { belief: 0, slope: 0, offset: 0 };
const HEARD: Voice = { belief: 1, slope: 1, offset: 0 };
/** What is expected before anything is known: as good as bad. */
const UNKNOWN = 0.5;

/** One for all questions; `ask` begins one and `of` answers for a provider. */
export class Experience {
  /** What `of` found: of own and others' experience together, the own share. */
  share = 0;
  /** T; NaN without own experience. */
  trust = 0;
  /** R. */
  reputation = 0;
  readonly circle: Circle;
  readonly #options: ModelOptions;
  #graph!: ServiceGraph;
  #prior = 0;
  #stranger: Voice = SILENT;
  #small = 0;
  #big = 0;
  /** By provider: corrections of its four sums, one beside the other, and the slot of the trustor's own pair, one more than it is. Zeros in between. */
  #change = new Float64Array(0);
  #own = new Int32Array(0);
  #isTouched = new Uint8Array(0);
  #reputations = new Float64Array(0);
  #touched = new Int32Array(1024);
  #touchedCount = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.circle = new Circle(options.variant === 'msec' ? options.msec.judgement : options.cookbook.judgement);
  }

  /** `trustor` NONE: nobody who is known. `isForAll`: to the system nobody is a stranger, and each word counts in full. */
  ask(graph: ServiceGraph, trustor: number, namesEnd: number, nowMs: number, isForAll = false): void {
    this.#graph = graph;
    this.#makeRoom(graph.providers.end);
    this.#forget();
    this.circle.draw(graph, trustor, namesEnd);
    const { small, big } = graph.fading(nowMs);
    this.#small = small;
    this.#big = big;
    // Nobody's word is turned round who has not contradicted.
    const { stranger } = this.circle;
    const judgement = this.#options.variant === 'msec' ? Math.max(0.5, stranger) : stranger;
    this.#stranger = isForAll ? HEARD : this.#voiceOf(judgement);
    this.#correct();
    this.#noteOwn(trustor);
  }

  /** R of one of whom nobody has heard. */
  get unheard(): number {
    return this.#options.variant === 'msec' ? this.#prior : 0;
  }

  /** The slot of the trustor's own pair; NONE. */
  ownPair(provider: number): number {
    return this.#own[provider]! - 1;
  }

  /** By provider: 1 where `of` says something else than `reputations`. */
  get touched(): Uint8Array {
    return this.#isTouched;
  }

  /**
   * R of all providers for a stranger's eyes, by provider, or somewhat more: who fell is not looked at here, as `of` does, which
   * costs several times as much. Valid until the next question.
   */
  reputations(): Float64Array {
    if (this.#options.variant === 'msec') this.#allMsec(this.#options.msec);
    else this.#allCookbook();
    return this.#reputations;
  }

  of(provider: number): void {
    if (this.#options.variant === 'msec') this.#ofMsec(provider, this.#options.msec);
    else this.#ofCookbook(provider, this.#options.cookbook);
  }

  /** The present as the small window tells it, beginning from the big one's, which begins from the prior. */
  #ofMsec(provider: number, { prior: start, lastingPrior, ownExperience, disappointment }: MsecOptions): void {
    const { providers, pairs } = this.#graph;
    const { belief, slope, offset } = this.#stranger;
    const now = providers.now[provider]!;
    const [all, change] = [providers.ever[provider]!, this.#change];
    const place = 4 * provider;
    const others = this.#small * positive(belief * now + change[place]!);
    const satisfied =
      this.#small * positive(slope * providers.nowSatisfied[provider]! + offset * now + change[place + 1]!);
    let ever = this.#big * positive(belief * all + change[place + 2]!);
    let everSatisfied =
      this.#big * positive(slope * providers.everSatisfied[provider]! + offset * all + change[place + 3]!);
    const slot = this.#own[provider]! - 1;
    let own = 0;
    this.trust = Number.NaN;
    if (slot !== NONE && pairs.now(slot) > 0) {
      own = ownExperience * this.#small * pairs.now(slot);
      const ownEver = ownExperience * this.#big * pairs.ever(slot);
      ever += ownEver;
      everSatisfied += ownEver * pairs.lasting(slot);
      this.trust = pairs.recent(slot);
    }
    let first = (everSatisfied + lastingPrior * this.#prior) / (ever + lastingPrior);
    const present = others + own;
    if (present > 0) {
      const latest = (satisfied + (own > 0 ? own * this.trust : 0)) / present;
      first -= disappointment * (ever / (ever + lastingPrior)) * Math.max(0, first - latest);
    }
    this.reputation = (satisfied + start * first) / (others + start);
    this.share = own / (own + others + start);
  }

  #ofCookbook(provider: number, { weights }: CookbookOptions): void {
    const { providers, pairs } = this.#graph;
    const { belief } = this.#stranger;
    const all = belief * providers.trusting[provider]! + this.#change[4 * provider]!;
    const trusted = belief * providers.trust[provider]! + this.#change[4 * provider + 1]!;
    this.reputation = all > Number.EPSILON * providers.trusting[provider]! ? trusted / all : 0;
    const slot = this.#own[provider]! - 1;
    this.trust = slot === NONE ? Number.NaN : pairs.trust(slot);
    const evidence = slot === NONE ? 0 : this.#big * pairs.ever(slot);
    this.share = Number.isNaN(this.trust) ? 0 : (weights.ownShare ?? evidence / (evidence + weights.balancedAt));
  }

  #allMsec({ prior: start, lastingPrior }: MsecOptions): void {
    const { end, now, nowSatisfied, ever, everSatisfied } = this.#graph.providers;
    const reputations = this.#reputations;
    const { belief, slope, offset } = this.#stranger;
    const [small, big] = [this.#small, this.#big];
    const before = lastingPrior * this.#prior;
    for (let at = 0; at < end; at++) {
      const lastingSum = big * (slope * everSatisfied[at]! + offset * ever[at]!);
      const first = (lastingSum + before) / (big * belief * ever[at]! + lastingPrior);
      const recentSum = small * (slope * nowSatisfied[at]! + offset * now[at]!);
      reputations[at] = (recentSum + start * first) / (small * belief * now[at]! + start);
    }
  }

  /** A stranger's belief is in numerator and denominator. */
  #allCookbook(): void {
    const { end, trust, trusting } = this.#graph.providers;
    const reputations = this.#reputations;
    for (let at = 0; at < end; at++) reputations[at] = trusting[at] === 0 ? 0 : trust[at]! / trusting[at]!;
  }

  /** One who contradicts more often than not is turned round: its good is bad, and tells as much. */
  #voiceOf(judgement: number): Voice {
    if (this.#options.variant === 'cookbook') return { belief: judgement, slope: judgement, offset: 0 };
    const belief = (2 * judgement - 1) ** 2;
    return judgement < 0.5 ? { belief, slope: -belief, offset: belief } : { belief, slope: belief, offset: 0 };
  }

  /** The newest opinions of each whom the trustor knows, with their own voice instead of a stranger's. */
  #correct(): void {
    const { circle } = this;
    const { pairs } = this.#graph;
    const stranger = this.#stranger;
    const each = Math.max(1, Math.floor(CORRECTIONS_MAX / Math.max(1, circle.size)));
    const raters = Math.min(circle.size, CORRECTIONS_MAX);
    for (let place = 0; place < raters; place++) {
      const { belief, slope, offset } = this.#voiceOf(circle.judgement[place]!);
      const rater = circle.rater[place]!;
      const heed = this.#heedOf(rater);
      const more = {
        belief: belief - heed * stranger.belief,
        slope: slope - heed * stranger.slope,
        offset: offset - heed * stranger.offset,
      };
      let slot = pairs.rowHead(rater);
      for (let taken = 0; slot !== NONE && taken < each; slot = pairs.rowNext(slot), taken++) this.#add(slot, more);
    }
  }

  /** What the trustor has told itself is no word of others; it says how those do whom the trustor has tried. */
  #noteOwn(trustor: number): void {
    const { pairs } = this.#graph;
    const { belief, slope, offset } = this.#stranger;
    const heed = trustor === NONE ? 1 : this.#heedOf(trustor);
    const less = { belief: -heed * belief, slope: -heed * slope, offset: -heed * offset };
    let tried = this.#options.variant === 'msec' ? this.#options.msec.tried : 0;
    let done = tried * UNKNOWN;
    let slot: number = trustor === NONE ? NONE : pairs.rowHead(trustor);
    for (let taken = 0; slot !== NONE && taken < OWN_MAX; slot = pairs.rowNext(slot), taken++) {
      this.#add(slot, less);
      this.#own[pairs.provider(slot)] = slot + 1;
      const lasting = pairs.lasting(slot);
      if (Number.isNaN(lasting)) continue;
      tried++;
      done += lasting;
    }
    this.#prior = tried === 0 ? UNKNOWN : done / tried;
  }

  /** What of a rater's word stands in the sums; trust of the cookbook's kind is summed as it is. */
  #heedOf(rater: number): number {
    return this.#options.variant === 'cookbook' ? 1 : this.#graph.heedOf(rater);
  }

  #add(slot: number, { belief, slope, offset }: Voice): void {
    const { pairs } = this.#graph;
    const at = pairs.provider(slot);
    const change = this.#change;
    const place = 4 * at;
    if (this.#touchedCount === this.#touched.length) this.#touched = grown(this.#touched, 2 * this.#touched.length);
    if (this.#isTouched[at] === 0) {
      this.#touched[this.#touchedCount++] = at;
      this.#isTouched[at] = 1;
    }
    if (this.#options.variant === 'cookbook') {
      const trust = pairs.trust(slot);
      if (Number.isNaN(trust)) return;
      change[place] = change[place]! + belief;
      change[place + 1] = change[place + 1]! + slope * trust;
      return;
    }
    const share = this.#graph.shareOf(pairs.trustor(slot));
    const now = share * pairs.now(slot);
    const ever = share * pairs.ever(slot);
    if (now !== 0) {
      change[place] = change[place]! + belief * now;
      change[place + 1] = change[place + 1]! + now * (slope * pairs.recent(slot) + offset);
    }
    if (ever === 0) return;
    change[place + 2] = change[place + 2]! + belief * ever;
    change[place + 3] = change[place + 3]! + ever * (slope * pairs.lasting(slot) + offset);
  }

  #forget(): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      const at = this.#touched[i]!;
      this.#change.fill(0, 4 * at, 4 * at + 4);
      this.#own[at] = 0;
      this.#isTouched[at] = 0;
    }
    this.#touchedCount = 0;
  }

  #makeRoom(providers: number): void {
    if (providers <= this.#own.length) return;
    const length = lengthFor(this.#own.length, providers);
    this.#change = grown(this.#change, 4 * length);
    this.#own = grown(this.#own, length);
    this.#isTouched = grown(this.#isTouched, length);
    this.#reputations = grown(this.#reputations, length);
  }
}

/** What is taken back may be a rounding more than what was there. */
const positive = (weight: number): number => Math.max(0, weight);
