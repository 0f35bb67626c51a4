/**
 * Published scores beside those that the log gives. Scores are read after the log; what the log has got meanwhile is added
 * entry by entry, and a score that did not agree has to be what the log gives behind one of them.
 */
import type { PairScore, ProviderScore } from '../../schemas/index.ts';
import type { LogEntry } from '../../schemas/trust-log/index.ts';
import { difference } from './compare.ts';
import { exactProvider, measuredDifference, providerDifference } from './exact-provider.ts';
import { type ExactScore, exactScore, type HalfLives } from './exact-score.ts';
import type { ProviderBook } from './provider-book.ts';
import { type PairBook, pairKey, providerKey, type ScoreBook } from './score-book.ts';

export interface PublishedScores {
  /** By `trustee service trustor`. */
  readonly pairs: ReadonlyMap<string, PairScore>;
  /** By `trustee service`. */
  readonly providers: ReadonlyMap<string, ProviderScore>;
}

export type ScoreFaultKind =
  | 'score-differs'
  | 'score-missing'
  | 'score-unfounded'
  | 'standing-differs'
  | 'counted-twice'
  | 'corrects-nothing';

export interface ScoreFault {
  readonly kind: ScoreFaultKind;
  /** Null where it is the score that all trustors together give. */
  readonly trustor: string | null;
  readonly trustee: string;
  readonly service: string;
  readonly says: string;
}

export interface CheckedPair {
  readonly trustor: string;
  readonly trustee: string;
  readonly service: string;
  readonly published: PairScore;
  readonly exact: ExactScore;
  /** Interactions that the score counts and the log does not hold any more: it cannot be made anew then. */
  readonly gone: number;
}

export interface Compared {
  /** Scores that the log gives, those of pairs and of providers. */
  readonly agreed: number;
  /** Of whose interactions retention has deleted some. */
  readonly partial: number;
  /** Of providers, made anew as well. */
  readonly standings: number;
  readonly faults: readonly ScoreFault[];
  /** So many of the pairs. */
  readonly pairs: readonly CheckedPair[];
}

export interface Compare {
  readonly book: ScoreBook;
  readonly providers: ProviderBook;
  readonly scores: PublishedScores;
  readonly halfLives: HalfLives;
  readonly isWhole: boolean;
  readonly nowMs: number;
  /** A pair whose newest interaction is not younger may have been forgotten. */
  readonly forgottenMs: number;
  /** Whether something was decided of the provider while the log was read. */
  isMoving(provider: string): boolean;
}

const PAIRS_TOLD_MAX = 50;

export class Comparison {
  readonly #book: ScoreBook;
  readonly #scores: PublishedScores;
  readonly #halfLives: HalfLives;
  /** Of a log whose beginning is gone, what it does not give may have been there. */
  readonly #isWhole: boolean;
  readonly #providers: ProviderBook;
  readonly #nowMs: number;
  readonly #forgottenMs: number;
  readonly #isMoving: (provider: string) => boolean;
  #standings = 0;
  readonly #faults = new Map<string, ScoreFault>();
  readonly #pairs: CheckedPair[] = [];
  #agreed = 0;
  #partial = 0;

  constructor({ book, providers, scores, halfLives, isWhole, nowMs, forgottenMs, isMoving }: Compare) {
    this.#book = book;
    this.#providers = providers;
    this.#scores = scores;
    this.#halfLives = halfLives;
    this.#isWhole = isWhole;
    this.#nowMs = nowMs;
    this.#forgottenMs = forgottenMs;
    this.#isMoving = isMoving;
    for (const [key, published] of scores.pairs) this.#comparePair(key, published);
    for (const [key, published] of scores.providers) this.#compareProvider(key, published);
    for (const [key, pair] of book.pairs)
      if (!scores.pairs.has(key) && !this.#mayBeForgotten(pair)) {
        const { trustor, trustee, service, entries } = pair;
        const says = `the log has ${entries} entries, and no score was published`;
        this.#faults.set(key, { kind: 'score-missing', trustor, trustee, service, says });
      }
    for (const [key, pairs] of book.providers) {
      // Where one trustor alone is looked at nothing was read of what all know.
      if (scores.providers.has(key) || providers.of(key) === undefined) continue;
      if (pairs.every((pair) => this.#mayBeForgotten(pair))) continue;
      const { trustee, service } = pairs[0]!;
      const says = `the log has interactions of ${pairs.length} trustors, and nothing of what all know was published`;
      this.#faults.set(key, { kind: 'score-missing', trustor: null, trustee, service, says });
    }
  }

  /** The book has got one entry more. */
  grown({ trustor, trustee, service }: LogEntry): void {
    const key = pairKey(trustee, service, trustor);
    const pair = this.#scores.pairs.get(key);
    if (pair !== undefined && this.#faults.delete(key)) this.#comparePair(key, pair);
    const ofAll = providerKey(trustee, service);
    const provider = this.#scores.providers.get(ofAll);
    if (provider !== undefined && this.#faults.delete(ofAll)) this.#compareProvider(ofAll, provider);
  }

  result(): Compared {
    const [agreed, partial, standings, pairs] = [this.#agreed, this.#partial, this.#standings, this.#pairs];
    return { agreed, partial, standings, faults: [...this.#faults.values()], pairs };
  }

  #comparePair(key: string, published: PairScore): void {
    const { trustor, trustee, service } = published;
    const pair = this.#book.pairs.get(key);
    if (pair === undefined) {
      if (!this.#isWhole) this.#partial++;
      else
        this.#faults.set(key, {
          ...{ kind: 'score-unfounded', trustor, trustee, service },
          says: `${published.interactions} interactions are counted, and the log has none`,
        });
      return;
    }
    const exact = this.#exactFor(pair, published);
    const gone = this.#isWhole ? 0 : Math.max(0, published.interactions - exact.interactions);
    const says = gone > 0 ? null : difference(published, exact);
    if (says !== null) this.#faults.set(key, { kind: 'score-differs', trustor, trustee, service, says });
    else if (gone > 0) this.#partial++;
    else this.#agreed++;
    if (says === null && this.#pairs.length < PAIRS_TOLD_MAX)
      this.#pairs.push({ trustor, trustee, service, published, exact, gone });
  }

  #compareProvider(key: string, published: ProviderScore): void {
    const pairs = this.#book.pairsOf(key);
    const exact = exactProvider(
      pairs.flatMap((pair) => this.#exactNow(pair)),
      this.#halfLives,
    );
    if (!this.#isWhole && published.interactions > exact.interactions) {
      this.#partial++;
      return;
    }
    const { trustee, service } = published;
    const known = this.#providers.of(key);
    // With its last pair a provider begins anew, and when that was no log tells.
    const isWhole = known?.replay.isWhole === true && !pairs.every((pair) => this.#mayBeForgotten(pair));
    const replay = isWhole ? known.replay : undefined;
    const says = providerDifference(published, exact) ?? measuredDifference(published, replay);
    if (says !== null) {
      this.#faults.set(key, { kind: 'score-differs', trustor: null, trustee, service, says });
      return;
    }
    // What is decided at this moment may be told a moment later.
    const isCompared = known !== undefined && this.#isWhole && !this.#isMoving(key);
    const stands = isCompared ? known.standing.difference(published, known.decisions, this.#nowMs) : null;
    if (stands !== null)
      this.#faults.set(key, { kind: 'standing-differs', trustor: null, trustee, service, says: stands });
    else {
      this.#agreed++;
      if (isCompared) this.#standings++;
    }
  }

  #mayBeForgotten({ newestMs }: PairBook): boolean {
    return newestMs <= this.#forgottenMs;
  }

  /** What there is of a pair; nothing where its score has ended. */
  #exactNow(pair: PairBook): readonly ExactScore[] {
    const published = this.#scores.pairs.get(pairKey(pair.trustee, pair.service, pair.trustor));
    if (published !== undefined) return [this.#exactFor(pair, published)];
    return this.#mayBeForgotten(pair) ? [] : [this.#exact(pair)];
  }

  /** Where the pair may have begun anew: what the score agrees with. */
  #exactFor(pair: PairBook, published: PairScore): ExactScore {
    const whole = this.#exact(pair);
    if (pair.restarts.length === 0 || difference(published, whole) === null) return whole;
    for (const restart of pair.restarts) {
      const exact = exactScore(pair.interactionsSince(restart), this.#halfLives, restart.newestMs);
      if (difference(published, exact) === null) return exact;
    }
    return whole;
  }

  /** A correction may have moved the newest back: a score goes on to be told as of what was the newest. */
  #exact(pair: PairBook): ExactScore {
    return exactScore(pair.interactions, this.#halfLives, pair.newestMs);
  }
}
