// Which runs are made again: by what others did meanwhile, and never by their own figure.
import t from 'tap';
import { calmest } from '../../../../bench/workloads/scaling/calmest.ts';

function runs(shares: readonly number[]) {
  let made = 0;
  return () => {
    const run = { run: made, othersShare: shares[made]! };
    made++;
    return Promise.resolve(run);
  };
}

t.test('a calm run counts as it is', async (t) => {
  const repeats = { left: 2, made: 0 };
  t.equal((await calmest(repeats, 0.04, runs([0.04, 0]))).run, 0);
  t.same(repeats, { left: 2, made: 0 });
});

t.test('a disturbed run is made again until one is calm', async (t) => {
  const repeats = { left: 5, made: 0 };
  t.equal((await calmest(repeats, 0.04, runs([0.3, 0.5, 0.01, 0]))).run, 2);
  t.same(repeats, { left: 3, made: 2 });
});

t.test('where none is calm the calmest counts, and no more are made than are left for all', async (t) => {
  const repeats = { left: 2, made: 0 };
  t.equal((await calmest(repeats, 0.04, runs([0.3, 0.2, 0.4, 0]))).run, 1);
  t.equal((await calmest(repeats, 0.04, runs([0.9, 0]))).run, 0);
  t.same(repeats, { left: 0, made: 2 });
});
