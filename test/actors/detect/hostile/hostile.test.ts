/** Spoilt captures through a whole sensor; `npm run ids-hostile` runs more. */
import t from 'tap';
import { needs } from '../../../support/needs.ts';
import { testSeed } from '../../../support/test-seed.ts';
import { bases, emptyHostileTally, runHostile } from './run-hostile.ts';

const SENSORS = 4;
const CAPTURES = 100;

t.test('whatever a capture holds, nothing is thrown', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const tally = emptyHostileTally();
  const given = bases();
  const seed = testSeed();
  for (let sensor = 0; sensor < SENSORS; sensor++) runHostile(seed + sensor, CAPTURES, given, tally);
  t.strictSame(tally.thrown, []);
  t.ok(tally.packets > SENSORS * CAPTURES * 3, `${tally.packets} packets`);
  t.ok(tally.alerts > 100, `${tally.alerts} alerts`);
});
