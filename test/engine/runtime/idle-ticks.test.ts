import t from 'tap';
import { defineActor, planTopology, rawCodec, topic } from '../../../engine/index.ts';
import { IdleTicks } from '../../../engine/runtime/idle-ticks.ts';
import { Rig } from './rig.ts';

const from = topic('from', rawCodec(), { external: true });
const between = topic('between', rawCodec());
const actors = [
  defineActor({ name: 'one', inputs: { from }, outputs: { between }, process: () => {} }),
  defineActor({ name: 'two', inputs: { between }, process: () => {} }),
];

async function start(ticksMax = 3) {
  const rig = new Rig();
  const plan = planTopology({ name: 'app', partitions: 2, actors, fuse: false });
  await rig.run(rig.log.createTopics(plan.topics));
  const ticks = new IdleTicks(rig.log, plan, rig.clock, { everyMs: 1000, ticksMax });
  ticks.start();
  return { rig, ticks, close: () => rig.run(ticks.close()) };
}

const isTick = ({ key, value }: { key: string | null; value: string | null }) => key === null && value === null;

t.test('a partition that fell silent is told the time, a bounded number of times', async (t) => {
  const { rig, close } = await start();
  await rig.append('from', 0, 'k', 'v', 5);
  await rig.pass(20_000);
  const records = await rig.read('from', 0);
  t.same(records.map(isTick), [false, true, true, true]);
  const times = records.slice(1).map(({ timestamp }) => timestamp);
  t.same(
    times.toSorted((a, b) => a - b),
    times,
  );
  t.ok(times.every((time) => time <= rig.clock.now() && time > rig.clock.now() - 20_001));
  await close();
});

t.test(
  'a partition that was never filled is left alone, and so are topics that actors fill, and letters',
  async (t) => {
    const { rig, close } = await start();
    await rig.append('from', 0, 'k', 'v');
    await rig.append('between', 0, 'k', 'v');
    await rig.append('from.resend', 0, 'k', 'v');
    await rig.pass(20_000);
    t.same(await rig.read('from', 1), []);
    t.equal((await rig.read('between', 0)).length, 1);
    t.equal((await rig.read('from.resend', 0)).length, 1);
    await close();
  },
);

t.test('a new record begins the count anew', async (t) => {
  const { rig, close } = await start(2);
  await rig.append('from', 0, 'k', 'v');
  await rig.pass(20_000);
  await rig.append('from', 0, 'k', 'v');
  await rig.pass(20_000);
  t.same((await rig.read('from', 0)).map(isTick), [false, true, true, false, true, true]);
  await close();
});

t.test('a partition in which records come is not told the time', async (t) => {
  const { rig, close } = await start();
  for (let i = 0; i < 20; i++) {
    await rig.append('from', 0, 'k', 'v');
    await rig.pass(500);
  }
  t.equal((await rig.read('from', 0)).filter(isTick).length, 0);
  await close();
});

t.test('closed, it tells nothing any more', async (t) => {
  const { rig, close } = await start();
  await rig.append('from', 0, 'k', 'v');
  await close();
  await rig.pass(20_000);
  t.equal((await rig.read('from', 0)).length, 1);
});
