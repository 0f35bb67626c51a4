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
        const sum = new Float64Array(2);
        for (const value of go) addTo(sum, 0, value);
        for (const value of stay) addTo(sum, 0, value);
        for (const value of late ? go.toReversed() : go) addTo(sum, 0, -value);
        const alone = new Float64Array(2);
        for (const value of stay) addTo(alone, 0, value);
        const difference = Math.abs(sum[0]! - alone[0]!);
        if (difference > 1e-16 * Math.max(1e-6, Math.abs(alone[0]!))) throw new Error(`${sum[0]}, alone ${alone[0]}`);
      },
    ),
  );
  t.end();
});
