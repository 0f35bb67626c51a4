import t from 'tap';
import { seededRandom } from '../../engine/index.ts';
import { testSeed } from '../support/test-seed.ts';
import { runHostile } from './kit/hostile-seals.ts';

/** `npm run bench -- hostile` sends 100,000 of each. */
const COUNT = 1_000;

t.test('nothing that is replayed, revoked, cut off, changed, in another mode or cloned passes', async (t) => {
  const seed = testSeed();
  t.comment(`seed ${seed}`);
  const { classes, deaf } = runHostile(COUNT, seededRandom(seed), () => {});
  t.equal(classes.length, 21);
  t.same(
    classes.filter(({ accepted }) => accepted > 0),
    [],
  );
  t.same(deaf, []);
});
