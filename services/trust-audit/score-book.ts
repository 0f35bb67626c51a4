/**
 * The interactions of a log by pair, corrections in the place of what they correct. Of a log that is whole, an id that
 * comes twice without a correction was counted twice, and a correction of nothing was made up: both are told.
 */
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

export class PairBook {
  readonly trustor: string;
  readonly trustee: string;
  readonly service: string;
  readonly #byId = new Map<string, Logged>();
  /** Entries of the log, corrections included. */
  entries = 0;
  /** Time of the newest of these, also where a correction has moved it back since. */
  newestMs = 0;

  constructor({ trustor, trustee, service }: Pick<LogEntry, 'trustor' | 'trustee' | 'service'>) {
    this.trustor = trustor;
    this.trustee = trustee;
    this.service = service;
  }

  /** Of a log whose beginning is gone, the corrected one may be among what is. */
  add(entry: LogEntry, isWhole: boolean): BookFault | null {
    const before = this.#byId.get(entry.id);
    const { index, id, satisfaction, weight, timeMs, reason } = entry;
    this.#byId.set(id, { index, id, satisfaction, weight, timeMs, reason, corrects: before?.index ?? -1 });
    this.entries++;
    this.newestMs = Math.max(this.newestMs, timeMs);
    if (entry.isCorrection) return before === undefined && isWhole ? 'corrects-nothing' : null;
    return before === undefined ? null : 'counted-twice';
  }

  get interactions(): readonly Logged[] {
    return [...this.#byId.values()];
  }
}

export const pairKey = (trustee: string, service: string, trustor: string): string =>
  `${trustee} ${service} ${trustor}`;

export interface Wanted {
  readonly trustor: string | null;
  readonly trustee: string | null;
  readonly service: string | null;
}

export class ScoreBook {
  readonly pairs = new Map<string, PairBook>();
  readonly #wanted: Wanted;

  constructor(wanted: Wanted = { trustor: null, trustee: null, service: null }) {
    this.#wanted = wanted;
  }

  add(entry: LogEntry, isWhole: boolean): BookFault | null {
    const { trustee, service, trustor } = entry;
    if (!isWanted(this.#wanted, entry)) return null;
    const key = pairKey(trustee, service, trustor);
    let pair = this.pairs.get(key);
    if (pair === undefined) {
      pair = new PairBook(entry);
      this.pairs.set(key, pair);
    }
    return pair.add(entry, isWhole);
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
