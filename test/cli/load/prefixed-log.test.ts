import t from 'tap';
import { prefixedLog } from '../../../cli/load/prefixed-log.ts';
import { BatchEncoder } from '../../../engine/index.ts';
import { memoryLog } from '../../services/memory-log.ts';

const TOPIC = { name: 'device.readings', partitions: 1, cleanup: 'delete' } as const;

function batch(text: string): Uint8Array {
  const encoder = new BatchEncoder();
  const bytes = new TextEncoder().encode(text);
  encoder.append(1, bytes, 0, bytes.length, bytes, 0, bytes.length);
  return encoder.finish();
}

t.test('what is written through it lands in topics of its own, and its reader finds it', async (t) => {
  const log = await memoryLog(1);
  const scratch = prefixedLog(log, 'load.');
  await scratch.createTopics([TOPIC]);
  t.same((await log.describe()).map(({ name }) => name).toSorted(), [
    'device.frames',
    'device.registry',
    'load.device.readings',
  ]);
  t.same(
    (await scratch.describe()).map(({ name }) => name),
    ['device.readings'],
  );
  const append = { topic: 'device.readings', partition: 0, bytes: batch('one') };
  const position = { group: 'g', topic: 'device.readings', partition: 0, offset: 1 };
  const { baseOffsets } = await scratch.commit({ appends: [append], offsets: [position] });
  t.same(baseOffsets, [0]);
  const reader = scratch.openReader();
  t.match(await reader.bounds('device.readings', 0), { start: 0, end: 1 });
  t.same(await reader.committed('g', 'device.readings'), [1]);
  t.equal(await reader.wait([{ topic: 'device.readings', partition: 0, offset: 0 }], 0), true);
  const fetched = await reader.fetch('device.readings', 0, 0, 1024);
  t.ok(fetched.end > fetched.start);
  await reader.close();
  const plain = log.openReader();
  await t.rejects(plain.bounds('device.readings', 0), { code: 'TOPIC_UNKNOWN' });
  await plain.close();
  await log.close();
});

t.test('a topic of the operator’s cannot be reached through it', async (t) => {
  const log = await memoryLog(1);
  const scratch = prefixedLog(log, 'load.');
  const appends = [{ topic: 'device.frames', partition: 0, bytes: batch('one') }];
  await t.rejects(scratch.commit({ appends }), { code: 'TOPIC_UNKNOWN' });
  t.same(await scratch.describe(['device.frames']), []);
  await log.close();
});
