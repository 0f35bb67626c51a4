/** The names of what can be wrong with a history, and where they are gathered. */

/**
 * After Adya, Elle and Jepsen's report on Bufstream; each is a promise that Kafka's documentation makes and breaks.
 *   abortedRead        G1a: a value of a transaction that its client aborted, or never asked to commit
 *   lostWrite          a value of a committed transaction that is not there in the end
 *   tornTransaction    in the end a part of a transaction is there and a part is not, its offset included
 *   duplicate          one append, twice in its list
 *   incompatibleOrder  two reads of a key of which neither is the beginning of the other
 *   wentBack           a read that lacks what an earlier one saw, or an offset that became less
 *   lateWrite          a value behind those of a transaction that began when its own was over for good
 *   zombieCommit       an instance commits what it began after another had taken its owner over
 *   skipped            a transaction is there, an earlier one of the same instance is not; asked of clients that promise it
 *   unexpectedValue    a value or an offset that nobody wrote
 *   lostOffset         a group stands before an offset whose transaction is committed
 *   abortedOffset      a group stands at the offset of an aborted transaction
 *   hangingTransaction a partition stands still behind a transaction that nobody will end
 */
export const ANOMALIES = [
  'abortedRead',
  'lostWrite',
  'tornTransaction',
  'duplicate',
  'incompatibleOrder',
  'wentBack',
  'lateWrite',
  'zombieCommit',
  'skipped',
  'unexpectedValue',
  'lostOffset',
  'abortedOffset',
  'hangingTransaction',
] as const;

export type AnomalyKind = (typeof ANOMALIES)[number];

export interface Anomaly {
  readonly kind: AnomalyKind;
  readonly says: string;
}

export class Anomalies {
  readonly #found = new Map<string, Anomaly>();

  /** One of a kind is told once for each `where`. */
  add(kind: AnomalyKind, where: string, says: string): void {
    const name = `${kind} ${where}`;
    if (!this.#found.has(name)) this.#found.set(name, { kind, says: `${where}: ${says}` });
  }

  list(): Anomaly[] {
    return [...this.#found.values()];
  }
}

/** How many of each kind, in the order of the table, without those that did not occur. */
export function countAnomalies(anomalies: readonly Anomaly[]): Partial<Record<AnomalyKind, number>> {
  const counts: Partial<Record<AnomalyKind, number>> = {};
  for (const kind of ANOMALIES) {
    const count = anomalies.filter((anomaly) => anomaly.kind === kind).length;
    if (count > 0) counts[kind] = count;
  }
  return counts;
}
