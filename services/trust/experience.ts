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
export const CORRECTIONS_MAX = 4_096;
/** Of the trustor's own. */
export const OWN_MAX = 4_096;

export type ModelOptions =
  | { readonly variant: 'msec'; readonly msec: MsecOptions }
  | { readonly variant: 'cookbook'; readonly cookbook: CookbookOptions };

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
  #belief = 0;
  #small = 0;
  #big = 0;
  /** By provider: corrections of its sums, and the slot of the trustor's own pair, one more than it is. Zeros in between. */
  #now = new Float64Array(0);
  #nowSatisfied = new Float64Array(0);
  #ever = new Float64Array(0);
  #everSatisfied = new Float64Array(0);
  #own = new Int32Array(0);
  #isTouched = new Uint8Array(0);
  #reputations = new Float64Array(0);
  #touched = new Int32Array(1024);
  #touchedCount = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.circle = new Circle(options.variant === 'msec' ? options.msec.judgement : options.cookbook.judgement);
  }

  /** `trustor` NONE: nobody who is known. */
  ask(graph: ServiceGraph, trustor: number, namesEnd: number, nowMs: number): void {
    this.#graph = graph;
    this.#makeRoom(graph.providers.end);
    this.#forget();
    this.circle.draw(graph, trustor, namesEnd);
    const { small, big } = graph.fading(nowMs);
    this.#small = small;
    this.#big = big;
    this.#prior = graph.prior;
    this.#belief = this.#beliefOf(this.circle.stranger);
    this.#correct(trustor);
    if (trustor !== NONE) this.#noteOwn(trustor);
  }

  /** The slot of the trustor's own pair; NONE. */
  ownPair(provider: number): number {
    return this.#own[provider]! - 1;
  }

  /** By provider: 1 where `of` says something else than `reputations`. */
  get touched(): Uint8Array {
    return this.#isTouched;
  }

  /** R of all providers for a stranger's eyes, by provider: valid until the next question. */
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
  #ofMsec(provider: number, { prior: start, lastingPrior, ownExperience }: MsecOptions): void {
    const { providers, pairs } = this.#graph;
    const others = this.#small * positive(this.#belief * providers.now[provider]! + this.#now[provider]!);
    const satisfied =
      this.#small * positive(this.#belief * providers.nowSatisfied[provider]! + this.#nowSatisfied[provider]!);
    let ever = this.#big * positive(this.#belief * providers.ever[provider]! + this.#ever[provider]!);
    let everSatisfied =
      this.#big * positive(this.#belief * providers.everSatisfied[provider]! + this.#everSatisfied[provider]!);
    const slot = this.#own[provider]! - 1;
    let own = 0;
    this.trust = Number.NaN;
    if (slot !== NONE && pairs.now[slot]! > 0) {
      own = ownExperience * this.#small * pairs.now[slot]!;
      const ownEver = ownExperience * this.#big * pairs.ever[slot]!;
      ever += ownEver;
      everSatisfied += ownEver * pairs.lasting[slot]!;
      this.trust = pairs.recent[slot]!;
    }
    const lasting = (everSatisfied + lastingPrior * this.#prior) / (ever + lastingPrior);
    this.reputation = (satisfied + start * lasting) / (others + start);
    this.share = own / (own + others + start);
  }

  #ofCookbook(provider: number, { weights }: CookbookOptions): void {
    const { providers, pairs } = this.#graph;
    const all = this.#belief * providers.trusting[provider]! + this.#now[provider]!;
    const trusted = this.#belief * providers.trust[provider]! + this.#nowSatisfied[provider]!;
    this.reputation = all > Number.EPSILON * providers.trusting[provider]! ? trusted / all : 0;
    const slot = this.#own[provider]! - 1;
    this.trust = slot === NONE ? Number.NaN : pairs.trust[slot]!;
    const evidence = slot === NONE ? 0 : this.#big * pairs.ever[slot]!;
    this.share = Number.isNaN(this.trust) ? 0 : (weights.ownShare ?? evidence / (evidence + weights.balancedAt));
  }

  #allMsec({ prior: start, lastingPrior }: MsecOptions): void {
    const { end, now, nowSatisfied, ever, everSatisfied } = this.#graph.providers;
    const reputations = this.#reputations;
    const [recent, lasting] = [this.#small * this.#belief, this.#big * this.#belief];
    const before = lastingPrior * this.#prior;
    for (let at = 0; at < end; at++) {
      const first = (lasting * everSatisfied[at]! + before) / (lasting * ever[at]! + lastingPrior);
      reputations[at] = (recent * nowSatisfied[at]! + start * first) / (recent * now[at]! + start);
    }
  }

  /** A stranger's belief is in numerator and denominator. */
  #allCookbook(): void {
    const { end, trust, trusting } = this.#graph.providers;
    const reputations = this.#reputations;
    for (let at = 0; at < end; at++) reputations[at] = trusting[at] === 0 ? 0 : trust[at]! / trusting[at]!;
  }

  #beliefOf(judgement: number): number {
    return this.#options.variant === 'msec' ? judgement * judgement : judgement;
  }

  /** The newest opinions of each whom the trustor knows, at their own belief instead of a stranger's. */
  #correct(trustor: number): void {
    const { circle } = this;
    const { pairs } = this.#graph;
    let left = CORRECTIONS_MAX;
    const each = Math.max(1, Math.floor(CORRECTIONS_MAX / Math.max(1, circle.size)));
    for (let place = 0; place < circle.size && left > 0; place++) {
      const rater = circle.rater[place]!;
      if (rater === trustor) continue;
      const more = this.#beliefOf(circle.judgement[place]!) - this.#belief;
      let slot = pairs.rowHead(rater);
      for (let taken = 0; slot !== NONE && taken < each; slot = pairs.rowNext[slot]!, taken++) this.#add(slot, more);
      left -= each;
    }
  }

  /** What the trustor has told itself is no word of others. */
  #noteOwn(trustor: number): void {
    const { pairs } = this.#graph;
    let slot = pairs.rowHead(trustor);
    for (let taken = 0; slot !== NONE && taken < OWN_MAX; slot = pairs.rowNext[slot]!, taken++) {
      this.#add(slot, -this.#belief);
      this.#own[pairs.provider[slot]!] = slot + 1;
    }
  }

  #add(slot: number, belief: number): void {
    const { pairs } = this.#graph;
    const at = pairs.provider[slot]!;
    if (this.#touchedCount === this.#touched.length) this.#touched = grown(this.#touched, 2 * this.#touched.length);
    this.#touched[this.#touchedCount++] = at;
    this.#isTouched[at] = 1;
    if (this.#options.variant === 'cookbook') {
      if (Number.isNaN(pairs.trust[slot]!)) return;
      this.#now[at] = this.#now[at]! + belief;
      this.#nowSatisfied[at] = this.#nowSatisfied[at]! + belief * pairs.trust[slot]!;
      return;
    }
    const weight = belief * this.#graph.shareOf(pairs.trustor[slot]!);
    const now = weight * pairs.now[slot]!;
    const ever = weight * pairs.ever[slot]!;
    if (now !== 0) {
      this.#now[at] = this.#now[at]! + now;
      this.#nowSatisfied[at] = this.#nowSatisfied[at]! + now * pairs.recent[slot]!;
    }
    if (ever === 0) return;
    this.#ever[at] = this.#ever[at]! + ever;
    this.#everSatisfied[at] = this.#everSatisfied[at]! + ever * pairs.lasting[slot]!;
  }

  #forget(): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      const at = this.#touched[i]!;
      this.#now[at] = 0;
      this.#nowSatisfied[at] = 0;
      this.#ever[at] = 0;
      this.#everSatisfied[at] = 0;
      this.#own[at] = 0;
      this.#isTouched[at] = 0;
    }
    this.#touchedCount = 0;
  }

  #makeRoom(providers: number): void {
    if (providers <= this.#own.length) return;
    const length = lengthFor(this.#own.length, providers);
    this.#now = grown(this.#now, length);
    this.#nowSatisfied = grown(this.#nowSatisfied, length);
    this.#ever = grown(this.#ever, length);
    this.#everSatisfied = grown(this.#everSatisfied, length);
    this.#own = grown(this.#own, length);
    this.#isTouched = grown(this.#isTouched, length);
    this.#reputations = grown(this.#reputations, length);
  }
}

/** What is taken back may be a rounding more than what was there. */
const positive = (weight: number): number => Math.max(0, weight);
