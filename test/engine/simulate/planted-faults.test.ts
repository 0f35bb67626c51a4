/** The checker finds what is planted. Each fault needs few seeds; the number allowed is some ten times what it took. */
import t from 'tap';
import { PLANTED } from './planted-faults.ts';
import { type Plant, runTrial, type TrialGround } from './trial.ts';

t.setTimeout(590_000);

const SEEDS_MAX = 60;

const GROUNDS = { 'the embedded log': {}, Kafka: { kafka: true } } as const;

for (const [where, ground] of Object.entries(GROUNDS))
  for (const [name, plant] of Object.entries(PLANTED)) find(`${name}, over ${where}`, plant, ground);

function find(name: string, plant: Plant, ground: TrialGround): void {
  t.test(`${name}: a difference is found within ${SEEDS_MAX} seeds`, async (t) => {
    let found = 0;
    let seed = 0;
    while (found === 0 && seed < SEEDS_MAX) found = (await runTrial(++seed, false, plant, ground)).differences.length;
    t.comment(`found with seed ${seed}`);
    t.not(found, 0);
  });
}

t.test('without fences, two processes that take a partition for theirs spoil what the log holds', async (t) => {
  let found = 0;
  let seed = 0;
  const plant = PLANTED['stale owner accepted']!;
  while (found === 0 && seed < SEEDS_MAX)
    found = (await runTrial(++seed, false, plant, { processes: 2 })).differences.length;
  t.comment(`found with seed ${seed}`);
  t.not(found, 0);
});

t.test('the same seeds without a planted fault show no difference', async (t) => {
  for (const [where, ground] of Object.entries(GROUNDS))
    for (let seed = 1; seed <= 10; seed++)
      t.same((await runTrial(seed, false, {}, ground)).differences, [], `seed ${seed} over ${where}`);
});
