/**
 * The conformance suite of the log port. A driver registers itself with the parts that it implements; what it leaves
 * out is printed, so that nothing is left out silently.
 */
import { partitionForKey } from '../batch/index.ts';
import { compactionCases, fencingCases, quotaCases, transactionCases } from './log-suite-exact.ts';
import type { Cases, LogPart, OpenLog, SuiteTest } from './log-suite-kit.ts';
import { batchesOf, bytesOf, caseOf, eventually, numbered, readAll, readCount, topicOf } from './log-suite-kit.ts';

export type { LogPart, LogSettings, LogUnderTest, OpenLog, SuiteTest } from './log-suite-kit.ts';

const PARTS: Readonly<Record<LogPart, Cases>> = {
  order: orderCases,
  replay: replayCases,
  retention: retentionCases,
  partitioner: partitionerCases,
  transactions: transactionCases,
  fencing: fencingCases,
  compaction: compactionCases,
  quota: quotaCases,
};

export const ALL_LOG_PARTS = Object.keys(PARTS) as readonly LogPart[];

/** Runs the parts against logs that `open` makes, one for each case. */
export function logSuite(
  t: SuiteTest,
  name: string,
  open: OpenLog,
  parts: readonly LogPart[] = ALL_LOG_PARTS,
): unknown {
  return t.test(`the log suite holds for ${name}`, async (t) => {
    const missing = ALL_LOG_PARTS.filter((part) => !parts.includes(part));
    if (missing.length > 0) t.comment(`${name} does not implement: ${missing.join(', ')}`);
    for (const part of parts) void t.test(part, async (t) => PARTS[part](t, open));
  });
}

function orderCases(t: SuiteTest, open: OpenLog): void {
  caseOf(t, 'offsets follow the order of the commits, partition by partition', open, async (t, { log }) => {
    const topic = topicOf(2);
    await log.createTopics([topic]);
    const append = (partition: number, first: number, count: number) =>
      log.commit({ appends: [{ topic: topic.name, partition, bytes: batchesOf(numbered(first, count)) }] });
    t.same((await append(0, 0, 3)).baseOffsets, [0]);
    t.same((await append(0, 3, 2)).baseOffsets, [3]);
    t.same((await append(1, 5, 4)).baseOffsets, [0]);
    const reader = log.openReader();
    const values = async (partition: number) =>
      (await readAll(reader, topic.name, partition)).map(({ offset, value }) => [offset, value]);
    t.same(
      await values(0),
      [0, 1, 2, 3, 4].map((i) => [i, `${i}`]),
    );
    t.same(
      await values(1),
      [0, 1, 2, 3].map((i) => [i, `${i + 5}`]),
    );
    t.same(await reader.bounds(topic.name, 0), { start: 0, end: 5 });
    await reader.close();
  });

  caseOf(t, 'commits that are not awaited land in the order of their calls', open, async (t, { log }) => {
    const topic = topicOf(1);
    await log.createTopics([topic]);
    const commits = Array.from({ length: 200 }, (_, i) =>
      log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(i * 2, 2)) }] }),
    );
    const offsets = (await Promise.all(commits)).map(({ baseOffsets }) => baseOffsets[0]);
    t.same(
      offsets,
      offsets.map((_, i) => i * 2),
    );
    const reader = log.openReader();
    const values = (await readAll(reader, topic.name, 0)).map(({ value }) => Number(value));
    t.same(
      values,
      values.map((_, i) => i),
    );
    t.equal(values.length, 400);
    await reader.close();
  });

  caseOf(t, 'several batches in one append take consecutive offsets', open, async (t, { log }) => {
    const topic = topicOf(1);
    await log.createTopics([topic]);
    const bytes = batchesOf(numbered(0, 50, 100), 1_000);
    t.same((await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes }] })).baseOffsets, [0]);
    const reader = log.openReader();
    const records = await readCount(reader, topic.name, 0, 50, 2_000);
    t.same(
      records.map(({ offset, value }) => [offset, Number.parseInt(value!, 10)]),
      records.map((_, i) => [i, i]),
    );
    t.equal(records.length, 50);
    await reader.close();
  });

  caseOf(t, 'a reader that waits is woken by a commit, and not before', open, async (t, { log }) => {
    const topic = topicOf(2);
    await log.createTopics([topic]);
    const reader = log.openReader();
    const at = (partition: number, offset: number) => [{ topic: topic.name, partition, offset }];
    const waiting = reader.wait([...at(0, 0), ...at(1, 0)], 60_000);
    await log.commit({ appends: [{ topic: topic.name, partition: 1, bytes: batchesOf(numbered(0, 1)) }] });
    t.equal(await waiting, true, 'woken');
    t.equal(await reader.wait(at(1, 0), 60_000), true, 'at once where there is something');
    const never = reader.wait([...at(0, 0), ...at(1, 1)], 60_000);
    await reader.close();
    t.equal(await never, false, 'closing ends it');
  });

  caseOf(t, 'unknown topics, partitions and offsets are named', open, async (t, { log }) => {
    const topic = topicOf(1);
    await log.createTopics([topic]);
    const reader = log.openReader();
    const bytes = () => batchesOf(numbered(0, 1));
    const append = (name: string, partition: number) =>
      log.commit({ appends: [{ topic: name, partition, bytes: bytes() }] });
    await t.rejects(append('suite-none', 0), { code: 'TOPIC_UNKNOWN' });
    await t.rejects(append(topic.name, 1), { code: 'TOPIC_UNKNOWN' });
    await t.rejects(reader.fetch('suite-none', 0, 0, 1_000), { code: 'TOPIC_UNKNOWN' });
    await t.rejects(reader.bounds(topic.name, 7), { code: 'TOPIC_UNKNOWN' });
    await append(topic.name, 0);
    await t.rejects(reader.fetch(topic.name, 0, 2, 1_000), { code: 'OFFSET_OUT_OF_RANGE' });
    const { start, end, bounds } = await reader.fetch(topic.name, 0, 1, 1_000);
    t.same([start === end, bounds], [true, { start: 0, end: 1 }], 'at the end there is nothing yet');
    await reader.close();
  });

  caseOf(t, 'a topic is made once, and a conflict says which field', open, async (t, { log }) => {
    const topic = topicOf(3);
    await log.createTopics([topic, topicOf(1)]);
    await log.createTopics([topic]);
    await t.rejects(log.createTopics([{ ...topic, partitions: 4 }]), { code: 'TOPIC_CONFLICT', field: 'partitions' });
    await t.rejects(log.createTopics([{ ...topic, cleanup: 'compact' }]), { code: 'TOPIC_CONFLICT', field: 'cleanup' });
    await t.rejects(log.createTopics([topicOf(1, { name: 'no spaces' })]), { code: 'CONFIG_INVALID' });
    const described = (await log.describe()).find(({ name }) => name === topic.name);
    t.match(described, { partitions: 3, cleanup: 'delete' });
    t.equal(described?.bounds.length, 3);
    const asked = await log.describe(['suite-none', topic.name]);
    t.same(asked, [described], 'those that are named, without what does not exist');
    t.same(await log.describe([]), []);
  });

  caseOf(t, 'a topic that is made later is visible to a reader that is open', open, async (t, { log }) => {
    const reader = log.openReader();
    const topic = topicOf(1);
    await t.rejects(reader.bounds(topic.name, 0), { code: 'TOPIC_UNKNOWN' });
    await log.createTopics([topic]);
    t.same(await reader.bounds(topic.name, 0), { start: 0, end: 0 });
    await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(0, 2)) }] });
    t.equal((await readAll(reader, topic.name, 0)).length, 2);
    await reader.close();
  });
}

function replayCases(t: SuiteTest, open: OpenLog): void {
  caseOf(t, 'a partition is read again from any offset, with any size of fetch', open, async (t, { log }) => {
    const topic = topicOf(1);
    await log.createTopics([topic]);
    for (let i = 0; i < 60; i += 5) {
      await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(i, 5, 50)) }] });
    }
    const reader = log.openReader();
    for (const bytesMax of [1, 500, 100_000]) {
      for (const from of [0, 1, 4, 5, 33, 59]) {
        const offsets = (await readAll(reader, topic.name, 0, from, bytesMax)).map(({ offset }) => offset);
        t.same(
          offsets,
          Array.from({ length: 60 - from }, (_, i) => from + i),
          `from ${from} by ${bytesMax}`,
        );
      }
    }
    await reader.close();
  });

  caseOf(t, "a group's offsets are its own, and null before the first", open, async (t, { log }) => {
    const topic = topicOf(2);
    await log.createTopics([topic]);
    const reader = log.openReader();
    t.same(await reader.committed('suite-a', topic.name), [null, null]);
    await log.commit({ appends: [{ topic: topic.name, partition: 1, bytes: batchesOf(numbered(0, 10)) }] });
    await log.commit({ offsets: [{ group: 'suite-a', topic: topic.name, partition: 1, offset: 7 }] });
    t.same(await reader.committed('suite-a', topic.name), [null, 7]);
    t.same(await reader.committed('suite-b', topic.name), [null, null]);
    await reader.close();
  });

  caseOf(t, 'a backlog is what lies behind the committed offset of each group', open, async (t, { log }) => {
    const topic = topicOf(3);
    await log.createTopics([topic]);
    for (const [partition, records] of [10, 5].entries())
      await log.commit({ appends: [{ topic: topic.name, partition, bytes: batchesOf(numbered(0, records)) }] });
    await log.commit({ offsets: [{ group: 'suite-a', topic: topic.name, partition: 0, offset: 7 }] });
    await log.commit({ offsets: [{ group: 'suite-a', topic: topic.name, partition: 1, offset: 5 }] });
    const places = (group: string) => [2, 0, 1].map((partition) => ({ group, topic: topic.name, partition }));
    t.same(await log.backlog?.([...places('suite-a'), ...places('suite-b')]), [0, 3, 0, 0, 10, 5]);
    t.same(await log.backlog?.([]), []);
  });

  caseOf(t, 'all of it is there after the log was closed and opened again', open, async (t, subject) => {
    const { log, reopen } = subject;
    if (reopen === undefined) return t.comment('the driver has no data of its own to open again');
    const topic = topicOf(1);
    await log.createTopics([topic]);
    await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(0, 10)) }] });
    await log.commit({ offsets: [{ group: 'suite', topic: topic.name, partition: 0, offset: 4 }] });
    const again = await reopen();
    const reader = again.openReader();
    t.equal((await readAll(reader, topic.name, 0)).length, 10);
    t.same(await reader.committed('suite', topic.name), [4]);
    const { baseOffsets } = await again.commit({
      appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(10, 1)) }],
    });
    t.same(baseOffsets, [10], 'numbering goes on');
    await reader.close();
  });
}

function retentionCases(t: SuiteTest, open: OpenLog): void {
  caseOf(t, 'whole segments leave by size, oldest first', open, async (t, subject) => {
    const { log } = subject;
    const topic = topicOf(1, { segmentBytes: 32 * 1024, retentionBytes: 128 * 1024 });
    await log.createTopics([topic]);
    const reader = log.openReader();
    let appended = 0;
    await eventually(subject, 'the start moves', async () => {
      const bytes = batchesOf(numbered(appended, 10, 1_000));
      appended += 10;
      await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes }] });
      return (await reader.bounds(topic.name, 0)).start > 0;
    });
    const { start, end } = await reader.bounds(topic.name, 0);
    t.equal(end, appended);
    const records = await readAll(reader, topic.name, 0);
    t.equal(records[0]?.offset, start, 'the first that is left can be read');
    t.equal(records.length, end - start);
    await t.rejects(reader.fetch(topic.name, 0, start - 1, 1_000), { code: 'OFFSET_OUT_OF_RANGE' });
    await reader.close();
  });

  caseOf(t, 'whole segments leave by age', open, async (t, subject) => {
    const { log, advance } = subject;
    if (advance === undefined) return t.comment("the driver's time cannot be moved");
    const topic = topicOf(1, { retentionMs: 3_600_000 });
    await log.createTopics([topic]);
    const reader = log.openReader();
    await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(0, 10)) }] });
    await advance(2_400_000);
    await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(10, 10)) }] });
    for (let i = 0; i < 10; i++) await subject.maintain();
    t.same(await reader.bounds(topic.name, 0), { start: 0, end: 20 }, 'young enough');
    await advance(2_400_000);
    await eventually(subject, 'the old segment goes', async () => (await reader.bounds(topic.name, 0)).start === 10);
    await advance(3_600_000);
    await eventually(subject, 'the last goes too', async () => (await reader.bounds(topic.name, 0)).start === 20);
    t.equal((await reader.fetch(topic.name, 0, 20, 1_000)).end, 0);
    const { baseOffsets } = await log.commit({
      appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(20, 1)) }],
    });
    t.same(baseOffsets, [20], 'offsets are never given out again');
    await reader.close();
  });
}

function partitionerCases(t: SuiteTest, open: OpenLog): void {
  caseOf(t, "a key's partition is the one that Kafka's own clients choose", open, async (t, { partitionOf }) => {
    // From org.apache.kafka.common.utils.UtilsTest, testMurmur2: toPositive(murmur2(key)) % 100.
    const known: [string, number][] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
      ['abc', 479470107],
    ];
    for (const [key, murmur] of known) {
      const bytes = bytesOf(key);
      t.equal(partitionForKey(bytes, 0, bytes.length, 100), (murmur & 0x7fffffff) % 100, key);
    }
    if (partitionOf === undefined) return;
    for (let i = 0; i < 50; i++) {
      const bytes = bytesOf(`device-${i}`);
      t.equal(await partitionOf(bytes, 12), partitionForKey(bytes, 0, bytes.length, 12), `device-${i}`);
    }
  });
}
