import fc from 'fast-check';
import t from 'tap';
import { judgeLag, type LagSample } from '../../../cli/load/lag-judge.ts';
import { type Phase, searchRate } from '../../../cli/load/rate-search.ts';

const OPTIONS = { from: 2_000, rateMax: 50_000_000, precision: 1.05, hasTime: () => true };

/** An engine that holds whatever is not above its capacity. */
const engine = (capacity: number, tried: [number, Phase][] = []) => {
  return async (rate: number, phase: Phase) => {
    tried.push([rate, phase]);
    return { isHeld: rate <= capacity };
  };
};

t.test('the rate that is found is held, and one a little higher is not', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 2, max: 40_000_000, noNaN: true }),
      fc.integer({ min: 1, max: 1_000_000 }),
      async (capacity, from) => {
        const { held, missed, isCut } = await searchRate({ ...OPTIONS, from }, engine(capacity));
        t.notOk(isCut);
        if (held === null || missed === null) throw new Error('nothing was found');
        if (held.rate > capacity || held.rate < capacity / 1.05) throw new Error(`${held.rate} of ${capacity}`);
        if (missed.rate <= capacity) throw new Error(`${missed.rate} was not held of ${capacity}`);
      },
    ),
  );
});

t.test('steps double, then the distance is halved, then the rate is confirmed', async (t) => {
  const tried: [number, Phase][] = [];
  await searchRate(OPTIONS, engine(10_000, tried));
  t.same(
    tried.slice(0, 4).map(([rate]) => rate),
    [2_000, 4_000, 8_000, 16_000],
  );
  t.equal(tried[4]?.[1], 'bisect');
  t.equal(tried.at(-1)?.[1], 'confirm');
});

t.test('an engine that holds less than the first rate is found below it', async (t) => {
  const { held } = await searchRate(OPTIONS, engine(37));
  t.ok(held !== null && held.rate <= 37 && held.rate >= 37 / 1.05);
});

t.test('where no rate is held, none is told', async (t) => {
  const { held, missed } = await searchRate(OPTIONS, async () => ({ isHeld: false }));
  t.equal(held, null);
  t.equal(missed?.rate, 1);
});

t.test('where the greatest rate is held, nothing was missed and nothing was cut', async (t) => {
  const { held, missed, isCut } = await searchRate({ ...OPTIONS, rateMax: 5_000 }, engine(1e9));
  t.same([held?.rate, missed, isCut], [5_000, null, false]);
});

t.test('a rate that holds for a moment and not for longer is gone down from', async (t) => {
  const brief = async (rate: number, phase: Phase) => ({ isHeld: rate <= (phase === 'confirm' ? 8_000 : 10_000) });
  const { held, missed } = await searchRate(OPTIONS, brief);
  t.ok(held !== null && held.rate <= 8_000 && held.rate > 6_000, `${held?.rate}`);
  t.ok(missed !== null && missed.rate > 8_000);
});

t.test('when the time is up, what was found so far is confirmed, and it says that it was cut', async (t) => {
  let steps = 0;
  const tried: [number, Phase][] = [];
  const { held, isCut } = await searchRate({ ...OPTIONS, hasTime: () => ++steps < 3 }, engine(1e6, tried));
  t.equal(held?.rate, 8_000);
  t.ok(isCut);
  t.same(tried.at(-1), [8_000, 'confirm']);
});

/** Lag of a queue that is served at `capacity` and commits what it has done each `commitMs`. */
function queueSamples(rate: number, capacity: number, commitMs: number): LagSample[] {
  const samples: LagSample[] = [];
  let [committed, done] = [0, 0];
  for (let atMs = 0; atMs <= 6_000; atMs += 10) {
    const come = (rate * atMs) / 1000;
    done = Math.min(come, done + (capacity * 10) / 1000);
    if (atMs % commitMs === 0) committed = done;
    if (atMs >= 2_000) samples.push({ atMs, lag: come - committed });
  }
  return samples;
}

t.test('with the judge of the lag, the capacity of a simulated engine is found', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 500, max: 5_000_000 }), async (capacity) => {
      const commitMs = 200;
      const { held } = await searchRate(OPTIONS, async (rate) => {
        const samples = queueSamples(rate, capacity, commitMs);
        return { isHeld: judgeLag(samples, { ratePerSecond: rate, commitIntervalMs: commitMs }).isBounded };
      });
      // An interval of lag over the measured time is what cannot be told from a commit.
      const error = (held?.rate ?? 0) / capacity;
      if (error < 0.94 || error > 1.09) throw new Error(`${held?.rate} of ${capacity}`);
    }),
    { numRuns: 50 },
  );
  t.pass();
});
