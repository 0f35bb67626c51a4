// Time limit: 900 s.
/**
 * 100 kills and more while states change: no device's state is lost or wrong, and no held frame lost or let through. The
 * oracle knows nothing of the actors; faults that are planted show that it would see it.
 */
import t from 'tap';
import { verifyActor } from '../../../../actors/verify/index.ts';
import type { Log, Transaction } from '../../../../engine/index.ts';
import {
  DEVICE_ATTESTATION,
  DEVICE_DECISIONS,
  DEVICE_FRAMES,
  DEVICE_QUARANTINE,
  deviceTopics,
} from '../../../../schemas/topics/index.ts';
import { around, changing, doubling, losing } from '../../../engine/simulate/kill-trial.ts';
import { attestedCity } from '../../../support/attested-city.ts';
import { MemoryKeys } from '../../city.ts';
import { runTrustTrial, type TrustPlant } from './trust-trial.ts';

t.setTimeout(890_000);

const KILLS = 100;
const SEEDS_MAX = 200;
const KAFKA_SEEDS = 12;

t.test(
  'after 100 kills every state, challenge, word, reading and held frame is what the inputs make of them',
  async (t) => {
    let [kills, changes, read, held, byPolicy, byOperator, interrupted] = [0, 0, 0, 0, 0, 0, 0];
    let seed = 0;
    while (kills < KILLS && seed < SEEDS_MAX) {
      seed += 1;
      const outcome = await runTrustTrial(seed);
      if (outcome.differences.length > 0) t.fail(`seed ${seed}: ${outcome.differences.join('\n').slice(0, 2_000)}`);
      kills += outcome.kills;
      changes += outcome.changes;
      read += outcome.read;
      held += outcome.held;
      byPolicy += outcome.decided.policy;
      byOperator += outcome.decided.operator;
      interrupted += outcome.interrupted;
    }
    t.comment(`${kills} kills in ${seed} runs: ${changes} states told, ${read} frames read, ${held} held`);
    t.comment(
      `${byPolicy} held frames decided on by the policy, ${byOperator} by an operator; ${interrupted} times again`,
    );
    t.ok(byPolicy > seed && byOperator > seed && interrupted > 10);
    t.ok(kills >= KILLS, `${kills} kills`);
    t.ok(changes > 10 * seed && read > 10 * seed && held > 10 * seed);
  },
);

t.test('over Kafka, in one to three processes that share the partitions, nothing of this is different', async (t) => {
  let [kills, decided] = [0, 0];
  for (let seed = 1; seed <= KAFKA_SEEDS; seed++) {
    const outcome = await runTrustTrial(seed, { kafka: true, processes: 1 + (seed % 3) });
    if (outcome.differences.length > 0) t.fail(`seed ${seed}: ${outcome.differences.join('\n').slice(0, 2_000)}`);
    kills += outcome.kills;
    decided += outcome.decided.policy + outcome.decided.operator;
  }
  t.comment(`${kills} kills in ${KAFKA_SEEDS} runs, ${decided} held frames decided on`);
  t.ok(kills > KAFKA_SEEDS && decided > KAFKA_SEEDS);
});

/** Whether one of some runs is found wrong. */
async function isSeen(plant: TrustPlant): Promise<boolean> {
  for (let seed = 1; seed <= 5; seed++) if ((await runTrustTrial(seed, plant)).differences.length > 0) return true;
  return false;
}

const without = (topic: string, nth: number): TrustPlant => ({
  wrapLog: changing(losing((of) => of === topic, nth)),
});

t.test('a held frame that is lost, and a state that is not told, are seen', async (t) => {
  t.ok(await isSeen(without(DEVICE_QUARANTINE, 9)));
  t.ok(await isSeen(without(DEVICE_ATTESTATION, 9)));
});

t.test('a frame that is written twice is seen', async (t) => {
  t.ok(await isSeen({ wrapLog: changing(doubling((topic) => topic === DEVICE_QUARANTINE, 9)) }));
});

t.test('a verifier that holds nothing, and a check that lets everything pass, are seen', async (t) => {
  const open: typeof attestedCity = (options) => {
    const city = attestedCity(options);
    const passing = verifyActor(deviceTopics(), { keys: new MemoryKeys() });
    return { ...city, actors: city.actors.map((actor) => (actor.name === 'verify' ? passing : actor)) };
  };
  t.ok(await isSeen({ topology: open }));
  const trusting: typeof attestedCity = (options) => {
    const state = { clock: { clockMs: 0n, resetCount: 1, restartCount: 1, firmwareVersion: 0n }, ima: null };
    const counts = { pcrs: 1, bootEvents: 1, imaEntries: 1 };
    return attestedCity({ ...options, check: () => ({ isTrusted: true, firmware: null, state, counts }) });
  };
  t.ok(await isSeen({ topology: trusting }));
});

/** Of the transactions that decide on held frames. */
const deciding = (change: (transaction: Transaction) => Transaction): TrustPlant => ({
  wrapLog: changing((transaction) => {
    const decides = transaction.appends?.some(({ topic }) => topic === DEVICE_DECISIONS) ?? false;
    return decides ? change(transaction) : transaction;
  }),
});

const only =
  (wanted: (topic: string) => boolean) =>
  (transaction: Transaction): Transaction => ({
    ...transaction,
    appends: transaction.appends?.filter(({ topic }) => wanted(topic)) ?? [],
  });

t.test('a release that loses its frames, has them twice, or is not written down, is seen', async (t) => {
  t.ok(await isSeen(deciding(only((topic) => topic !== DEVICE_FRAMES))), 'lost');
  t.ok(await isSeen(deciding(only((topic) => topic !== DEVICE_DECISIONS))), 'not written down');
  const twice = deciding(doubling((topic) => topic === DEVICE_FRAMES, 1));
  t.ok(await isSeen(twice), 'twice');
});

t.test('a decision that is in no transaction with its frames is seen', async (t) => {
  // Frames first and by themselves: a death between the two has them released again.
  const apart = (log: Log): Log =>
    around(log, async (transaction) => {
      const { ownership, appends = [] } = transaction;
      if (!appends.some(({ topic }) => topic === DEVICE_DECISIONS)) return log.commit(transaction);
      await log.commit({ appends: appends.filter(({ topic }) => topic === DEVICE_FRAMES) });
      const rest = appends.filter(({ topic }) => topic === DEVICE_DECISIONS);
      return log.commit({ ...(ownership === undefined ? {} : { ownership }), appends: rest });
    });
  let isFound = false;
  for (let seed = 1; seed <= 30 && !isFound; seed++)
    isFound = (await runTrustTrial(seed, { wrapLog: apart })).differences.length > 0;
  t.ok(isFound);
});
