/**
 * The list-append checker, after Elle ("Inferring Isolation Anomalies from Experimental Observations") and Jepsen's
 * report on Bufstream 0.1.0. A pure function of a recorded history; it knows nothing of Kafka's protocol and nothing of
 * msec's code. What Kafka does not promise is counted as an observation, never as an anomaly: an order across partitions, a
 * read of several partitions at one moment, and a read of one that ends between two transactions. A reader gets all that
 * stands before the first undecided record, and that may be the middle of a transaction which is decided already.
 */
import { Anomalies, type Anomaly } from './anomalies.ts';
import { checkOffsets } from './check-offsets.ts';
import { countCycles } from './cycles.ts';
import type { History, Read, Transaction } from './history.ts';

export interface Verdict {
  readonly anomalies: readonly Anomaly[];
  readonly observations: {
    /** Groups of transactions that stand in a circle of write orders of several keys (G0). */
    readonly writeCycles: number;
    /** Reads that saw a transaction's append to one key and not yet the one to another, once for each transaction. */
    readonly fracturedReads: number;
    /** Reads that saw a part of a transaction's appends to one key (G1b), once for each transaction. */
    readonly intermediateReads: number;
  };
  readonly counts: Readonly<Record<'ok' | 'fail' | 'info' | 'infoVisible' | 'reads' | 'values', number>>;
}

export function check(history: History): Verdict {
  const anomalies = new Anomalies();
  const writers = writersOf(history.transactions);
  const reads = [...history.reads, history.finalRead].toSorted((a, b) => a.ended - b.ended);
  const final = history.finalRead.lists;
  const visible = visibleValues(history.finalRead);

  for (const key of history.hangingKeys) anomalies.add('hangingTransaction', key, 'its partition stands still');
  checkPrefixes(reads, anomalies);
  for (const read of reads) checkValues(read, writers, anomalies);
  checkMonotonic(reads, anomalies);
  checkFinal(history, visible, anomalies);
  for (const [key, list] of final) checkOrder(key, list, writers, history, anomalies);
  checkZombies(history, visible, anomalies);
  if (history.isOrdered === true) checkSkipped(history, visible, anomalies);
  checkOffsets(history, visible, anomalies);

  const outcomes = (outcome: string) => history.transactions.filter((each) => each.outcome === outcome);
  return {
    anomalies: anomalies.list(),
    observations: { writeCycles: countCycles(final, writers), ...countPartialReads(history.reads, final, writers) },
    counts: {
      ok: outcomes('ok').length,
      fail: outcomes('fail').length,
      info: outcomes('info').length,
      infoVisible: outcomes('info').filter(({ appends }) => appends.some((each) => visible.has(nameOf(each)))).length,
      reads: reads.length,
      values: visible.size,
    },
  };
}

type Writers = ReadonlyMap<string, Transaction>;

const nameOf = ({ key, value }: { readonly key: string; readonly value: number }) => `${key}=${value}`;

function writersOf(transactions: readonly Transaction[]): Writers {
  const writers = new Map<string, Transaction>();
  for (const transaction of transactions) {
    for (const append of transaction.appends) {
      const name = nameOf(append);
      if (writers.has(name)) throw new Error(`the workload wrote ${name} twice, so nothing can be inferred from it`);
      writers.set(name, transaction);
    }
  }
  return writers;
}

function visibleValues({ lists }: Read): ReadonlySet<string> {
  const visible = new Set<string>();
  for (const [key, list] of lists) for (const value of list) visible.add(nameOf({ key, value }));
  return visible;
}

/** All reads of a key must be beginnings of the longest. */
function checkPrefixes(reads: readonly Read[], anomalies: Anomalies): void {
  const longest = new Map<string, readonly number[]>();
  for (const { lists } of reads) {
    for (const [key, list] of lists) if (list.length > (longest.get(key)?.length ?? -1)) longest.set(key, list);
  }
  for (const { reader, lists } of reads) {
    for (const [key, list] of lists) {
      const at = list.findIndex((value, i) => value !== longest.get(key)![i]);
      if (at >= 0) anomalies.add('incompatibleOrder', key, `${reader} differs at ${at} from the longest list`);
    }
  }
}

/** Nothing that nobody wrote, nothing twice, nothing aborted. */
function checkValues({ reader, lists }: Read, writers: Writers, anomalies: Anomalies): void {
  for (const [key, list] of lists) {
    const seen = new Set<number>();
    for (const value of list) {
      const name = nameOf({ key, value });
      if (seen.has(value)) anomalies.add('duplicate', name, `${reader} read it more than once`);
      seen.add(value);
      const writer = writers.get(name);
      if (writer === undefined) anomalies.add('unexpectedValue', name, `${reader} read it, and nobody wrote it`);
      else if (writer.outcome === 'fail') {
        anomalies.add(
          'abortedRead',
          name,
          `${reader} read it; transaction ${writer.id} of ${writer.owner} was aborted`,
        );
      }
    }
  }
}

/** A read that began when another had ended sees all that the other saw. `reads` are in the order of their ends. */
function checkMonotonic(reads: readonly Read[], anomalies: Anomalies): void {
  const seen = new Map<string, { readonly ended: number; readonly length: number }[]>();
  for (const { reader, begun, ended, lists } of reads) {
    for (const [key, list] of lists) {
      const earlier = seen.get(key) ?? [];
      const before = earlier.findLast((read) => read.ended < begun);
      if (before !== undefined && list.length < before.length) {
        anomalies.add(
          'wentBack',
          key,
          `${reader} read ${list.length} values at ${ended}, after a read of ${before.length}`,
        );
      }
      const length = Math.max(list.length, earlier.at(-1)?.length ?? 0);
      seen.set(key, [...earlier.slice(-SEEN_MAX), { ended, length }]);
    }
  }
}

/** Reads overlap with a few others at most, so that older ones have no more to say than these. */
const SEEN_MAX = 16;

/** What is missing in the end as well is no matter of the moment: it is lost or torn, and counts there. */
function countPartialReads(
  reads: readonly Read[],
  final: ReadonlyMap<string, readonly number[]>,
  writers: Writers,
): { readonly fracturedReads: number; readonly intermediateReads: number } {
  let fracturedReads = 0;
  let intermediateReads = 0;
  for (const { lists } of reads) {
    const read = new Set<string>();
    const seen = new Set<Transaction>();
    for (const [key, list] of lists) {
      for (const value of list) {
        const name = nameOf({ key, value });
        read.add(name);
        const writer = writers.get(name);
        if (writer !== undefined) seen.add(writer);
      }
    }
    for (const { appends } of seen) {
      const judged = appends.filter(({ key, value }) => lists.has(key) && final.get(key)?.includes(value) === true);
      const byKey = [...Map.groupBy(judged, ({ key }) => key).values()];
      const there = byKey.map((group) => group.filter((append) => read.has(nameOf(append))).length);
      if (there.includes(0)) fracturedReads++;
      if (there.some((count, i) => count > 0 && count < byKey[i]!.length)) intermediateReads++;
    }
  }
  return { fracturedReads, intermediateReads };
}

/** When all is over, a committed transaction is there, and every other is there as a whole or not at all. */
function checkFinal({ transactions, hangingKeys }: History, visible: ReadonlySet<string>, anomalies: Anomalies): void {
  for (const { id, owner, appends, outcome } of transactions) {
    const judged = appends.filter(({ key }) => !hangingKeys.has(key));
    const there = judged.filter((append) => visible.has(nameOf(append)));
    const isTorn = there.length > 0 && there.length < judged.length;
    if (isTorn && outcome !== 'fail') {
      const missing = judged.filter((append) => !there.includes(append)).map(nameOf);
      anomalies.add('tornTransaction', `transaction ${id} of ${owner}`, `(${outcome}) lacks ${missing.join(', ')}`);
    }
    if (outcome !== 'ok') continue;
    for (const append of judged) {
      if (there.includes(append)) continue;
      anomalies.add('lostWrite', nameOf(append), `transaction ${id} of ${owner} was committed`);
    }
  }
}

/**
 * A transaction that is over for good stands before all that began later: a committed one is over when it ended, any
 * other at the latest when its owner was taken over.
 */
function checkOrder(
  key: string,
  list: readonly number[],
  writers: Writers,
  { takeovers }: History,
  anomalies: Anomalies,
): void {
  let earliest = Number.POSITIVE_INFINITY;
  let late: Transaction | undefined;
  for (const value of list.toReversed()) {
    const writer = writers.get(nameOf({ key, value }));
    if (writer === undefined) continue;
    if (earliest < writer.begun && late !== writer) {
      const where = `${key} of transaction ${late!.id} of ${late!.owner}`;
      anomalies.add('lateWrite', where, `stands behind transaction ${writer.id}, which began when it was over`);
    }
    const isOver = overAt(writer, takeovers);
    if (isOver < earliest) {
      earliest = isOver;
      late = writer;
    }
  }
}

function overAt({ owner, instance, ended, outcome }: Transaction, takeovers: History['takeovers']): number {
  if (outcome === 'ok') return ended;
  const later = takeovers.filter((each) => each.owner === owner && each.instance > instance && each.begun > ended);
  return Math.min(Number.POSITIVE_INFINITY, ...later.map((each) => each.ended));
}

function checkZombies({ transactions, takeovers }: History, visible: ReadonlySet<string>, anomalies: Anomalies): void {
  const byOwner = Map.groupBy(takeovers, ({ owner }) => owner);
  for (const { id, owner, instance, begun, outcome, appends } of transactions) {
    const newer = byOwner.get(owner)?.find((each) => each.instance > instance && each.ended < begun);
    if (newer === undefined) continue;
    if (outcome !== 'ok' && !appends.some((append) => visible.has(nameOf(append)))) continue;
    const where = `transaction ${id} of ${owner}`;
    anomalies.add(
      'zombieCommit',
      where,
      `instance ${instance} began it after instance ${newer.instance} had taken over`,
    );
  }
}

function checkSkipped(
  { transactions, hangingKeys }: History,
  visible: ReadonlySet<string>,
  anomalies: Anomalies,
): void {
  const judged = transactions.filter(({ appends }) => !appends.some(({ key }) => hangingKeys.has(key)));
  for (const own of Map.groupBy(judged, ({ owner, instance }) => `${instance} ${owner}`).values()) {
    let skipped: Transaction | undefined;
    for (const transaction of own.toSorted((a, b) => a.begun - b.begun)) {
      const isThere = transaction.appends.some((append) => visible.has(nameOf(append)));
      if (!isThere) skipped ??= transaction;
      else if (skipped !== undefined) {
        const where = `transaction ${transaction.id} of ${transaction.owner}`;
        anomalies.add('skipped', where, `is there, and transaction ${skipped.id} before it is not`);
      }
    }
  }
}
