import t from 'tap';
import { AlertFeed } from '../../console/alert-feed.ts';
import type { DetectedAlert } from '../../console/ports.ts';

const MINUTE_MS = 60_000;
const NOW = 1_700_000_000_000;

const alertOf = (more: Partial<DetectedAlert> = {}): DetectedAlert => ({
  ...{ topic: 'ids.alerts', partition: 0, offset: 0, time: NOW, place: 'eth0', gid: 1, sid: 7, rev: 1 },
  ...{ signature: 'a ping', category: '', severity: 3, isBlocked: false, ruleSet: '', protocol: 'ICMP' },
  ...{ application: '', from: '10.0.0.1', to: '10.0.0.2' },
  ...more,
});

t.test('alerts are counted by rule, by place and by minute', async (t) => {
  const feed = new AlertFeed();
  for (let i = 0; i < 5; i++) feed.takeAlert(alertOf({ offset: i, time: NOW - i * MINUTE_MS }));
  feed.takeAlert(alertOf({ sid: 8, place: 'gw-1', signature: 'a scan', severity: 1 }));
  feed.takeDrop(alertOf({ sid: 8, place: 'gw-1', signature: 'a scan', severity: 1, isBlocked: true }));
  const view = feed.view(NOW, 10);
  t.match(view, { alerts: 6, drops: 1, passed: 0, since: NOW - 4 * MINUTE_MS, moreRules: 0 });
  t.match(view.rules, [
    { sid: 7, alerts: 5, drops: 0, places: 1, lastAt: NOW },
    { sid: 8, alerts: 1, drops: 1, places: 1, severity: 1, signature: 'a scan' },
  ]);
  t.match(view.places, [
    { place: 'eth0', alerts: 5, drops: 0 },
    { place: 'gw-1', alerts: 1, drops: 1 },
  ]);
  t.same(view.minutes.slice(-5), [1, 1, 1, 1, 2]);
  t.equal(view.minutes.length, 60);
});

t.test('what is shown to everybody has no addresses', async (t) => {
  const feed = new AlertFeed();
  feed.takeAlert(alertOf({ from: '10.9.9.9:1', to: '10.8.8.8:2' }));
  t.notMatch(JSON.stringify(feed.view(NOW, 10)), /10\.[89]/);
  t.match(feed.latest(1), [{ from: '10.9.9.9:1', to: '10.8.8.8:2' }]);
});

t.test('minutes without an alert pass, also more of them than are kept', async (t) => {
  const feed = new AlertFeed();
  feed.takeAlert(alertOf());
  t.equal(feed.view(NOW + 10 * MINUTE_MS, 1).minutes.at(-11), 1);
  feed.takeAlert(alertOf({ time: NOW + 11 * MINUTE_MS }));
  t.same(
    feed.view(NOW + 11 * MINUTE_MS, 1).minutes.reduce((sum, one) => sum + one, 0),
    2,
  );
  t.same(
    feed.view(NOW + 500 * MINUTE_MS, 1).minutes.reduce((sum, one) => sum + one, 0),
    0,
  );
  feed.takeAlert(alertOf({ time: NOW }));
  t.equal(
    feed.view(NOW + 500 * MINUTE_MS, 1).minutes.reduce((sum, one) => sum + one, 0),
    0,
    'one that is older than all of them is in none',
  );
});

t.test('a drop of a whole flow names no rule, and is counted all the same', async (t) => {
  const feed = new AlertFeed();
  feed.takeDrop(alertOf({ sid: 0, signature: '' }));
  t.match(feed.view(NOW, 1), { drops: 1, rules: [], since: null });
});

t.test('rules and places are bounded, and the one that was silent longest gives way', async (t) => {
  const feed = new AlertFeed();
  for (let sid = 1; sid <= 2_500; sid++) {
    feed.takeAlert(alertOf({ sid, place: `gw-${sid % 300}` }));
    feed.takeAlert(alertOf({ sid: 1, place: 'gw-1' }));
  }
  const view = feed.view(NOW, 1);
  t.equal(view.rules.length + view.moreRules, 2_000);
  t.match(view.rules[0], { sid: 1, alerts: 2_501 }, 'who goes on alerting is never forgotten');
  t.ok(view.places.length <= 50);
  t.equal(view.places[0]?.place, 'gw-1');
});

t.test('in a flood so many are looked at in a turn, and the rest is passed and told', async (t) => {
  const feed = new AlertFeed();
  const looked = () => {
    let count = 0;
    for (let i = 0; i < 30_000; i++) if (feed.hasRoom()) count++;
    return count;
  };
  t.equal(looked(), 20_000, 'what was there at the start');
  feed.begin();
  t.equal(looked(), 1_000);
  feed.begin();
  feed.begin();
  t.equal(looked(), 1_000, 'turns in which nothing came do not add up');
  t.equal(feed.view(NOW, 1).passed, 90_000 - 22_000);
});

t.test('what was leapt over is told, and changes the total', async (t) => {
  const feed = new AlertFeed();
  const before = feed.total;
  feed.pass(12_000);
  t.not(feed.total, before);
  t.equal(feed.view(NOW, 1).passed, 12_000);
});
