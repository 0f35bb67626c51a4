import fc from 'fast-check';
import t from 'tap';
import {
  BATCH_RECORDS_BOUNDS,
  Histogram,
  mergeHistograms,
  PROCESSING_MS_BOUNDS,
  quantile,
} from '../../../engine/observe/index.ts';

t.test('a value counts at every bound that is not below it', async (t) => {
  const histogram = new Histogram([1, 10, 100]);
  for (const value of [0, 1, 1.01, 10, 99, 100, 101]) histogram.record(value);
  t.same(histogram.status(), { bounds: [1, 10, 100], cumulative: [2, 4, 6, 7], sum: 312.01 });
});

t.test('the counts are those of counting one by one, and parts add up to the whole', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })), fc.array(fc.nat()), (left, right) => {
      const [a, b, whole] = [0, 0, 0].map(() => new Histogram(PROCESSING_MS_BOUNDS)) as [
        Histogram,
        Histogram,
        Histogram,
      ];
      for (const value of left) a.record(value);
      for (const value of right) b.record(value);
      for (const value of [...left, ...right]) whole.record(value);
      const expected = [...PROCESSING_MS_BOUNDS, Number.POSITIVE_INFINITY].map(
        (bound) => [...left, ...right].filter((value) => value <= bound).length,
      );
      t.same(whole.status().cumulative, expected);
      t.same(mergeHistograms([a.status(), b.status()], PROCESSING_MS_BOUNDS).cumulative, expected);
    }),
    { numRuns: 50 },
  );
});

t.test('a quantile lies in the bucket of its rank', async (t) => {
  const histogram = new Histogram(BATCH_RECORDS_BOUNDS);
  t.equal(quantile(histogram.status(), 0.5), null);
  for (let i = 1; i <= 1000; i++) histogram.record(i);
  const median = quantile(histogram.status(), 0.5)!;
  t.ok(median >= 250 && median <= 500, String(median));
  histogram.record(1e9);
  t.equal(quantile(histogram.status(), 1), 1_000_000);
});
