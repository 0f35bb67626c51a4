import t from 'tap';
import { hideBatch } from '../../../engine/batch/index.ts';
import { BatchEncoder, defineActor, type Log, planTopology, rawCodec, topic } from '../../../engine/index.ts';
import { IdleTicks } from '../../../engine/runtime/idle-ticks.ts';
import { Rig } from './rig.ts';

const from = topic('from', rawCodec(), { external: true });
const orders = topic('orders', rawCodec(), { external: true, timeless: true });
const between = topic('between', rawCodec());
const actors = [
  defineActor({ name: 'one', inputs: { from, orders }, outputs: { between }, process: () => {} }),
  defineActor({ name: 'two', inputs: { between }, process: () => {} }),
];

async function start(ticksMax = 3, isHere = (_: number) => true, around = (log: Log) => log) {
  const rig = new Rig();
  const plan = planTopology({ name: 'app', partitions: 2, actors, fuse: false });
  await rig.run(rig.log.createTopics(plan.topics));
  const ticks = new IdleTicks(around(rig.log), plan, rig.clock, { everyMs: 1000, ticksMax }, isHere);
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
  'a partition that was never filled is left alone, and so are topics that actors fill or that are timeless, and letters',
  async (t) => {
    const { rig, close } = await start();
    await rig.append('from', 0, 'k', 'v');
    await rig.append('between', 0, 'k', 'v');
    await rig.append('orders', 0, 'k', 'v');
    await rig.append('from.resend', 0, 'k', 'v');
    await rig.pass(20_000);
    t.same(await rig.read('from', 1), []);
    t.equal((await rig.read('between', 0)).length, 1);
    t.equal((await rig.read('orders', 0)).length, 1);
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

/** As Kafka does: the end of a transaction takes an offset in each of its partitions. */
function withMarkers(log: Log): Log {
  const marker = () => {
    const encoder = new BatchEncoder();
    encoder.append(0, new Uint8Array(0), -1, -1, new Uint8Array(0), -1, -1);
    const bytes = encoder.finish();
    hideBatch(bytes, 0, bytes.length);
    return bytes;
  };
  return {
    createTopics: (topics) => log.createTopics(topics),
    describe: () => log.describe(),
    acquire: (owner) => log.acquire(owner),
    openReader: () => log.openReader(),
    close: () => log.close(),
    async commit(transaction) {
      const committed = await log.commit(transaction);
      const appends = (transaction.appends ?? []).map(({ topic, partition }) => ({
        topic,
        partition,
        bytes: marker(),
      }));
      await log.commit({ appends });
      return committed;
    },
  };
}

t.test('the end of its own transactions in the partition is no record', async (t) => {
  const { rig, close } = await start(3, undefined, withMarkers);
  await rig.append('from', 0, 'k', 'v');
  await rig.append('from', 1, 'k', 'v');
  await rig.pass(20_000);
  for (const partition of [0, 1]) {
    t.same((await rig.read('from', partition)).map(isTick), [false, true, true, true]);
    t.equal((await rig.reader.bounds('from', partition)).end, 7, 'three of them with a marker');
  }
  await rig.append('from', 0, 'k', 'v');
  await rig.pass(20_000);
  t.same((await rig.read('from', 0)).map(isTick), [false, true, true, true, false, true, true, true]);
  await close();
});

t.test('a record that takes the place where a marker might be is one', async (t) => {
  const { rig, close } = await start(2);
  await rig.append('from', 0, 'k', 'v');
  await rig.pass(2_300);
  t.same((await rig.read('from', 0)).map(isTick), [false, true]);
  await rig.append('from', 0, 'k', 'v');
  await rig.pass(20_000);
  t.same((await rig.read('from', 0)).map(isTick), [false, true, false, true, true]);
  await close();
});

t.test('a tick that is not to be read yet is waited for', async (t) => {
  let hidden = 0;
  const { rig, close } = await start(2, undefined, (log) => ({
    ...withMarkers(log),
    openReader() {
      const reader = log.openReader();
      return {
        ...{ fetch: reader.fetch.bind(reader), committed: reader.committed.bind(reader) },
        ...{ wait: reader.wait.bind(reader), close: () => reader.close() },
        async bounds(topic, partition) {
          const { start, end } = await reader.bounds(topic, partition);
          return { start, end: end - hidden };
        },
      };
    },
  }));
  await rig.append('from', 0, 'k', 'v');
  await rig.pass(2_300);
  hidden = 2;
  await rig.pass(5_000);
  hidden = 0;
  await rig.pass(20_000);
  t.same((await rig.read('from', 0)).map(isTick), [false, true, true]);
  await close();
});

t.test("only this process's partitions are told, and one that comes back is looked at anew", async (t) => {
  let here = new Set([0]);
  const { rig, close } = await start(2, (partition) => here.has(partition));
  for (const partition of [0, 1]) await rig.append('from', partition, 'k', 'v');
  await rig.pass(20_000);
  t.same((await rig.read('from', 0)).map(isTick), [false, true, true]);
  t.same((await rig.read('from', 1)).map(isTick), [false]);
  here = new Set([1]);
  await rig.pass(20_000);
  here = new Set([0]);
  await rig.pass(20_000);
  t.same((await rig.read('from', 0)).map(isTick), [false, true, true, true, true]);
  t.same((await rig.read('from', 1)).map(isTick), [false, true, true]);
  await close();
});
