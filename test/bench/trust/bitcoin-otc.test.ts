import t from 'tap';
import type { TrustModel } from '../../../actors/trust/index.ts';
import { areaUnderCurve, predictNext } from '../../../bench/trust/bitcoin-otc.ts';

t.test('the area under the curve is the share of pairs in the right order', (t) => {
  const of = (scores: number[], ratings: number[]) =>
    areaUnderCurve({ scores: Float64Array.from(scores), ratings: Float64Array.from(ratings) });
  t.equal(of([1, 2, 3, 4], [-1, -1, 1, 1]), 1);
  t.equal(of([4, 3, 2, 1], [-1, -1, 1, 1]), 0);
  t.equal(of([1, 1, 1, 1], [-1, 1, 1, -1]), 0.5);
  t.equal(of([1, 3, 2, 4], [-1, -1, 1, 1]), 0.75);
  t.end();
});

t.test('no rating is known before its block has been told', (t) => {
  const seen: string[] = [];
  const model: TrustModel = {
    name: 'spy',
    observe: ({ trustor }) => seen.push(`saw ${trustor}`),
    score: (trustor) => seen.push(`told ${trustor}`),
    choose: () => '',
  };
  const ratings = ['a', 'b', 'c', 'd'].map((rater, i) => ({ rater, rated: 'x', rating: 1, timeMs: i }));
  predictNext(model, ratings, 1, 2);
  t.same(seen, ['told b', 'saw a', 'saw b', 'told c', 'told d', 'saw c', 'saw d']);
  t.end();
});
