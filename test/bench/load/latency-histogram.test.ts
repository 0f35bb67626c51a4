import t from 'tap';
import { LatencyHistogram } from '../../../bench/load/latency-histogram.ts';
import { seededRandom } from '../../../engine/base/index.ts';

const SHARES = [0.1, 0.5, 0.9, 0.99, 0.999, 1];

t.test('what is read lies at most 0.8 % and a microsecond above what sorting finds, and never below', async (t) => {
  const random = seededRandom(11);
  const histogram = new LatencyHistogram();
  const values = Array.from({ length: 20_000 }, () => 2 ** ((random.u32() / 2 ** 32) * 30) / 1000);
  for (const value of values) histogram.record(value);
  const sorted = values.toSorted((a, b) => a - b);
  for (const share of SHARES) {
    const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
    const told = histogram.at(share);
    t.ok(told >= exact, `${share}: ${told} is not below ${exact}`);
    t.ok(told <= exact * 1.008 + 0.001, `${share}: ${told} is hardly above ${exact}`);
  }
});

t.test('each recording counts, the longest is told as it was', async (t) => {
  const histogram = new LatencyHistogram();
  for (const ms of [-3, 0, 0.4, 12, 1e9]) histogram.record(ms);
  const { count, max } = histogram.ladder();
  t.equal(count, 5);
  t.equal(max, 1e9);
  t.ok(histogram.at(0.2) <= 0.001, 'less than nothing is nothing');
});
