/** A fault, planted so that it can be seen to be found. */
import { type Log, MsecError } from '../../../engine/index.ts';

/** Whoever is fenced takes the name anew and commits all the same: FENCED taken for an error that passes. */
export function ignoringFences(log: Log): Log {
  return {
    createTopics: (topics) => log.createTopics(topics),
    describe: (topics) => log.describe(topics),
    acquire: (owner, places) => log.acquire(owner, places),
    async commit(transaction) {
      // The log may have written into what it was given.
      const again = structuredClone(transaction);
      try {
        return await log.commit(transaction);
      } catch (error) {
        const owner = transaction.ownership?.owner;
        if (owner === undefined || !(error instanceof MsecError) || error.code !== 'FENCED') throw error;
        return await log.commit({ ...again, ownership: await log.acquire(owner) });
      }
    },
    openReader: () => log.openReader(),
    close: () => log.close(),
  };
}
