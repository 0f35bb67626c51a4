import fc from 'fast-check';
import t from 'tap';
import { addTo } from '../../../actors/trust/exact-sum.ts';

t.test('what is taken out again leaves what was there, however much it was', (t) => {
  const part = fc
    .double({ min: -1, max: 1, noNaN: true })
    .chain((x) => fc.constantFrom(x, x * 1e6, x * 1e-6, x * 2 ** 30));
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 60 }),
      fc.array(part, { maxLength: 60 }),
      fc.boolean(),
      (stay, go, late) => {
        const parts = [...go, ...stay, ...(late ? go.toReversed() : go).map((value) => -value)];
        const sum = new Float64Array(2);
        let greatest = 0;
        for (const value of parts) {
          addTo(sum, 0, value);
          greatest = Math.max(greatest, Math.abs(sum[0]!));
        }
        const alone = new Float64Array(2);
        for (const value of stay) {
          addTo(alone, 0, value);
          greatest = Math.max(greatest, Math.abs(alone[0]!));
        }
        // Of both doubles: the first alone is rounded, up in the one and down in the other where the sum is a tie.
        const difference = Math.abs(sum[0]! - alone[0]! + (sum[1]! - alone[1]!));
        const rounded = (parts.length + stay.length) * 2 ** -104 * greatest;
        if (!(difference <= rounded)) throw new Error(`${sum}, alone ${alone}`);
      },
    ),
    { numRuns: 1000, examples: [[[999_999.9999999983, -0.9999999999999988, -999_999.9999999993], [4.39e-32], false]] },
  );
  t.end();
});
