/**
 * The interactions of a log by pair, corrections in the place of what they correct. One that was counted twice, and of a log
 * that is whole a correction of nothing, are told.
 */
import { assert } from '../../engine/index.ts';
import type { LogEntry } from '../../schemas/trust-log/index.ts';

export interface Logged {
  readonly index: number;
  readonly id: string;
  readonly satisfaction: number;
  readonly weight: number;
  readonly timeMs: number;
  readonly reason: string;
  /** What it came in place of: index of the entry; -1 for none. */
  readonly corrects: number;
}

export type BookFault = 'counted-twice' | 'corrects-nothing';

export interface Restart {
  /** Of the first entry since. */
  readonly index: number;
  /** As `newestMs`, of the entries since. */
  newestMs: number;
}

export class PairBook {
  readonly trustor: string;
  readonly trustee: string;
  readonly service: string;
  readonly #byId = new Map<string, Logged>();
  /** Whose id has come again since, for another interaction. */
  readonly #earlier: Logged[] = [];
  /** Entries of the log, corrections included. */
  entries = 0;
  /** Time of the newest of these, also where a correction has moved it back since. */
  newestMs = 0;
  /** Where it may have begun anew, because it had been forgotten. */
  readonly restarts: Restart[] = [];

  constructor({ trustor, trustee, service }: Pick<LogEntry, 'trustor' | 'trustee' | 'service'>) {
    this.trustor = trustor;
    this.trustee = trustee;
    this.service = service;
  }

  /**
   * An id is known for a time only, and may then name another interaction, which is newer: one that is as old would have
   * been too late. Of a log whose beginning is gone, the corrected one may be among what is. By now whose newest interaction is
   * not younger than `forgottenMs` may have been forgotten.
   */
  add(entry: LogEntry, isWhole: boolean, forgottenMs: number): BookFault | null {
    if (this.entries > 0 && this.newestMs <= forgottenMs && !entry.isCorrection)
      this.restarts.push({ index: entry.index, newestMs: 0 });
    for (const restart of this.restarts) restart.newestMs = Math.max(restart.newestMs, entry.timeMs);
    const before = this.#byId.get(entry.id);
    const { index, id, satisfaction, weight, timeMs, reason, isCorrection } = entry;
    const corrects = isCorrection ? (before?.index ?? -1) : -1;
    this.#byId.set(id, { index, id, satisfaction, weight, timeMs, reason, corrects });
    this.entries++;
    this.newestMs = Math.max(this.newestMs, timeMs);
    if (isCorrection) return before === undefined && isWhole ? 'corrects-nothing' : null;
    if (before === undefined) return null;
    this.#earlier.push(before);
    return timeMs > before.timeMs ? null : 'counted-twice';
  }

  get interactions(): readonly Logged[] {
    return [...this.#earlier, ...this.#byId.values()];
  }

  /** Without those before that entry. */
  interactionsSince({ index }: Restart): readonly Logged[] {
    return this.interactions.filter((one) => one.index >= index);
  }
}

export const pairKey = (trustee: string, service: string, trustor: string): string =>
  `${trustee} ${service} ${trustor}`;
export const providerKey = (trustee: string, service: string): string => `${trustee} ${service}`;

export interface Wanted {
  readonly trustor: string | null;
  readonly trustee: string | null;
  readonly service: string | null;
}

export class ScoreBook {
  readonly pairs = new Map<string, PairBook>();
  readonly #byProvider = new Map<string, PairBook[]>();
  readonly #wanted: Wanted;

  constructor(wanted: Wanted = { trustor: null, trustee: null, service: null }) {
    this.#wanted = wanted;
  }

  add(entry: LogEntry, isWhole: boolean, forgottenMs = Number.NEGATIVE_INFINITY): BookFault | null {
    const { trustee, service, trustor } = entry;
    if (!isWanted(this.#wanted, entry)) return null;
    const key = pairKey(trustee, service, trustor);
    let pair = this.pairs.get(key);
    if (pair === undefined) {
      pair = new PairBook(entry);
      this.pairs.set(key, pair);
      const provider = providerKey(trustee, service);
      const pairs = this.#byProvider.get(provider) ?? [];
      pairs.push(pair);
      this.#byProvider.set(provider, pairs);
    }
    return pair.add(entry, isWhole, forgottenMs);
  }

  /** Of an entry that was added. */
  pairOf({ trustee, service, trustor }: LogEntry): PairBook {
    const pair = this.pairs.get(pairKey(trustee, service, trustor));
    assert(pair !== undefined, 'the entry was added');
    return pair;
  }

  get providers(): ReadonlyMap<string, readonly PairBook[]> {
    return this.#byProvider;
  }

  /** Of a provider's key. */
  pairsOf(provider: string): readonly PairBook[] {
    return this.#byProvider.get(provider) ?? [];
  }
}

export function isWanted(
  wanted: Wanted,
  { trustor, trustee, service }: { trustor: string | null; trustee: string; service: string },
): boolean {
  return (
    (wanted.trustor === null || wanted.trustor === trustor) &&
    (wanted.trustee === null || wanted.trustee === trustee) &&
    (wanted.service === null || wanted.service === service)
  );
}
