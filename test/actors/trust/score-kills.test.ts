/**
 * 100 kills and more while interactions come, late, twice and corrected, and operators decide: no score, standing or decision
 * is lost or wrong. The oracle knows nothing of
 * the actor; faults that are planted show that it would see it.
 */
import t from 'tap';
import { TRUST_COMMANDS, TRUST_DECISIONS, TRUST_SCORES } from '../../../schemas/topics/index.ts';
import { changing, losing } from '../../engine/simulate/kill-trial.ts';
import { runScoreTrial, type ScorePlant } from './score-trial.ts';

t.setTimeout(590_000);

const KILLS = 100;
const SEEDS_MAX = 200;
const KAFKA_SEEDS = 10;

t.test(
  'after 100 kills every score and standing is what the rules make of interactions and commands in the log',
  async (t) => {
    let [kills, interactions, refused, repeated, corrected, seed] = [0, 0, 0, 0, 0, 0];
    let [decisions, inVain, marked, forgotten] = [0, 0, 0, 0];
    while (kills < KILLS && seed < SEEDS_MAX) {
      seed += 1;
      const outcome = await runScoreTrial(seed);
      if (outcome.differences.length > 0) t.fail(`seed ${seed}: ${outcome.differences.join('\n').slice(0, 2_000)}`);
      kills += outcome.kills;
      interactions += outcome.interactions;
      refused += outcome.refused;
      repeated += outcome.repeated;
      corrected += outcome.corrected;
      decisions += outcome.decisions;
      inVain += outcome.inVain;
      marked += outcome.marked;
      forgotten += outcome.forgotten;
    }
    t.comment(`${kills} kills in ${seed} runs: ${interactions} interactions, ${refused} refused`);
    t.comment(`${repeated} repeated, ${corrected} corrected`);
    t.ok(kills >= KILLS, `${kills} kills`);
    t.comment(`${decisions} appeals and bans decided, ${inVain} in vain; ${marked} providers not normal in the end`);
    t.comment(`${forgotten} pairs forgotten`);
    t.ok(forgotten > seed);
    t.ok(refused > seed && repeated > seed && corrected > seed);
    t.ok(decisions > seed && inVain > seed && marked > seed);
  },
);

t.test('over Kafka nothing of this is different', async (t) => {
  let kills = 0;
  for (let seed = 1; seed <= KAFKA_SEEDS; seed++) {
    const outcome = await runScoreTrial(seed, { kafka: true });
    if (outcome.differences.length > 0) t.fail(`seed ${seed}: ${outcome.differences.join('\n').slice(0, 2_000)}`);
    kills += outcome.kills;
  }
  t.comment(`${kills} kills in ${KAFKA_SEEDS} runs`);
  t.ok(kills > KAFKA_SEEDS / 2);
});

/** Whether one of some runs is found wrong. */
async function isSeen(plant: ScorePlant): Promise<boolean> {
  for (let seed = 1; seed <= 5; seed++) if ((await runScoreTrial(seed, plant)).differences.length > 0) return true;
  return false;
}

t.test('scores that are lost are seen', async (t) => {
  const without = (isLost: (topic: string) => boolean): ScorePlant => ({ wrapLog: changing(losing(isLost, 5)) });
  t.ok(await isSeen(without((topic) => topic === TRUST_SCORES)), 'scores');
  t.ok(await isSeen(without((topic) => topic === TRUST_DECISIONS)), 'decisions');
  t.ok(await isSeen(without((topic) => topic === `${TRUST_COMMANDS}.dlq`)), 'commands that were refused');
});

t.test('offsets that are not committed with their scores are seen', async (t) => {
  let seen = 0;
  const apart = changing((transaction) => {
    const { offsets, ...rest } = transaction;
    return offsets !== undefined && ++seen % 4 === 0 ? rest : transaction;
  });
  // Ids keep interactions from being counted again, but not from being refused again.
  t.ok(await isSeen({ wrapLog: apart }));
});

t.test('standings by other rules are seen', async (t) => {
  t.ok(await isSeen({ standing: { below: 0.46 } }), 'below');
  t.ok(await isSeen({ standing: { forMs: 151 } }), 'for how long');
  t.ok(await isSeen({ standing: { ratersMin: 3 } }), 'by how many');
  t.ok(await isSeen({ standing: { strikes: 5 } }), 'for good');
});

t.test('pairs that are forgotten at another time are seen', async (t) => {
  t.ok(await isSeen({ forgetMs: 1_100 }));
});
