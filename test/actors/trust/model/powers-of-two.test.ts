import fc from 'fast-check';
import t from 'tap';
import { partOf, partPower, wholePower } from '../../../../actors/trust/model/powers-of-two.ts';

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

t.test('the part of a half-life is that of whole numbers, and lies between 0 and 1 whatever is rounded', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e12 }),
      fc.oneof(fc.integer({ min: 1, max: 1e12 }), fc.double({ min: 0.1, max: 1e9, noNaN: true })),
      (timeMs, halfLifeMs) => {
        const part = partOf(timeMs, Math.floor(timeMs / halfLifeMs), halfLifeMs);
        if (!(part >= 0 && part < 1)) throw new Error(`${part}`);
        if (!Number.isInteger(halfLifeMs)) return;
        const rest = Number(BigInt(timeMs) % BigInt(halfLifeMs));
        if (part !== rest / halfLifeMs) throw new Error(`${part}, must be ${rest} of ${halfLifeMs}`);
      },
    ),
    { numRuns: 2_000 },
  );
  t.end();
});
