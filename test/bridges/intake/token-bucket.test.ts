import fc from 'fast-check';
import t from 'tap';
import { TokenBucket } from '../../../bridges/intake/index.ts';

void t.test('a burst passes at once, then frames pass at the rate', async (t) => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 1000);
  t.same(
    [1, 2, 3, 4].map(() => bucket.tryTake(1000)),
    [true, true, true, false],
  );
  t.equal(bucket.waitMs(1000), 100);
  t.equal(bucket.tryTake(1099), false);
  t.equal(bucket.tryTake(1100), true);
  t.equal(bucket.tryTake(1100), false);
});

void t.test('a pause of any length fills no more than the burst', async (t) => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0);
  t.same(
    [1, 2, 3].map(() => bucket.tryTake(1e9)),
    [true, true, false],
  );
});

void t.test('a clock that stands still or goes back gives nothing', async (t) => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 1 }, 5000);
  t.equal(bucket.tryTake(5000), true);
  t.equal(bucket.tryTake(0), false);
  t.equal(bucket.tryTake(5000), false);
});

void t.test(
  'over any time no more passes than burst and rate allow, and no less than the rate while it is asked',
  async (t) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 300 }),
        (perSecond, burst, steps) => {
          const bucket = new TokenBucket({ perSecond, burst }, 0);
          let nowMs = 0;
          let passed = 0;
          for (const step of steps) {
            nowMs += step;
            if (bucket.tryTake(nowMs)) passed += 1;
            else if (bucket.waitMs(nowMs) <= 0) return false;
          }
          return passed <= burst + (nowMs * perSecond) / 1000 + 1e-6;
        },
      ),
    );
    t.pass();
  },
);
