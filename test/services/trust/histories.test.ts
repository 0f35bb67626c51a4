import t from 'tap';
import { HISTORIES_MAX, Histories, POINTS_MAX } from '../../../services/trust/histories.ts';
import { providerScore, START_MS } from './graph-fixture.ts';

const at = (afterMs: number, mean = 0.5) =>
  providerScore({ at: START_MS + afterMs, small: { mean, evidence: 1 }, big: { mean: mean / 2, evidence: 1 } });

t.test('points lie apart, the first and the newest are there, and both windows', async (t) => {
  const histories = new Histories();
  for (let ms = 0; ms <= 10_000; ms += 100) histories.take(at(ms, ms / 10_000));
  const points = histories.of('water', 'b');
  t.equal(points[0]!.at, START_MS);
  t.same(points.at(-1), { at: START_MS + 10_000, small: 1, big: 0.5, trust: 0.8 });
  t.ok(points.length >= 10 && points.length <= 13, `${points.length} points of ten seconds`);
});

t.test('a long history keeps its beginning with fewer points', async (t) => {
  const histories = new Histories();
  for (let second = 0; second < 5_000; second++) histories.take(at(second * 1_000));
  const points = histories.of('water', 'b');
  t.ok(points.length <= POINTS_MAX && points.length > POINTS_MAX / 3, `${points.length}`);
  t.equal(points[0]!.at, START_MS);
  t.equal(points.at(-1)!.at, START_MS + 4_999_000);
  for (let i = 1; i < points.length; i++) t.ok(points[i]!.at > points[i - 1]!.at);
});

t.test('of too many, who changed longest ago is forgotten; what has no weight is null', async (t) => {
  const histories = new Histories();
  for (let i = 0; i <= HISTORIES_MAX; i++) histories.take(providerScore({ trustee: `p${i}`, trust: Number.NaN }));
  t.same(histories.of('water', 'p0'), []);
  t.equal(histories.of('water', 'p1')[0]!.trust, null);
  t.same(histories.of('fire', 'p1'), []);
});
