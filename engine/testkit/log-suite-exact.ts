/** The parts of the log suite that exactly-once and compacted state rest on. */
import type { Ownership, Transaction } from '../log/index.ts';
import {
  batchesOf,
  caseOf,
  eventually,
  type KeyValue,
  type LogUnderTest,
  numbered,
  type OpenLog,
  readAll,
  readCount,
  type SuiteTest,
  topicOf,
} from './log-suite-kit.ts';

export function transactionCases(t: SuiteTest, open: OpenLog): void {
  caseOf(t, 'appends, offsets and truncations of a transaction happen together', open, async (t, subject) => {
    const { log } = subject;
    const [inputs, outputs] = [topicOf(1), topicOf(2)];
    await log.createTopics([inputs, outputs]);
    const reader = log.openReader();
    await log.commit({
      appends: [0, 10].map((first) => ({ topic: inputs.name, partition: 0, bytes: batchesOf(numbered(first, 10)) })),
    });
    const { baseOffsets } = await log.commit({
      appends: [
        { topic: outputs.name, partition: 0, bytes: batchesOf(numbered(0, 3)) },
        { topic: outputs.name, partition: 1, bytes: batchesOf(numbered(0, 4)) },
        { topic: outputs.name, partition: 0, bytes: batchesOf(numbered(3, 5)) },
      ],
      offsets: [{ group: 'task', topic: inputs.name, partition: 0, offset: 10 }],
      truncations: [{ topic: inputs.name, partition: 0, before: 10 }],
    });
    t.same(baseOffsets, [0, 0, 3]);
    const values = async (partition: number, count: number) =>
      (await readCount(reader, outputs.name, partition, count)).map(({ offset, value }) => [offset, value]);
    t.same(
      await values(0, 8),
      [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [i, `${i}`]),
    );
    t.same(
      await values(1, 4),
      [0, 1, 2, 3].map((i) => [i, `${i}`]),
    );
    t.same(await reader.committed('task', inputs.name), [10]);
    // Kafka deletes records in no transaction, so they go behind it.
    const isCut = async () => (await reader.bounds(inputs.name, 0)).start === 10;
    await eventually(subject, 'what was truncated goes', isCut);
    t.equal((await readCount(reader, inputs.name, 0, 10)).length, 10);
    await t.rejects(reader.fetch(inputs.name, 0, 9, 1_000), { code: 'OFFSET_OUT_OF_RANGE' });
    await reader.close();
  });

  caseOf(t, 'nothing of a transaction happens when a part of it is refused', open, async (t, { log }) => {
    const topic = topicOf(2);
    await log.createTopics([topic]);
    const reader = log.openReader();
    const good = () => ({ topic: topic.name, partition: 0, bytes: batchesOf(numbered(0, 3)) });
    const offsets = [{ group: 'task', topic: topic.name, partition: 0, offset: 3 }];
    const torn = batchesOf(numbered(0, 3)).slice(0, -1);
    const foreign = Uint8Array.from({ length: 100 }, (_, i) => i);
    const refused: [string, Transaction][] = [
      ['TOPIC_UNKNOWN', { appends: [good(), { ...good(), partition: 9 }], offsets }],
      ['BATCH_CORRUPT', { appends: [good(), { ...good(), bytes: torn }], offsets }],
      ['BATCH_CORRUPT', { appends: [good(), { ...good(), bytes: foreign }], offsets }],
      ['BATCH_CORRUPT', { appends: [good(), { ...good(), bytes: new Uint8Array(0) }], offsets }],
      ['OFFSET_OUT_OF_RANGE', { appends: [good()], offsets: [{ ...offsets[0]!, offset: -1 }] }],
      ['TOPIC_UNKNOWN', { appends: [good()], truncations: [{ topic: 'suite-none', partition: 0, before: 1 }] }],
    ];
    for (const [code, transaction] of refused) await t.rejects(log.commit(transaction), { code });
    t.same(await reader.bounds(topic.name, 0), { start: 0, end: 0 });
    t.same(await reader.committed('task', topic.name), [null, null]);
    t.same((await log.commit({ appends: [good()] })).baseOffsets, [0], 'and the log goes on');
    await reader.close();
  });

  caseOf(t, 'a truncation keeps the batch that holds its offset', open, async (t, { log }) => {
    const topic = topicOf(1);
    await log.createTopics([topic]);
    const reader = log.openReader();
    for (let i = 0; i < 100; i += 10) {
      await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(i, 10)) }] });
    }
    const truncate = (before: number) => log.commit({ truncations: [{ topic: topic.name, partition: 0, before }] });
    await truncate(35);
    // The first batch may stay as a whole, or its first records be passed over.
    const { start, end } = await reader.bounds(topic.name, 0);
    t.ok(start >= 30 && start <= 35 && end === 100, `${start}..${end}`);
    t.equal((await readAll(reader, topic.name, 0))[0]?.offset, start);
    await truncate(20);
    t.same(await reader.bounds(topic.name, 0), { start, end: 100 }, 'what is gone stays gone');
    await truncate(1_000);
    t.same(await reader.bounds(topic.name, 0), { start: 100, end: 100 }, 'all of it, no more');
    t.same(await readAll(reader, topic.name, 0), []);
    await reader.close();
  });

  caseOf(t, 'what a truncation leaves is freed, and survives a restart', open, async (t, subject) => {
    const { log, reopen } = subject;
    const topic = topicOf(1);
    await log.createTopics([topic]);
    for (let i = 0; i < 2_000; i += 10) {
      await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(i, 10, 100)) }] });
    }
    await log.commit({ truncations: [{ topic: topic.name, partition: 0, before: 1_500 }] });
    for (let i = 0; i < 5; i++) await subject.maintain();
    const again = (await reopen?.()) ?? log;
    const reader = again.openReader();
    t.same(await reader.bounds(topic.name, 0), { start: 1_500, end: 2_000 });
    t.equal((await readAll(reader, topic.name, 0)).length, 500);
    await reader.close();
  });
}

export function fencingCases(t: SuiteTest, open: OpenLog): void {
  const appendBy = (topic: string, ownership: Ownership, first: number): Transaction => ({
    ownership,
    appends: [{ topic, partition: 0, bytes: batchesOf(numbered(first, 1)) }],
  });

  caseOf(t, 'a newer owner fences every earlier one, also what still waits', open, async (t, { log }) => {
    const topic = topicOf(1);
    await log.createTopics([topic]);
    const old = await log.acquire('task-0');
    await log.commit(appendBy(topic.name, old, 0));
    // Handed in, but not one of them is durable when the newer owner comes.
    const late = [1, 2, 3].map((first) => log.commit(appendBy(topic.name, old, first)));
    const settled = Promise.allSettled(late);
    const taking = log.acquire('task-0');
    const zombie = log.commit(appendBy(topic.name, old, 4));
    await t.rejects(zombie, { code: 'FENCED' });
    const owner = await taking;
    t.ok(owner.epoch > old.epoch);
    const reader = log.openReader();
    const before = (await readAll(reader, topic.name, 0)).length;
    const outcomes = (await settled).map(({ status }) => status);
    const kept = outcomes.filter((status) => status === 'fulfilled').length;
    t.equal(before, 1 + kept, 'who has acquired sees all that will ever be of the older owner');
    await t.rejects(log.commit(appendBy(topic.name, old, 5)), { code: 'FENCED' });
    await log.commit(appendBy(topic.name, owner, 6));
    t.equal((await readCount(reader, topic.name, 0, before + 1)).length, before + 1);
    await reader.close();
  });

  caseOf(t, 'owners of other names and transactions without one are not touched', open, async (t, { log }) => {
    const topic = topicOf(1);
    await log.createTopics([topic]);
    const first = await log.acquire('task-1');
    await log.acquire('task-2');
    await log.commit(appendBy(topic.name, first, 0));
    await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(1, 1)) }] });
    await t.rejects(log.commit(appendBy(topic.name, { owner: 'task-never', epoch: 1 }, 2)), { code: 'FENCED' });
  });

  caseOf(t, 'after one transaction of an ownership failed, all later ones fail', open, async (t, { log }) => {
    const topic = topicOf(1);
    await log.createTopics([topic]);
    const owner = await log.acquire('task-3');
    const first = log.commit(appendBy(topic.name, owner, 0));
    const wrong = log.commit({
      ...appendBy(topic.name, owner, 1),
      offsets: [{ group: 'g', topic: 'suite-none', partition: 0, offset: 0 }],
    });
    const behind = log.commit(appendBy(topic.name, owner, 2));
    const outcomes = await Promise.allSettled([first, wrong, behind]);
    t.match(outcomes[1], { status: 'rejected', reason: { code: 'TOPIC_UNKNOWN' } });
    t.match(outcomes[2], { status: 'rejected', reason: { code: 'FENCED' } });
    const again = await log.acquire('task-3');
    await log.commit(appendBy(topic.name, again, 3));
    const reader = log.openReader();
    const expected = outcomes[0]!.status === 'fulfilled' ? ['0', '3'] : ['3'];
    const values = (await readCount(reader, topic.name, 0, expected.length)).map(({ value }) => value);
    t.same(values, expected);
    await reader.close();
  });

  caseOf(t, 'epochs are not given out again after a restart', open, async (t, { log, reopen }) => {
    if (reopen === undefined) return t.comment('the driver has no data of its own to open again');
    await log.acquire('task-4');
    const { epoch } = await log.acquire('task-4');
    const again = await reopen();
    t.ok((await again.acquire('task-4')).epoch > epoch);
  });
}

/** One batch an append where segments are large, so that none is a transaction of its own. */
const LARGE_BATCH = 1_000_000;

export function compactionCases(t: SuiteTest, open: OpenLog): void {
  const fill = async (
    { log, segmentBytesMin }: LogUnderTest,
    topic: string,
    rounds: number,
  ): Promise<Map<string, string>> => {
    const expected = new Map<string, string>();
    const [valueBytes, batchBytes] =
      segmentBytesMin === undefined ? [200, 2_000] : [segmentBytesMin / 100, LARGE_BATCH];
    for (let round = 0; round < rounds; round++) {
      const records = Array.from(
        { length: 20 },
        (_, i): KeyValue => [`key-${(round * 7 + i) % 50}`, `${round}-${i}`.padEnd(valueBytes)],
      );
      for (const [key, value] of records) expected.set(key!, value!);
      await log.commit({ appends: [{ topic, partition: 0, bytes: batchesOf(records, batchBytes) }] });
    }
    return expected;
  };

  caseOf(t, 'the newest record of each key stays, at its offset, and older ones go', open, async (t, subject) => {
    const topic = topicOf(1, { cleanup: 'compact', segmentBytes: 20_000 });
    await subject.log.createTopics([topic]);
    const expected = await fill(subject, topic.name, 60);
    const reader = subject.log.openReader();
    const read = () => readAll(reader, topic.name, 0, 0);
    const before = await read();
    // Where the driver's own time cannot be held, some may be gone already.
    if (subject.segmentBytesMin === undefined) t.equal(before.length, 1_200);
    await eventually(subject, 'older records go', async () => (await read()).length < 300);
    const after = await read();
    const offsets = new Set(after.map(({ offset }) => offset));
    t.equal(offsets.size, after.length, 'no record twice');
    t.same(
      after,
      before.filter(({ offset }) => offsets.has(offset)),
      'what stays is unchanged, at its offset and in its order',
    );
    t.same(new Map(after.map(({ key, value }) => [key, value])), expected, 'and tells the same last values');
    t.equal((await reader.bounds(topic.name, 0)).end, 1_200);
    // Compaction may go on meanwhile.
    await eventually(subject, 'reading from within a gap goes on behind it', async () => {
      const whole = await read();
      const from = await readAll(reader, topic.name, 0, 601);
      const expected = whole.filter(({ offset }) => offset >= 601);
      return expected.length > 0 && JSON.stringify(from) === JSON.stringify(expected);
    });
    await reader.close();
  });

  caseOf(t, 'compaction survives a restart, and goes on', open, async (t, subject) => {
    const topic = topicOf(1, { cleanup: 'compact', segmentBytes: 20_000 });
    await subject.log.createTopics([topic]);
    await fill(subject, topic.name, 30);
    for (let i = 0; i < 3; i++) await subject.maintain();
    const log = (await subject.reopen?.()) ?? subject.log;
    const expected = await fill({ ...subject, log }, topic.name, 30);
    const reader = log.openReader();
    await eventually(
      { ...subject, log },
      'older records go',
      async () => (await readAll(reader, topic.name, 0, 0)).length < 300,
    );
    const last = new Map((await readAll(reader, topic.name, 0, 0)).map(({ key, value }) => [key, value]));
    t.same(last, expected);
    await reader.close();
  });

  caseOf(
    t,
    'a tombstone ends its key, and is forgotten after its time',
    open,
    async (t, subject) => {
      const { log, advance, needsKeys = false, segmentBytesMin = 4_000 } = subject;
      const topic = topicOf(1, { cleanup: 'compact', segmentBytes: 4_000 });
      await log.createTopics([topic]);
      const append = (...records: KeyValue[]) =>
        log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(records, LARGE_BATCH) }] });
      const fillerBytes = segmentBytesMin * 0.7;
      await append(['gone', 'x'.padEnd(segmentBytesMin / 2)], ['stays', '1']);
      if (!needsKeys) await append([null, 'no key']);
      await append(['gone', null]);
      await append(['filler', 'y'.padEnd(fillerBytes)]);
      await append(['filler', 'z'.padEnd(fillerBytes)]);
      const reader = log.openReader();
      const keys = async () => (await readAll(reader, topic.name, 0, 0)).map(({ key }) => key);
      await eventually(
        subject,
        'the older value goes',
        async () => (await keys()).filter((key) => key === 'gone').length === 1,
      );
      if (!needsKeys) t.ok((await keys()).includes(null), 'a record without a key is left alone');
      t.ok((await keys()).includes('stays'));
      if (advance === undefined) return;
      await advance(120_000);
      await append(['filler', 'y'.padEnd(fillerBytes)]);
      await append(['filler', 'z'.padEnd(fillerBytes)]);
      await eventually(subject, 'the tombstone goes', async () => !(await keys()).includes('gone'));
      t.ok((await keys()).includes('stays'));
      await reader.close();
    },
    { tombstoneMs: 60_000 },
  );
}

export function quotaCases(t: SuiteTest, open: OpenLog): void {
  const quotaBytes = 1024 * 1024;

  caseOf(
    t,
    'what comes from outside is refused first, and accepted again when its readers have caught up',
    open,
    async (t, subject) => {
      const { log } = subject;
      const topic = topicOf(1, { segmentBytes: 64 * 1024, requiredReaders: ['reader'] });
      const outputs = topicOf(1);
      await log.createTopics([topic, outputs]);
      const append = (name: string, admission: 'refusable' | 'internal') =>
        log.commit({ appends: [{ topic: name, partition: 0, bytes: batchesOf(numbered(0, 10, 1_000)) }], admission });
      const fill = async (name: string, admission: 'refusable' | 'internal') => {
        for (let i = 0; i < 200; i++) {
          const outcome = await append(name, admission).then(
            () => 'kept',
            (error: unknown) => (error as { code: string }).code,
          );
          if (outcome !== 'kept') return [i, outcome];
        }
        return [200, 'kept'];
      };
      const [taken, reason] = await fill(topic.name, 'refusable');
      t.equal(reason, 'QUOTA_EXCEEDED');
      t.ok(Number(taken) > 50, `${taken} appends were taken`);
      await append(outputs.name, 'internal');
      const [more, limit] = await fill(outputs.name, 'internal');
      t.equal(limit, 'QUOTA_EXCEEDED', 'the higher mark is a mark too');
      t.ok(Number(more) >= 1, 'but what the engine itself writes goes on for a while');
      for (let i = 0; i < 5; i++) await subject.maintain();
      const reader = log.openReader();
      t.equal((await reader.bounds(topic.name, 0)).start, 0, 'nothing unread is dropped');
      const { end } = await reader.bounds(topic.name, 0);
      await log.commit({ offsets: [{ group: 'reader', topic: topic.name, partition: 0, offset: end }] });
      await eventually(subject, 'outside is accepted again', () =>
        append(topic.name, 'refusable').then(
          () => true,
          () => false,
        ),
      );
      t.ok((await reader.bounds(topic.name, 0)).start > 0);
      await reader.close();
    },
    { quotaBytes },
  );

  caseOf(
    t,
    'what has been read makes room also where segments are as large as the quota',
    open,
    async (t, subject) => {
      const { log } = subject;
      const topic = topicOf(4, { requiredReaders: ['reader'] });
      await log.createTopics([topic]);
      for (let i = 0; i < 400; i++) {
        const at = { topic: topic.name, partition: i % 4 };
        const append = () =>
          log
            .commit({ appends: [{ ...at, bytes: batchesOf(numbered(0, 10, 1_000)) }], admission: 'refusable' })
            .then(({ baseOffsets }) => baseOffsets[0] ?? null)
            .catch(() => null);
        let base = await append();
        // Each refusal asks for room, which maintenance makes.
        for (let tries = 0; base === null && tries < 50; tries++) {
          await subject.maintain();
          base = await append();
        }
        if (base === null) return t.fail(`append ${i} of what fits ten times over is refused for good`);
        await log.commit({ offsets: [{ ...at, group: 'reader', offset: base + 10 }] });
      }
      t.pass();
    },
    { quotaBytes },
  );

  caseOf(
    t,
    'retention never passes a record that a required reader has not read',
    open,
    async (t, subject) => {
      const { log } = subject;
      const topic = topicOf(1, {
        segmentBytes: 16 * 1024,
        retentionBytes: 32 * 1024,
        requiredReaders: ['slow', 'fast'],
      });
      await log.createTopics([topic]);
      const reader = log.openReader();
      for (let i = 0; i < 200; i += 10) {
        await log.commit({ appends: [{ topic: topic.name, partition: 0, bytes: batchesOf(numbered(i, 10, 1_000)) }] });
      }
      const commit = (group: string, offset: number) =>
        log.commit({ offsets: [{ group, topic: topic.name, partition: 0, offset }] });
      await commit('fast', 200);
      for (let i = 0; i < 5; i++) await subject.maintain();
      t.equal((await reader.bounds(topic.name, 0)).start, 0);
      await commit('slow', 95);
      await eventually(subject, 'read segments go', async () => (await reader.bounds(topic.name, 0)).start > 0);
      for (let i = 0; i < 5; i++) await subject.maintain();
      t.ok((await reader.bounds(topic.name, 0)).start <= 95);
      t.equal((await readAll(reader, topic.name, 0, 95))[0]?.offset, 95);
      await reader.close();
    },
    { quotaBytes },
  );
}
