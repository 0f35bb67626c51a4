/** Providers as the log tells of them, entry by entry: what is known of each, and how it may stand. */
import { type LogReader, MsecError } from '../../engine/index.ts';
import { decodeStandingDecision, type StandingDecision } from '../../schemas/standing/index.ts';
import { TRUST_DECISIONS } from '../../schemas/topics/index.ts';
import type { LogEntry } from '../../schemas/trust-log/index.ts';
import { eachRecord } from '../record-walk/index.ts';
import type { HalfLives } from './exact-score.ts';
import { ExactStanding, type StandingTerms } from './exact-standing.ts';
import { ProviderReplay } from './provider-replay.ts';
import { isWanted, type PairBook, providerKey, type Wanted } from './score-book.ts';

/** By provider, in their order. */
export type Decisions = ReadonlyMap<string, readonly StandingDecision[]>;

export interface BookedProvider {
  readonly replay: ProviderReplay;
  readonly standing: ExactStanding;
  readonly decisions: number;
}

export class ProviderBook {
  readonly #halfLives: HalfLives;
  readonly #forgetMs: number;
  readonly #terms: StandingTerms | null;
  readonly #decisions: Decisions;
  readonly #providers = new Map<string, BookedProvider>();
  #dueMs = Number.POSITIVE_INFINITY;
  /** Event time, as far as entries tell. */
  #reachedMs = Number.NEGATIVE_INFINITY;

  constructor(halfLives: HalfLives, terms: StandingTerms | null, decisions: Decisions, forgetMs: number) {
    this.#halfLives = halfLives;
    this.#forgetMs = forgetMs;
    this.#terms = terms;
    this.#decisions = decisions;
  }

  of(key: string): BookedProvider | undefined {
    return this.#providers.get(key);
  }

  /** `pair` has the entry already. */
  take(entry: LogEntry, pair: PairBook, receivedMs: number): void {
    const key = providerKey(entry.trustee, entry.service);
    let provider = this.#providers.get(key);
    if (provider === undefined) {
      const decisions = this.#decisions.get(key) ?? [];
      const standing = new ExactStanding(this.#terms, decisions);
      provider = { replay: new ProviderReplay(this.#halfLives, this.#forgetMs), standing, decisions: decisions.length };
      this.#providers.set(key, provider);
    }
    provider.replay.reach(receivedMs, this.#reachedMs);
    provider.replay.add(entry, pair);
    provider.standing.take(provider.replay, receivedMs, this.#reachedMs);
    this.#dueMs = Math.min(this.#dueMs, provider.standing.dueMs);
  }

  /** An entry about anybody was received then: whose blacklisting is over by that is back. */
  reach(receivedMs: number): void {
    this.#reachedMs = Math.max(this.#reachedMs, receivedMs);
    if (receivedMs < this.#dueMs) return;
    this.#dueMs = Number.POSITIVE_INFINITY;
    for (const { standing } of this.#providers.values()) {
      standing.reach(receivedMs);
      this.#dueMs = Math.min(this.#dueMs, standing.dueMs);
    }
  }
}

/** None where a log is older than the topic. */
export async function readDecisions(reader: LogReader, partition: number, wanted: Wanted): Promise<Decisions> {
  const decisions = new Map<string, StandingDecision[]>();
  const isThere = await reader.bounds(TRUST_DECISIONS, partition).then(
    () => true,
    (error: unknown) => {
      if (error instanceof MsecError && error.code === 'TOPIC_UNKNOWN') return false;
      throw error;
    },
  );
  if (!isThere) return decisions;
  await eachRecord(reader, { topic: TRUST_DECISIONS, partition, from: 0 }, ({ value }) => {
    if (value === null) return;
    const decision = decodeStandingDecision(value);
    if (!isWanted(wanted, { ...decision, trustor: wanted.trustor })) return;
    const key = providerKey(decision.trustee, decision.service);
    const own = decisions.get(key) ?? [];
    own.push(decision);
    decisions.set(key, own);
  });
  return decisions;
}
