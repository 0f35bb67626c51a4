import fc from 'fast-check';
import t from 'tap';
import { judgeLag, LAG_SAMPLES_MIN, type LagSample } from '../../../cli/load/lag-judge.ts';

const BOUNDS = { ratePerSecond: 10_000, commitIntervalMs: 200 };
const samples = (lagOf: (atMs: number) => number): LagSample[] =>
  Array.from({ length: 400 }, (_, i) => ({ atMs: i * 10, lag: lagOf(i * 10) }));

t.test('a lag that goes up between commits and down with each is bounded', async (t) => {
  const saw = samples((atMs) => 500 + ((atMs % 200) / 1000) * 10_000);
  t.ok(judgeLag(saw, BOUNDS).isBounded);
});

t.test('a lag that stays high is bounded: it is late, and no later than before', async (t) => {
  t.ok(
    judgeLag(
      samples(() => 1_000_000),
      BOUNDS,
    ).isBounded,
  );
});

t.test('a lag that shrinks is bounded', async (t) => {
  const { isBounded, growth } = judgeLag(
    samples((atMs) => 50_000 - atMs * 10),
    BOUNDS,
  );
  t.ok(isBounded);
  t.ok(growth < 0);
});

t.test('a lag that grows by more than a commit interval explains is not bounded, and its growth is told', async (t) => {
  const { isBounded, perSecond } = judgeLag(
    samples((atMs) => atMs * 1 + (atMs % 200)),
    BOUNDS,
  );
  t.notOk(isBounded);
  t.ok(Math.abs(perSecond - 1_000) < 100, `${perSecond}`);
});

t.test('one pause in an otherwise even lag is no growth', async (t) => {
  t.ok(
    judgeLag(
      samples((atMs) => (atMs > 2_000 && atMs < 2_400 ? 40_000 : 300)),
      BOUNDS,
    ).isBounded,
  );
});

t.test('planted growth is seen in whatever commits do, wherever it is above the bound', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 1_000_000 }), fc.integer({ min: 10, max: 500 }), (rate, commitMs) => {
      const bounds = { ratePerSecond: rate, commitIntervalMs: commitMs };
      const noise = (atMs: number) => ((atMs % commitMs) / 1000) * rate;
      // Twice what an interval explains, from the first third to the last.
      const slope = (3 * (rate * commitMs) + 3_000) / 1000 / 2_670;
      return (
        judgeLag(samples(noise), bounds).isBounded &&
        !judgeLag(
          samples((atMs) => noise(atMs) + slope * atMs),
          bounds,
        ).isBounded
      );
    }),
  );
});

t.test('too few samples are refused', async (t) => {
  t.throws(() => judgeLag(samples(() => 0).slice(0, LAG_SAMPLES_MIN - 1), BOUNDS), RangeError);
});
