// What counts as worse than before: a drop outside of both spreads, and never noise.
import t from 'tap';
import { environment } from '../../bench/environment.ts';
import { regressions } from '../../bench/regression.ts';
import type { Result } from '../../bench/result.ts';
import type { FigureDraft } from '../../bench/workload.ts';
import { plantedFigure } from './planted.ts';

function result(...drafts: readonly Partial<FigureDraft>[]): Result {
  const figures = drafts.map(plantedFigure);
  return { workload: 'W1', says: '', isQuick: false, tookSeconds: 1, environment: environment(), figures };
}

const rates = (...ours: readonly number[]): Partial<FigureDraft> => ({ ours, peers: { Streams: ours.map(() => 10) } });

t.test('a drop of more than the margin outside of both spreads is told with both figures', async (t) => {
  const [sentence, ...others] = regressions(result(rates(70, 75, 80)), result(rates(95, 100, 105)));
  t.match(sentence, /^W1: planted: 7\.5 \(7 to 8\) × Streams, and at \w+ 10 \(9\.5 to 10\.5\): 25 % less$/);
  t.same(others, []);
});

t.test('noise is none: inside of a spread, within the margin, or better', async (t) => {
  const before = result(rates(80, 100, 105));
  t.same(regressions(result(rates(70, 79, 82)), before), [], 'the spreads meet');
  t.same(regressions(result(rates(91, 92, 93)), result(rates(99, 100, 101))), [], 'eight percent');
  t.same(regressions(result(rates(200, 210, 220)), before), []);
});

t.test('with one run a side the spread says nothing, and the margin is wider', async (t) => {
  t.same(regressions(result(rates(75)), result(rates(100))), []);
  t.equal(regressions(result(rates(65)), result(rates(100))).length, 1);
});

t.test('where less is better, more is worse', async (t) => {
  const less = (...ours: readonly number[]) => ({ ...rates(...ours), isLessBetter: true });
  t.match(regressions(result(less(15, 16, 17)), result(less(9, 10, 11)))[0], /60 % more$/);
  t.same(regressions(result(less(5, 5, 5)), result(less(9, 10, 11))), []);
});

t.test('without a peer only amounts are compared, since rates are those of the machine', async (t) => {
  const alone = (unit: string, ...ours: readonly number[]) => ({ unit, ours, peers: {}, judged: 'ours' });
  t.same(regressions(result(alone('frames/s', 10, 10, 10)), result(alone('frames/s', 90, 90, 90))), []);
  const bytes = (...ours: readonly number[]) => ({ ...alone('bytes a key', ...ours), isLessBetter: true });
  t.match(regressions(result(bytes(200, 200, 201)), result(bytes(150, 150, 150)))[0], /200 .*bytes a key.*33 % more$/);
  const wrong = (count: number) => ({ ...alone('differences in 10 seeds', count, count, count), isLessBetter: true });
  t.match(regressions(result(wrong(2)), result(wrong(0)))[0], /2 \(2 to 2\) differences in 10 seeds, .* 0 .*: more$/);
});

t.test('a figure or a peer that is gone is told', async (t) => {
  t.match(regressions(result({ name: 'W1: other' }), result({})), [/W1: planted is not measured any more/]);
  const before = result({ peers: { Streams: [10, 10, 10], Flink: [10, 10, 10] } });
  t.match(regressions(result({}), before), [/is not compared with Flink any more/]);
});
