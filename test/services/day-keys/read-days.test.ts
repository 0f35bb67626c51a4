import t from 'tap';
import { BatchEncoder } from '../../../engine/batch/index.ts';
import type { Log } from '../../../engine/log/index.ts';
import { ReadDays } from '../../../services/day-keys/index.ts';
import { memoryLog } from '../memory-log.ts';

const KEY = '2026-11-23';
const OVER = Date.UTC(2026, 10, 24, 0, 1);

function append(log: Log, topic: string, partition: number): Promise<unknown> {
  const encoder = new BatchEncoder();
  encoder.append(OVER, Buffer.of(1), 0, 1, Buffer.of(1), 0, 1);
  return log.commit({ appends: [{ topic, partition, bytes: encoder.finish() }] });
}

function read(log: Log, group: string, topic: string, partition: number, offset: number): Promise<unknown> {
  return log.commit({ offsets: [{ group, topic, partition, offset }] });
}

t.test('a day is read when every group has passed what every partition held at its end', async (t) => {
  const log = await memoryLog(2);
  const days = new ReadDays(log.openReader(), [
    { topic: 'device.frames', partitions: 2, requiredReaders: ['verify', 'other'] },
  ]);
  await append(log, 'device.frames', 0);
  await append(log, 'device.frames', 1);
  await days.update([KEY], OVER - 1);
  t.notOk(days.isRead(KEY), 'the day is not over');
  await days.update([KEY], OVER);
  t.notOk(days.isRead(KEY));
  await append(log, 'device.frames', 0);
  for (const group of ['verify', 'other']) await read(log, group, 'device.frames', 0, 1);
  await read(log, 'verify', 'device.frames', 1, 1);
  await days.update([KEY], OVER);
  t.notOk(days.isRead(KEY), 'one group is behind in one partition');
  await read(log, 'other', 'device.frames', 1, 1);
  await days.update([KEY], OVER);
  t.ok(days.isRead(KEY), 'what came after the end does not count');
  t.notOk(days.isRead('2026-11-24'));
  await days.update([], OVER);
  t.notOk(days.isRead(KEY), 'a destroyed key is forgotten');
  await log.close();
});

t.test('a topic further on is waited for only from when the one before it was read', async (t) => {
  const log = await memoryLog(1);
  await log.createTopics([{ name: 'device.verified', partitions: 1, cleanup: 'delete' }]);
  const days = new ReadDays(log.openReader(), [
    { topic: 'device.frames', partitions: 1, requiredReaders: ['verify'] },
    { topic: 'device.verified', partitions: 1, requiredReaders: ['decode'] },
  ]);
  await append(log, 'device.frames', 0);
  await days.update([KEY], OVER);
  await append(log, 'device.verified', 0);
  await read(log, 'verify', 'device.frames', 0, 1);
  await days.update([KEY], OVER);
  t.notOk(days.isRead(KEY), 'what verify wrote meanwhile is not decoded');
  await read(log, 'decode', 'device.verified', 0, 1);
  await days.update([KEY], OVER);
  t.ok(days.isRead(KEY));
  await log.close();
});

t.test('a clock that is set back into the day takes the ends anew, as more may be sealed with its key', async (t) => {
  const log = await memoryLog(1);
  const days = new ReadDays(log.openReader(), [{ topic: 'device.frames', partitions: 1, requiredReaders: ['verify'] }]);
  await append(log, 'device.frames', 0);
  await read(log, 'verify', 'device.frames', 0, 1);
  await days.update([KEY], OVER);
  t.ok(days.isRead(KEY));
  await days.update([KEY], OVER - 1);
  t.notOk(days.isRead(KEY));
  await append(log, 'device.frames', 0);
  await days.update([KEY], OVER);
  t.notOk(days.isRead(KEY), 'what came in the second part of the day is not read');
  await read(log, 'verify', 'device.frames', 0, 2);
  await days.update([KEY], OVER);
  t.ok(days.isRead(KEY));
  await log.close();
});

t.test('the key of a day that has not begun goes once all of it was read: a clock had run ahead', async (t) => {
  const log = await memoryLog(1);
  const days = new ReadDays(log.openReader(), [{ topic: 'device.frames', partitions: 1, requiredReaders: ['verify'] }]);
  await append(log, 'device.frames', 0);
  const later = '2031-01-01';
  await days.update([later], OVER);
  t.notOk(days.isRead(later));
  await read(log, 'verify', 'device.frames', 0, 1);
  await days.update([later], OVER);
  t.ok(days.isRead(later));
  await log.close();
});
