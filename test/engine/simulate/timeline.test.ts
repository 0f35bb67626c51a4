import t from 'tap';
import { seededRandom } from '../../../engine/base/index.ts';
import { EPOCH_MS, Life, Timeline } from '../../../engine/simulate/index.ts';

t.test('events run in the order of their time, each after all that the one before it set off', async (t) => {
  const timeline = new Timeline(seededRandom(1));
  const life = new Life();
  const seen: string[] = [];
  for (const ms of [30, 10, 20])
    timeline.after(ms, life, () => {
      seen.push(`${ms}`);
      void (async () => {
        for (let i = 0; i < 50; i++) await Promise.resolve();
        seen.push(`${ms} settled`);
      })();
    });
  await timeline.run(() => seen.length === 6, 1_000);
  t.same(seen, ['10', '10 settled', '20', '20 settled', '30', '30 settled']);
  t.equal(timeline.elapsedMs, 30);
  t.equal(timeline.clock(life).now(), EPOCH_MS + 30);
});

t.test('at one time the seed decides', async (t) => {
  const order = async (seed: number) => {
    const timeline = new Timeline(seededRandom(seed));
    const seen: number[] = [];
    for (let i = 0; i < 10; i++) timeline.after(5, new Life(), () => void seen.push(i));
    await timeline.run(() => seen.length === 10, 10);
    return seen.join(' ');
  };
  t.equal(await order(1), await order(1));
  t.not(await order(1), await order(2));
});

t.test('nothing happens to the dead, nor to what was cancelled; a child dies with its parent', async (t) => {
  const timeline = new Timeline(seededRandom(1));
  const world = new Life();
  const parent = new Life();
  const child = new Life(parent);
  const seen: string[] = [];
  timeline.after(10, child, () => void seen.push('child'));
  timeline.after(20, parent, () => void seen.push('parent'));
  timeline.after(20, world, () => void seen.push('cancelled')).cancel();
  timeline.after(5, world, () => parent.end());
  timeline.after(50, world, () => void seen.push('end'));
  await timeline.run(() => seen.includes('end'), 100);
  t.same(seen, ['end']);
  t.equal(child.isOver, true);
});

t.test('a promise behind the gate of a life that is over never settles', async (t) => {
  const timeline = new Timeline(seededRandom(1));
  const world = new Life();
  const life = new Life();
  let settled = 0;
  const count = () => void settled++;
  life.gate(timeline.pause(5, world)).then(count, count);
  life.gate(timeline.pause(15, world)).then(count, count);
  timeline.after(10, world, () => life.end());
  let isDone = false;
  timeline.after(30, world, () => {
    isDone = true;
  });
  await timeline.run(() => isDone, 100);
  t.equal(settled, 1);
});

t.test('a run that never comes to rest, or has nothing left to do, is an error', async (t) => {
  const forever = new Timeline(seededRandom(1));
  const again = () => void forever.after(10, new Life(), again);
  again();
  await t.rejects(
    forever.run(() => false, 1_000),
    { code: 'ASSERTION_FAILED' },
  );
  await t.rejects(
    new Timeline(seededRandom(1)).run(() => false, 1_000),
    { code: 'ASSERTION_FAILED' },
  );
});
