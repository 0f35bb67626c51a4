/** The checker finds what is planted. Each fault needs few seeds; the number allowed is some ten times what it took. */
import t from 'tap';
import { PLANTED } from './planted-faults.ts';
import { runTrial } from './trial.ts';

const SEEDS_MAX = 60;

for (const [name, plant] of Object.entries(PLANTED))
  t.test(`${name}: a difference is found within ${SEEDS_MAX} seeds`, async (t) => {
    let found = 0;
    let seed = 0;
    while (found === 0 && seed < SEEDS_MAX) found = (await runTrial(++seed, false, plant)).differences.length;
    t.comment(`found with seed ${seed}`);
    t.not(found, 0);
  });

t.test('without fences, two processes that take a partition for theirs spoil what the log holds', async (t) => {
  let found = 0;
  let seed = 0;
  const plant = PLANTED['stale owner accepted']!;
  while (found === 0 && seed < SEEDS_MAX) found = (await runTrial(++seed, false, plant, 2)).differences.length;
  t.comment(`found with seed ${seed}`);
  t.not(found, 0);
});

t.test('the same seeds without a planted fault show no difference', async (t) => {
  for (let seed = 1; seed <= 20; seed++) t.same((await runTrial(seed)).differences, [], `seed ${seed}`);
});
