import fc from 'fast-check';
import t from 'tap';
import { KeyCurve, leaveOneOut } from '../../../cli/capacity/key-curve.ts';

const POINTS = [
  { keys: 1_000, value: 100 },
  { keys: 100_000, value: 300 },
  { keys: 10_000_000, value: 400 },
];

t.test(
  'it goes through what was measured, and by the same factor with each factor of the keys in between',
  async (t) => {
    const curve = new KeyCurve(POINTS);
    t.same(
      [1_000, 100_000, 10_000_000].map((keys) => curve.at(keys)),
      [100, 300, 400],
    );
    t.ok(Math.abs(curve.at(10_000) - 100 * Math.sqrt(3)) < 1e-9);
    t.ok(Math.abs(curve.at(1_000_000) - 200 * Math.sqrt(3)) < 1e-9);
    t.same([curve.at(1), curve.at(1e9)], [100, 400]);
  },
);

t.test('it never falls, whatever was measured', async () => {
  const point = fc.record({ keys: fc.integer({ min: 1, max: 1e7 }), value: fc.integer({ min: 1, max: 1e6 }) });
  const points = fc.uniqueArray(point, { minLength: 1, maxLength: 8, selector: ({ keys }) => keys });
  fc.assert(
    fc.property(points, fc.integer({ min: 1, max: 1e8 }), fc.integer({ min: 1, max: 1e8 }), (measured, a, b) => {
      const curve = new KeyCurve(measured);
      return curve.at(Math.min(a, b)) <= curve.at(Math.max(a, b)) + 1e-9;
    }),
  );
});

t.test('leaving a point out tells the error of the others', async (t) => {
  // Without the middle one: half of the factor from 100 to 400, 200 in place of 300.
  const { mean, max, points } = leaveOneOut(POINTS);
  t.ok(Math.abs((mean ?? 0) - 100 / 300) < 1e-9 && mean === max && points === 1, `${mean}`);
  t.same(leaveOneOut(POINTS.slice(0, 2)), { mean: null, max: null, points: 0 });
  const straight = [1, 2, 3, 4].map((power) => ({ keys: 10 ** power, value: 100 * 2 ** power }));
  t.ok((leaveOneOut(straight).max ?? 1) < 1e-9);
});
