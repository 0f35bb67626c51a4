/**
 * Five ways to be wrong, each put around a port or an actor from outside. That the checker finds them is what its
 * silence about the engine itself is worth.
 */
import { deadLetterTopic, type LogReader, type Ownership, type Random, randomBelow } from '../../../engine/index.ts';
import { RowStore, ValueStore } from '../../../engine/state/index.ts';
import { around } from './kill-trial.ts';
import type { Plant } from './trial.ts';

/** The offsets first, then what was made of the records: two transactions instead of one. */
const offsetFirst: Plant = {
  wrapLog: (log) =>
    around(log, async (transaction) => {
      const { offsets = [], ownership, ...rest } = transaction;
      if (ownership === undefined || offsets.length === 0) return log.commit(transaction);
      await log.commit({ ownership, offsets });
      return log.commit({ ownership, ...rest });
    }),
};

/** Whoever asks is taken for the newest owner. */
const staleOwner: Plant = {
  wrapLog(log) {
    const newest = new Map<string, Ownership>();
    const wrapped = around(log, (transaction) => {
      const current = newest.get(transaction.ownership?.owner ?? '');
      return log.commit(current === undefined ? transaction : { ...transaction, ownership: current });
    });
    return {
      ...wrapped,
      async acquire(owner, places) {
        const ownership = await log.acquire(owner, places);
        newest.set(owner, ownership);
        return ownership;
      },
    };
  },
};

/** One commit in four forgets its letters. */
const droppedLetter: Plant = {
  wrapLog: (log, random: Random) =>
    around(log, (transaction) => {
      const { appends = [] } = transaction;
      const isDropped = randomBelow(random, 4) === 0;
      const kept = isDropped ? appends.filter(({ topic }) => !topic.endsWith(deadLetterTopic(''))) : appends;
      return log.commit({ ...transaction, appends: kept });
    }),
};

/** Who sends letters again does not see that they went. */
const doubleResend: Plant = {
  wrapResendReader: (reader): LogReader => ({
    fetch: (topic, partition, offset, bytesMax) => reader.fetch(topic, partition, offset, bytesMax),
    bounds: (topic, partition) => reader.bounds(topic, partition),
    committed: async (group, topic) => (await reader.committed(group, topic)).map(() => null),
    wait: (positions, timeoutMs) => reader.wait(positions, timeoutMs),
    close: () => reader.close(),
  }),
};

/** What was stored for a record that failed stays stored. */
const noRollback: Plant = {
  install() {
    const kept = [RowStore.prototype, ValueStore.prototype].map((store) => {
      const { rollback } = store;
      store.rollback = () => {};
      return () => {
        store.rollback = rollback;
      };
    });
    return () => {
      for (const restore of kept) restore();
    };
  },
};

export const PLANTED: Readonly<Record<string, Plant>> = {
  'offset committed first': offsetFirst,
  'no state rollback': noRollback,
  'stale owner accepted': staleOwner,
  'dropped dead letter': droppedLetter,
  'double resend': doubleResend,
};
