import fc from 'fast-check';
import t from 'tap';
import { MeasureSums, sumBytes } from '../../../actors/aggregate/measure-sums.ts';
import { seededRandom } from '../../../engine/base/index.ts';
import { KeyTable } from '../../../engine/batch/index.ts';
import { RowStore } from '../../../engine/state/index.ts';

const MEASURES = 3;

function sumsOf(columns: readonly (readonly number[])[]) {
  const rows = new RowStore(new KeyTable(seededRandom(1)), 64 + sumBytes(MEASURES));
  const sums = new MeasureSums(rows, 64, MEASURES);
  const row = rows.create(0);
  sums.begin(row, MEASURES);
  const count = columns[0]?.length ?? 0;
  for (let i = 0; i < count; i++) {
    sums.add(
      row,
      Float64Array.from(columns, (column) => column[i] ?? Number.NaN),
      MEASURES,
    );
    rows.settle();
  }
  return columns.map((_, measure) => sums.result(row, measure, count, 10));
}

/** In whole numbers throughout; the last steps are rounded as few times as they can be. */
function oracle(values: readonly number[]) {
  const present = values.filter((value) => !Number.isNaN(value));
  const n = BigInt(present.length);
  if (n === 0n) return { count: 0, mean: null, min: null, max: null, stddev: null };
  const whole = present.map(BigInt);
  const sum = whole.reduce((a, b) => a + b, 0n);
  const squares = whole.reduce((a, b) => a + b * b, 0n);
  return {
    count: present.length,
    mean: Number(sum) / (present.length * 10),
    min: Math.min(...present) / 10,
    max: Math.max(...present) / 10,
    stddev: Math.sqrt(Number(n * squares - sum * sum)) / (present.length * 10),
  };
}

const value = fc.oneof(
  fc.integer({ min: -32768, max: 65535 }),
  fc.integer({ min: 2 ** 26 - 5, max: 2 ** 26 - 1 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 32 }),
  fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
  fc.constantFrom(0, -0, 2 ** 26, 2 ** 26 - 1, -(2 ** 26), 2 ** 45, -(2 ** 45), Number.NaN),
);

t.test('results equal those of whole-number arithmetic, digit for digit', async (t) => {
  fc.assert(
    fc.property(
      fc.nat(100).chain((length) => {
        const column = fc.array(value, { minLength: length, maxLength: length, size: 'max' });
        return fc.tuple(column, column, column);
      }),
      (columns) => {
        t.same(sumsOf(columns), columns.map(oracle));
      },
    ),
    { numRuns: 150 },
  );
});

t.test('squares that fill the lower half are carried', async (t) => {
  const values = Array.from({ length: 50 }, (_, i) => 2 ** 26 - 1 - i);
  t.same(sumsOf([values, values, values])[0], oracle(values));
});

t.test('the order of the values does not matter', async (t) => {
  const values = [2 ** 50, -5, 0, 2 ** 45, -(2 ** 45), 7, 7, 2 ** 26];
  const columns = [values, [...values].reverse(), [...values].sort((a, b) => a - b)];
  const [first, ...others] = sumsOf(columns);
  for (const other of others) t.same(other, first);
});

t.test('a deviation far smaller than the values keeps its digits', async (t) => {
  const values = Array.from({ length: 1000 }, (_, i) => 4_000_000_000_000 + (i % 2));
  t.equal(sumsOf([values, values, values])[0]?.stddev, 0.05);
});
