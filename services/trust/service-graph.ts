/**
 * Who has told what of whom, for one service: the pairs of `trust.scores`, and of each provider the sums over its raters
 * from which its reputation is answered without walking them. Weights of interactions fade, all by the same factor, so that
 * the sums are kept as of one moment, the epoch, and a question multiplies.
 *
 * Invariant: a provider's sums are those of its column, to rounding, which cannot pile up: they are summed up anew after as
 * many changes as the column has raters.
 */
import type { Opinion } from '../../actors/trust/index.ts';
import { grown, lengthFor } from './columns.ts';
import { NONE, PairStore } from './pair-store.ts';
import { Providers } from './providers.ts';

export interface GraphOptions {
  readonly smallHalfLifeMs: number;
  readonly bigHalfLifeMs: number;
  /** From 0, each rating counts, to 1, each rater counts once, however much it rates. */
  readonly dilution: number;
  /** Of a stranger's word that serves here itself: it judges its rivals. */
  readonly rivals: number;
  /** Pairs of one service; one more puts out the oldest of those that it meets. */
  readonly pairsMax: number;
}

/** Half-lives from the epoch on: a double holds 1,023 of them. */
const EPOCH_HALF_LIVES_MAX = 500;
/** A rater's weight may be so wrong, before all that it has rated is weighed anew. */
const SHARE_SLACK = 0.1;
const CHANGES_MIN = 16;
/** Of which the oldest is put out. */
const EXAMINED = 64;

export class ServiceGraph {
  readonly pairs = new PairStore();
  readonly providers = new Providers();
  /** Pairs that were put out for others. */
  forgotten = 0;
  mostRequests = 0;
  readonly #options: GraphOptions;
  #epochMs: number = Number.NaN;
  /** By trustor: Σ W of the small window at the epoch, its newest event, and the weight that its opinions were given. */
  #volume = new Float64Array(64);
  #newestMs = new Float64Array(64);
  #share = new Float64Array(64);
  /** By trustor: what a stranger takes of its word beside that, `rivals` or 1. */
  #heed = new Float64Array(64);
  #hand = 0;

  constructor(options: GraphOptions) {
    this.#options = options;
  }

  /** Both windows' fading from the epoch to a time. */
  fading(nowMs: number): { readonly small: number; readonly big: number } {
    const { smallHalfLifeMs, bigHalfLifeMs } = this.#options;
    const ageMs = Number.isNaN(this.#epochMs) ? 0 : nowMs - this.#epochMs;
    return { small: 2 ** (-ageMs / smallHalfLifeMs), big: 2 ** (-ageMs / bigHalfLifeMs) };
  }

  /** What a trustor's opinions weigh for others, so that who rates much counts no more than who rates once. */
  shareOf(trustor: number): number {
    return this.#share[trustor]!;
  }

  /** The share of it that counts for a stranger, and stands in the sums: one who serves here itself judges its rivals. */
  heedOf(trustor: number): number {
    return this.#heed[trustor]!;
  }

  /** The newest word of the pair. Gives the pair that was put out for it, as trustor; NONE where there was room. */
  set(trustor: number, provider: number, opinion: Opinion, interactions: number): number {
    const { pairs, providers } = this;
    if (Number.isNaN(this.#epochMs)) this.#epochMs = opinion.atMs;
    else if (opinion.atMs - this.#epochMs > EPOCH_HALF_LIVES_MAX * this.#options.smallHalfLifeMs)
      this.#rebase(opinion.atMs);
    this.#makeRoom(trustor);
    let putOut: number = NONE;
    let slot = pairs.find(trustor, provider);
    if (slot === NONE) {
      if (pairs.size >= this.#options.pairsMax) putOut = this.#putOut();
      slot = pairs.insert(trustor, provider);
      this.#rated(provider, 1);
      if (pairs.rowHead(trustor) === slot && pairs.rowNext(slot) === NONE) this.#begin(trustor);
    } else this.#take(slot, -1);
    providers.interactions[provider] = providers.interactions[provider]! + interactions - pairs.interactions(slot);
    pairs.write(slot, opinion, interactions);
    const { small, big } = this.fading(opinion.atMs);
    pairs.weigh(slot, opinion.evidence / small, opinion.lastingEvidence / big);
    this.#take(slot, 1);
    this.#asked(provider, providers.interactions[provider]!);
    this.#newestMs[trustor] = Math.max(this.#newestMs[trustor]!, opinion.atMs);
    this.#weighAnew(trustor);
    this.#tidy(provider);
    return putOut;
  }

  /** True where there was such a pair. */
  forget(trustor: number, provider: number): boolean {
    const slot = this.pairs.find(trustor, provider);
    if (slot === NONE) return false;
    this.#drop(slot);
    return true;
  }

  /** Of all that it was ever asked for. */
  setRequests(provider: number, requests: number): void {
    this.#asked(provider, requests);
  }

  #asked(provider: number, requests: number): void {
    const { providers } = this;
    if (requests > providers.requests[provider]!) providers.requests[provider] = requests;
    if (requests > this.mostRequests) this.mostRequests = requests;
  }

  /** One rater more (1) or less (-1): who is rated at all is a rival of whom it rates. */
  #rated(provider: number, change: number): void {
    const { providers, pairs } = this;
    const raters = providers.raters[provider]! + change;
    providers.raters[provider] = raters;
    const name = providers.name[provider]!;
    if (this.#options.rivals === 1 || raters > 1 || pairs.rowHead(name) === NONE) return;
    const heed = raters === 0 ? 1 : this.#options.rivals;
    if (heed !== this.#heed[name]) this.#reweigh(name, this.#share[name]!, heed);
  }

  /** Adds (1) or takes back (-1) what a pair is in its provider's sums and its trustor's volume. */
  #take(slot: number, sign: number): void {
    const { pairs } = this;
    const rater = pairs.trustor(slot);
    this.#volume[rater] = Math.max(0, this.#volume[rater]! + sign * pairs.now(slot));
    this.#sum(slot, sign);
    const at = pairs.provider(slot);
    this.providers.changes[at] = this.providers.changes[at]! + 1;
  }

  #sum(slot: number, sign: number): void {
    const { pairs, providers } = this;
    const at = pairs.provider(slot);
    const rater = pairs.trustor(slot);
    const share = sign * this.#share[rater]! * this.#heed[rater]!;
    const now = share * pairs.now(slot);
    const ever = share * pairs.ever(slot);
    if (now !== 0) {
      providers.now[at] = providers.now[at]! + now;
      providers.nowSatisfied[at] = providers.nowSatisfied[at]! + now * pairs.recent(slot);
    }
    if (ever !== 0) {
      providers.ever[at] = providers.ever[at]! + ever;
      providers.everSatisfied[at] = providers.everSatisfied[at]! + ever * pairs.lasting(slot);
    }
    const trust = pairs.trust(slot);
    if (Number.isNaN(trust)) return;
    providers.trust[at] = providers.trust[at]! + sign * trust;
    providers.trusting[at] = providers.trusting[at]! + sign;
  }

  #weighAnew(trustor: number): void {
    const { dilution, smallHalfLifeMs } = this.#options;
    if (dilution === 0) return;
    const volume = this.#volume[trustor]! * 2 ** ((this.#epochMs - this.#newestMs[trustor]!) / smallHalfLifeMs);
    const share = Math.max(1, volume) ** -dilution;
    const before = this.#share[trustor]!;
    if (Math.abs(share - before) <= SHARE_SLACK * before) return;
    this.#reweigh(trustor, share, this.#heed[trustor]!);
  }

  #reweigh(trustor: number, share: number, heed: number): void {
    const { pairs, providers } = this;
    const [shareBefore, heedBefore] = [this.#share[trustor]!, this.#heed[trustor]!];
    for (let slot = pairs.rowHead(trustor); slot !== NONE; slot = pairs.rowNext(slot)) {
      this.#share[trustor] = shareBefore;
      this.#heed[trustor] = heedBefore;
      this.#sum(slot, -1);
      this.#share[trustor] = share;
      this.#heed[trustor] = heed;
      this.#sum(slot, 1);
      const at = pairs.provider(slot);
      providers.changes[at] = providers.changes[at]! + 1;
    }
    this.#share[trustor] = share;
    this.#heed[trustor] = heed;
  }

  #tidy(provider: number): void {
    const { changes, raters } = this.providers;
    if (changes[provider]! < Math.max(CHANGES_MIN, raters[provider]!)) return;
    this.#sumUp(provider);
  }

  #sumUp(provider: number): void {
    const { providers, pairs } = this;
    const { now, nowSatisfied, ever, everSatisfied, trust, trusting, changes } = providers;
    for (const column of [now, nowSatisfied, ever, everSatisfied, trust, trusting, changes]) column[provider] = 0;
    for (let slot = pairs.columnHead(provider); slot !== NONE; slot = pairs.columnNext(slot)) this.#sum(slot, 1);
  }

  #rebase(epochMs: number): void {
    const { pairs, providers } = this;
    const { small, big } = this.fading(epochMs);
    this.#epochMs = epochMs;
    this.#volume.fill(0);
    for (let slot = 0; slot < pairs.end; slot++) {
      if (pairs.provider(slot) === NONE) continue;
      const rater = pairs.trustor(slot);
      pairs.weigh(slot, pairs.now(slot) * small, pairs.ever(slot) * big);
      this.#volume[rater] = this.#volume[rater]! + pairs.now(slot);
    }
    for (let at = 0; at < providers.end; at++) if (providers.name[at] !== -1) this.#sumUp(at);
  }

  #begin(trustor: number): void {
    this.#volume[trustor] = 0;
    this.#newestMs[trustor] = Number.NEGATIVE_INFINITY;
    this.#share[trustor] = 1;
    const { providers } = this;
    const own = providers.find(trustor);
    this.#heed[trustor] = own >= 0 && providers.raters[own]! > 0 ? this.#options.rivals : 1;
  }

  #makeRoom(trustor: number): void {
    if (trustor < this.#volume.length) return;
    const length = lengthFor(this.#volume.length, trustor + 1);
    this.#volume = grown(this.#volume, length);
    this.#newestMs = grown(this.#newestMs, length);
    this.#share = grown(this.#share, length);
    this.#heed = grown(this.#heed, length);
  }

  #drop(slot: number): void {
    const { pairs, providers } = this;
    const at = pairs.provider(slot);
    this.#take(slot, -1);
    providers.interactions[at] = providers.interactions[at]! - pairs.interactions(slot);
    pairs.remove(slot);
    this.#rated(at, -1);
    // What is left after a subtraction is rounding, where much was taken from little.
    this.#sumUp(at);
  }

  /** The hand goes on over the slots, so that each is looked at before one is looked at again. */
  #putOut(): number {
    const { pairs } = this;
    let oldest: number = NONE;
    for (let looked = 0; looked < EXAMINED; looked++) {
      this.#hand = this.#hand + 1 < pairs.end ? this.#hand + 1 : 0;
      if (pairs.provider(this.#hand) === NONE) continue;
      if (oldest === NONE || pairs.atMs(this.#hand) < pairs.atMs(oldest)) oldest = this.#hand;
    }
    if (oldest === NONE) return NONE;
    const trustor = pairs.trustor(oldest);
    this.#drop(oldest);
    this.forgotten++;
    return trustor;
  }
}
