import fc from 'fast-check';
import t from 'tap';
import { seededRandom } from '../../../engine/base/index.ts';
import { BatchCursor, BatchEncoder, KeyTable, partitionForKey } from '../../../engine/batch/index.ts';
import { defineActor, jsonCodec, topic } from '../../../engine/index.ts';
import { ForeignRecords } from '../../../engine/runtime/foreign-records.ts';
import { readLetter, resendLetter } from '../../../engine/runtime/index.ts';
import { TaskOutputs } from '../../../engine/runtime/outputs.ts';
import { Rig } from './rig.ts';
import { open } from './task-rig.ts';

const PARTITIONS = 3;
const codec = jsonCodec<number>();

const homeOf = (key: string) => partitionForKey(Buffer.from(key), 0, key.length, PARTITIONS);
/** A key of partition 1, one of partition 2. */
const keys = Array.from({ length: 50 }, (_, i) => `device-${i}`);
const one = keys.find((key) => homeOf(key) === 1)!;
const other = keys.find((key) => homeOf(key) === 2)!;

function seeing(policy: 'refuse' | 'repartition' | undefined, seen: string[], name = 'one') {
  const options = { external: true, ...(policy === undefined ? {} : { foreignPartitioning: policy }) };
  return defineActor({
    name,
    inputs: { from: topic('from', codec, options) },
    outputs: {},
    process: (record, { partition }) => void seen.push(`${partition} ${record.keyText()} ${record.value}`),
  });
}

/** A task on each partition. */
async function openAll(rig: Rig, policy: 'refuse' | 'repartition', seen: string[]) {
  const tasks: Awaited<ReturnType<typeof open>>[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++)
    tasks.push(await open(rig, [seeing(policy, seen)], { partition, partitions: PARTITIONS }));
  return tasks;
}

t.test(
  'repartition: a foreign record is handled once, where its key is at home, in the order it came in',
  async (t) => {
    const rig = new Rig();
    const seen: string[] = [];
    const tasks = await openAll(rig, 'repartition', seen);
    for (let n = 0; n < 5; n++) await rig.append('from', 0, n % 2 === 0 ? one : other, String(n), 1000 + n);
    await rig.append('from', 1, one, '5', 2000);
    await rig.pass(1_000);
    t.same(
      seen.filter((line) => line.includes(one)),
      [0, 2, 4, 5].map((n) => `1 ${one} ${n}`).toSorted((a, b) => seen.indexOf(a) - seen.indexOf(b)),
    );
    const order = seen.filter((line) => line.includes(one) && !line.endsWith(' 5'));
    t.same(order, [`1 ${one} 0`, `1 ${one} 2`, `1 ${one} 4`]);
    t.ok(seen.includes(`1 ${one} 5`));
    t.same(
      seen.filter((line) => line.includes(other)),
      [`2 ${other} 1`, `2 ${other} 3`],
    );
    const moved = await rig.read('from', 2);
    t.match(moved, [
      { key: other, value: '1', timestamp: 1001 },
      { key: other, value: '3', timestamp: 1003 },
    ]);
    t.equal((await rig.read('from', 1)).length, 4, 'nothing moves twice');
    t.same(await rig.read('from.dlq'), []);
    t.equal(tasks[0]?.task.status().stages[0]?.counts.repartitioned, 5);
    t.equal(tasks[0]?.task.status().stages[0]?.recordsIn, 0, 'no actor has seen them there');
    for (const task of tasks) await task.stop();
  },
);

t.test('repartition: what is moved and the offset past it are one transaction', async (t) => {
  const rig = new Rig();
  const seen: string[] = [];
  const task = await open(rig, [seeing('repartition', seen)], { partitions: PARTITIONS });
  await rig.append('from', 0, one, '1');
  await rig.pass(1_000);
  t.match(task.commits, [
    { appends: [{ topic: 'from', partition: 1 }], offsets: [{ topic: 'from', partition: 0, offset: 1 }] },
  ]);
  await task.stop();
});

t.test('repartition: headers, and a missing value, move along', async (t) => {
  const rig = new Rig();
  const task = await open(rig, [seeing('repartition', [])], { partitions: PARTITIONS });
  const encoder = new BatchEncoder();
  const key = Buffer.from(one);
  const headers = [{ name: 'from', value: Buffer.from('abroad') }];
  encoder.append(7, key, 0, key.length, key, -1, -1, headers);
  await rig.run(rig.log.commit({ appends: [{ topic: 'from', partition: 0, bytes: encoder.finish() }] }));
  await rig.pass(1_000);
  t.match(await rig.read('from', 1), [{ key: one, value: null, timestamp: 7, headers: [{ name: 'from' }] }]);
  await task.stop();
});

t.test(
  'refuse: a foreign record becomes a letter with a reason of its own, and a resend goes to its partition',
  async (t) => {
    const rig = new Rig();
    const seen: string[] = [];
    const tasks = await openAll(rig, 'refuse', seen);
    await rig.append('from', 0, one, '1');
    await rig.append('from', 1, one, '2');
    await rig.pass(1_000);
    t.same(seen, [`1 ${one} 2`]);
    const [letter] = await rig.read('from.dlq', 0);
    t.match(letter, { key: one, value: '1' });
    const { bytes, start, end } = await rig.reader.fetch('from.dlq', 0, 0, 10_000);
    const cursor = new BatchCursor();
    cursor.reset(bytes, start, end);
    cursor.next();
    t.match(readLetter(cursor), { code: 'PARTITION_WRONG', field: 'key', topic: 'from', partition: 0, offset: 0 });
    const place = { topic: 'from', partition: 0, offset: 0 };
    t.equal(await rig.run(resendLetter(rig.log, rig.reader, place)), true);
    t.equal(await rig.run(resendLetter(rig.log, rig.reader, place)), false);
    await rig.pass(1_000);
    t.same(seen, [`1 ${one} 2`, `1 ${one} 1`]);
    for (const task of tasks) await task.stop();
  },
);

t.test('without a policy nobody looks, and a record without a key is at home anywhere', async (t) => {
  for (const policy of [undefined, 'refuse', 'repartition'] as const) {
    const rig = new Rig();
    const seen: string[] = [];
    const task = await open(rig, [seeing(policy, seen)], { partitions: PARTITIONS });
    await rig.append('from', 0, null, '1');
    if (policy === undefined) await rig.append('from', 0, one, '2');
    await rig.pass(1_000);
    t.same(seen, policy === undefined ? ['0  1', `0 ${one} 2`] : ['0  1'], String(policy));
    await task.stop();
  }
});

t.test('an id that stands for another key after a sweep is looked at again', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.string({ minLength: 1, maxLength: 6 }), { maxLength: 200 }), { maxLength: 6 }),
      (rounds) => {
        const table = new KeyTable(seededRandom(1));
        const outputs = new TaskOutputs();
        const foreign = new ForeignRecords(table, outputs, 0, PARTITIONS);
        const cursor = new BatchCursor();
        for (const round of rounds) {
          for (const text of round) {
            const key = Buffer.from(text);
            const encoder = new BatchEncoder();
            encoder.append(0, key, 0, key.length, key, 0, key.length);
            const bytes = encoder.finish();
            cursor.reset(bytes, 0, bytes.length);
            cursor.next();
            const id = table.intern(key, 0, key.length);
            const source = { topic: 'from', foreignPartitioning: 'repartition' as const, feeds: [] };
            const isForeign = partitionForKey(key, 0, key.length, PARTITIONS) !== 0;
            if (foreign.isAtHome(id) === isForeign) return false;
            if (isForeign) foreign.move(source, id, cursor);
          }
          if (table.sweep() > 0) foreign.forget();
        }
        return true;
      },
    ),
  );
  t.end();
});
