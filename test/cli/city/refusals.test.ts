import t from 'tap';
import { Refusals } from '../../../cli/city/refusals.ts';
import { ManualClock } from '../../engine/log/manual-clock.ts';

t.test('refusals are told every ten seconds, by bridge and reason, and totals are kept', (t) => {
  const clock = new ManualClock();
  const said: unknown[] = [];
  const refusals = new Refusals((_event, data) => void said.push(data), clock);
  t.same(refusals.totals('http'), {});
  refusals.add('http', 'NOT_AUTHENTICATED', 1);
  refusals.add('http', 'NOT_AUTHENTICATED', 2);
  refusals.add('mqtt', 'TOPIC_REFUSED', 1);
  clock.advance(10_000);
  t.same(said, [
    { bridge: 'http', code: 'NOT_AUTHENTICATED', count: 3 },
    { bridge: 'mqtt', code: 'TOPIC_REFUSED', count: 1 },
  ]);
  refusals.add('http', 'NOT_AUTHENTICATED', 1);
  refusals.flush();
  t.match(said[2], { count: 1 });
  t.same(refusals.totals('http'), { NOT_AUTHENTICATED: 4 });
  t.same(refusals.totals('mqtt'), { TOPIC_REFUSED: 1 });
  t.end();
});
