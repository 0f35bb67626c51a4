import fc from 'fast-check';
import t from 'tap';
import { DEFAULT_WEIGHTS, dependability } from '../../../../actors/trust/index.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const maybe = fc.oneof(share, fc.constant(Number.NaN));

t.test('the weights sum to 1: equal measures give themselves, whatever is unknown', (t) => {
  fc.assert(
    fc.property(
      share,
      fc.boolean(),
      fc.boolean(),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      (x, noT, noR, evidence) => {
        const measures = {
          trust: noT ? Number.NaN : x,
          reputation: x,
          reliability: noR ? Number.NaN : x,
          popularity: x,
        };
        return Math.abs(dependability(measures, evidence, DEFAULT_WEIGHTS) - x) < 1e-12;
      },
    ),
  );
  t.end();
});

t.test('it lies between the measures, and own experience takes over with its evidence', (t) => {
  fc.assert(
    fc.property(maybe, share, maybe, share, (trust, reputation, reliability, popularity) => {
      const measures = { trust, reputation, reliability, popularity };
      const known = Object.values(measures).filter((value) => !Number.isNaN(value));
      const value = dependability(measures, 3, DEFAULT_WEIGHTS);
      return value >= Math.min(...known) - 1e-12 && value <= Math.max(...known) + 1e-12;
    }),
  );
  const measures = { trust: 0, reputation: 1, reliability: Number.NaN, popularity: 0 };
  const at = (evidence: number) => dependability(measures, evidence, DEFAULT_WEIGHTS);
  t.ok(at(0) > at(1) && at(1) > at(10));
  t.equal(dependability(measures, 1e9, { ...DEFAULT_WEIGHTS, ownShare: 0 }), 0.95, 'a share that was set counts');
  t.end();
});
