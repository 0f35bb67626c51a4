import t from 'tap';
import { PAIR_DOUBLES, PairTrust } from '../../../../actors/trust/index.ts';

const MINUTE = 60_000;
const windows = { smallHalfLifeMs: 2 * MINUTE, bigHalfLifeMs: 60 * MINUTE };

function after(satisfactions: readonly number[]) {
  const pair = new PairTrust(windows);
  const doubles = new Float64Array(PAIR_DOUBLES);
  satisfactions.forEach((satisfaction, i) => {
    pair.add(doubles, 0, i * MINUTE, satisfaction, 1);
  });
  return { pair, doubles, trust: pair.trust(doubles, 0) };
}

t.test('the small window turns at once, the big one keeps from a quick redemption', (t) => {
  const good = Array(60).fill(1);
  const bad = Array(20).fill(0);
  t.equal(after(good).trust, 1);
  t.ok(after([...good, 0, 0, 0]).trust < 0.3, 'three bad ones among sixty good');
  t.ok(after([...bad, ...Array(10).fill(1)]).trust < 0.3, 'ten good ones do not buy twenty bad ones back');
  t.end();
});

t.test('who is now good and now bad is trusted less than its mean', (t) => {
  const { pair, doubles, trust } = after(Array.from({ length: 60 }, (_, i) => i % 2));
  t.ok(pair.mean(doubles, 0) > 0.45 && trust < 0.05);
  t.equal(pair.interactions(doubles, 0), 60);
  t.equal(pair.lastMs(doubles, 0), 59 * MINUTE);
  t.end();
});
