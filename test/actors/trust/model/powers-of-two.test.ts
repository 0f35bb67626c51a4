import fc from 'fast-check';
import t from 'tap';
import { partPower, wholePower } from '../../../../actors/trust/model/powers-of-two.ts';

t.test('whole powers are exact, from the least double to the greatest', (t) => {
  for (let exponent = -1_080; exponent <= 1_030; exponent++)
    if (wholePower(exponent) !== 2 ** exponent) t.fail(`${exponent}`);
  t.end();
});

t.test('what lies between is right to the last places', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (fraction) => {
      const difference = Math.abs(partPower(fraction) / 2 ** fraction - 1);
      if (difference > 5e-16) throw new Error(`2^${fraction} is off by ${difference}`);
    }),
    { numRuns: 2_000 },
  );
  t.equal(partPower(0), 1);
  t.equal(partPower(0.5), Math.SQRT2);
  t.end();
});
