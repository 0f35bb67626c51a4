/**
 * 100 kills and more while packets come: alerts, events and verdicts are those of a run without any. Faults that are planted show that
 * the comparison would see one.
 */
import t from 'tap';
import { IDS_ALERTS, IDS_EVENTS } from '../../../../schemas/topics/index.ts';
import { changing, doubling, losing } from '../../../engine/simulate/kill-trial.ts';
import { type PacketPlant, runPacketTrial } from './packet-trial.ts';

t.setTimeout(590_000);

const KILLS = 100;
const SEEDS_MAX = 120;
const KAFKA_SEEDS = 6;

t.test('after 100 kills the alerts, events and verdicts are those of one undisturbed run', async (t) => {
  let [kills, alerts, events, repeats, seed] = [0, 0, 0, 0, 0];
  while (kills < KILLS && seed < SEEDS_MAX) {
    seed += 1;
    const outcome = await runPacketTrial(seed);
    if (outcome.differences.length > 0) t.fail(`seed ${seed}: ${outcome.differences.join('\n').slice(0, 2_000)}`);
    kills += outcome.kills;
    alerts += outcome.alerts;
    events += outcome.events;
    repeats += outcome.repeats;
  }
  t.comment(`${kills} kills in ${seed} runs: ${alerts} alerts, ${events} events; ${repeats} batches came again`);
  t.ok(kills >= KILLS, `${kills} kills`);
  t.ok(alerts > 10 * seed && events > 20 * seed && repeats > seed);
});

t.test('over Kafka, in one to three processes that share the partitions, nothing of this is different', async (t) => {
  let kills = 0;
  for (let seed = 1; seed <= KAFKA_SEEDS; seed++) {
    const outcome = await runPacketTrial(seed, { kafka: true, processes: 1 + (seed % 3) });
    if (outcome.differences.length > 0) t.fail(`seed ${seed}: ${outcome.differences.join('\n').slice(0, 2_000)}`);
    kills += outcome.kills;
  }
  t.comment(`${kills} kills in ${KAFKA_SEEDS} runs`);
  t.ok(kills > KAFKA_SEEDS);
});

/** Whether one of some runs is found wrong. */
async function isSeen(plant: PacketPlant): Promise<boolean> {
  for (let seed = 1; seed <= 12; seed++) if ((await runPacketTrial(seed, plant)).differences.length > 0) return true;
  return false;
}

t.test('an alert that is lost, and an event that is told twice, are seen', async (t) => {
  const lossy = { wrapLog: changing(losing((topic) => topic === IDS_ALERTS, 9)) };
  const twice = { wrapLog: changing(doubling((topic) => topic === IDS_EVENTS, 9)) };
  t.ok(await isSeen(lossy), 'lost');
  t.ok(await isSeen(twice), 'twice');
});

t.test('an actor that is shown no packet again after a restart is seen', async (t) => {
  const forgetful: PacketPlant = {
    change: (actor) => ({
      ...actor,
      open: (context) => {
        const task = actor.open(context);
        return { process: (record) => task.process(record) };
      },
    }),
  };
  t.ok(await isSeen(forgetful));
});
