/** The part of the checker that judges the offsets which transactions commit for their owner's group. */
import type { Anomalies } from './anomalies.ts';
import type { History, OffsetRead, Transaction } from './history.ts';

/** `visible`: key=value of everything that is there in the end. */
export function checkOffsets(history: History, visible: ReadonlySet<string>, anomalies: Anomalies): void {
  const { transactions, offsetReads, finalOffsets, hangingKeys } = history;
  const owners = Map.groupBy(
    transactions.filter(({ offset }) => offset !== null),
    ({ owner }) => owner,
  );
  const reads = Map.groupBy([...offsetReads, ...finalOffsets], ({ owner }) => owner);
  for (const [owner, ownReads] of reads) {
    const own = owners.get(owner) ?? [];
    const ordered = ownReads.toSorted((a, b) => a.ended - b.ended);
    for (const read of ordered) checkOne(read, own, anomalies);
    checkMonotonic(owner, ordered, anomalies);
  }
  for (const { owner, offset } of finalOffsets) {
    for (const transaction of owners.get(owner) ?? []) {
      const isVisible = transaction.appends.map(({ key, value }) => visible.has(`${key}=${value}`));
      if (transaction.appends.some(({ key }) => hangingKeys.has(key)) || transaction.outcome === 'fail') continue;
      const where = `transaction ${transaction.id} of ${owner}`;
      if (isVisible.includes(true) && (offset ?? -1) < transaction.offset!) {
        anomalies.add(
          'tornTransaction',
          where,
          `is there, but its group stands at ${offset}, not ${transaction.offset}`,
        );
      }
      if (!isVisible.includes(true) && transaction.offset === offset) {
        anomalies.add('tornTransaction', where, `is not there, but its group stands at its offset ${offset}`);
      }
    }
  }
}

function checkOne({ owner, offset, begun }: OffsetRead, own: readonly Transaction[], anomalies: Anomalies): void {
  const committed = own.filter(({ outcome, ended }) => outcome === 'ok' && ended < begun);
  for (const { id, offset: least } of committed) {
    if ((offset ?? -1) < least!) {
      anomalies.add('lostOffset', `transaction ${id} of ${owner}`, `the group stands at ${offset}, not ${least}`);
    }
  }
  if (offset === null) return;
  const writer = own.find((transaction) => transaction.offset === offset);
  if (writer === undefined) anomalies.add('unexpectedValue', `offset ${offset} of ${owner}`, 'nobody committed it');
  else if (writer.outcome === 'fail') {
    anomalies.add('abortedOffset', `offset ${offset} of ${owner}`, `transaction ${writer.id} was aborted`);
  }
}

function checkMonotonic(owner: string, ordered: readonly OffsetRead[], anomalies: Anomalies): void {
  let highest = { offset: -1, ended: 0 };
  for (const { offset, begun, ended } of ordered) {
    if ((offset ?? -1) < highest.offset && highest.ended < begun) {
      anomalies.add('wentBack', `the group of ${owner}`, `stands at ${offset} after ${highest.offset}`);
    }
    if (offset !== null && offset > highest.offset) highest = { offset, ended };
  }
}
