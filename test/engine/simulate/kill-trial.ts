/** What every trial of an actor under kills has in common: the engine's settings, the log with a fault around it, and the count of deaths. */
import { type Append, type Log, type Random, randomBelow, type Transaction } from '../../../engine/index.ts';
import { schemasOf } from '../../../engine/runtime/index.ts';
import type { Simulation, SimulationScenario } from '../../../engine/simulate/index.ts';

/** Small commits and short waits, so that a death meets each state; `shape` draws what a seed's run looks like. */
export function killTrialSettings(shape: Random) {
  return {
    workers: 1 + randomBelow(shape, 3),
    taskOptions: {
      commitIntervalMs: 5,
      commitIntervalBusyMs: 2,
      outputBytesMax: 4096,
      fetchBytes: 4096,
      attemptsMax: 3,
    },
    supervisor: { recordMsMax: 800, restartMsMin: 20, restartMsMax: 300 },
    idleTicks: { everyMs: 700, ticksMax: 2 },
    groupCommitMs: randomBelow(shape, 3),
    limitMs: 300_000,
  } satisfies Partial<SimulationScenario>;
}

const KILL = /^(?:crash|kill|heap|zombie)@/;

/** Crashes and deaths of threads in a run. */
export function killsOf({ trace }: Simulation): number {
  return [...trace.counts].reduce((sum, [name, count]) => sum + (KILL.test(name) ? count : 0), 0);
}

/** An id for each of the topology's schemas, the same in every life of a process. */
export function schemaIdsOf(topology: Parameters<typeof schemasOf>[0]): Map<string, number> {
  const subjects = [...new Set(schemasOf(topology).map(({ subject }) => subject))].sort();
  return new Map(subjects.map((subject, i) => [subject, i + 1]));
}

/** A log whose commits are seen and changed by `commit`; everything else is the log's own. */
export function around(log: Log, commit: (transaction: Transaction) => ReturnType<Log['commit']>): Log {
  return {
    commit,
    createTopics: (topics) => log.createTopics(topics),
    describe: (topics) => log.describe(topics),
    acquire: (owner, places) => log.acquire(owner, places),
    release: async (ownership) => await log.release?.(ownership),
    openReader: () => log.openReader(),
    close: () => log.close(),
  };
}

/** The log, but for what becomes of each transaction. */
export const changing =
  (change: (transaction: Transaction) => Transaction) =>
  (log: Log): Log =>
    around(log, (transaction) => log.commit(change(transaction)));

/** Every `nth` append of such a topic is lost. */
export function losing(isMeant: (topic: string) => boolean, nth: number): (transaction: Transaction) => Transaction {
  let seen = 0;
  return (transaction) => {
    const appends = transaction.appends?.filter(({ topic }) => !isMeant(topic) || ++seen % nth !== 0);
    return appends === undefined ? transaction : { ...transaction, appends };
  };
}

/** Every `nth` append of such a topic is written twice. */
export function doubling(isMeant: (topic: string) => boolean, nth: number): (transaction: Transaction) => Transaction {
  let seen = 0;
  return (transaction) => {
    const { appends = [] } = transaction;
    const again = appends.filter(({ topic }) => isMeant(topic) && ++seen % nth === 0);
    return again.length === 0 ? transaction : { ...transaction, appends: [...appends, ...again.map(copyOf)] };
  };
}

/** The log may write into the bytes that it is given. */
const copyOf = (append: Append): Append => ({ ...append, bytes: append.bytes.slice() });
