import { Kafka, logLevel } from 'kafkajs';
import t from 'tap';
import { systemClock } from '../../../../engine/base/index.ts';
import { BatchEncoder } from '../../../../engine/batch/index.ts';
import { kafkaReaders, openKafkaLog } from '../../../../engine/log/kafka/index.ts';
import type { Log, TopicConfig } from '../../../../engine/log/port.ts';
import { type KafkaServer, RESTARTED, startKafka } from '../../../support/kafka-server.ts';
import { needs } from '../../../support/needs.ts';
import { batches, readAll, readCount, values } from './texts.ts';

if (needs(t, 'java', 'mvn')) await main();

async function main(): Promise<void> {
  const server: KafkaServer = await startKafka(RESTARTED);
  const log: Log = openKafkaLog({ bootstrap: [server.bootstrap] });
  const reader = log.openReader();
  t.teardown(async () => {
    await log.close();
    await server.stop();
  });

  const topic = async (name: string, more: Partial<TopicConfig> = {}) => {
    await log.createTopics([{ name, partitions: 1, cleanup: 'delete', ...more }]);
    return name;
  };
  const append = (name: string, bytes: Uint8Array, partition = 0) =>
    log.commit({ appends: [{ topic: name, partition, bytes }] });

  t.test('what is committed is read back in its order, and each commit says where it begins', async (t) => {
    const name = await topic('order');
    t.same(await append(name, batches(['a', 'b'])), { baseOffsets: [0] });
    const several = Array.from({ length: 300 }, (_, i) => `value number ${i}`);
    t.same(await append(name, batches(several, 'none', 500)), { baseOffsets: [2] }, 'many batches in one append');
    const commits = Array.from({ length: 50 }, (_, i) => append(name, batches([`c${i}`])));
    const offsets = (await Promise.all(commits)).map((commit) => commit.baseOffsets[0]!);
    t.same(
      offsets,
      offsets.toSorted((a, b) => a - b),
      'commits follow one another in the order of the calls',
    );
    const read = await readCount(reader, name, 352);
    t.same(values(read), ['a', 'b', ...several, ...commits.map((_, i) => `c${i}`)]);
    t.same(
      read.slice(302).map(({ offset }) => offset),
      offsets,
    );
    t.same(values(await readAll(reader, name, 0, offsets[48])), ['c48', 'c49'], 'from any offset, also within a batch');
    // Several batches in one append are a transaction, and its marker takes an offset.
    const atEnd = await reader.fetch(name, 0, 353, 1000);
    t.equal(atEnd.start, atEnd.end, 'nothing yet at the end');
    t.same(atEnd.bounds, { start: 0, end: 353 });
  });

  t.test('one commit may write to several partitions', async (t) => {
    const name = await topic('several', { partitions: 3 });
    const appends = [2, 0, 2].map((partition, i) => ({ topic: name, partition, bytes: batches([`${i}`, `${i}+`]) }));
    t.same(await log.commit({ appends }), { baseOffsets: [0, 0, 2] });
    t.same(values(await readCount(reader, name, 4, 2)), ['0', '0+', '2', '2+']);
    t.same(values(await readCount(reader, name, 2, 0)), ['1', '1+']);
  });

  t.test('offsets of a group are stored with the commit, and kafkajs finds them', async (t) => {
    const name = await topic('offsets', { partitions: 3 });
    t.same(await reader.committed('group-a', name), [null, null, null]);
    await log.commit({
      appends: [{ topic: name, partition: 0, bytes: batches(['out']) }],
      offsets: [
        { group: 'group-a', topic: name, partition: 1, offset: 42 },
        { group: 'group-b', topic: name, partition: 2, offset: 7 },
      ],
    });
    t.same(await reader.committed('group-a', name), [null, 42, null]);
    t.same(await reader.committed('group-b', name), [null, null, 7]);
    const admin = new Kafka({ brokers: [server.bootstrap], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const [seen] = await admin.fetchOffsets({ groupId: 'group-a', topics: [name] });
    await admin.disconnect();
    t.equal(seen?.partitions.find(({ partition }) => partition === 1)?.offset, '42');
  });

  t.test('what does not exist is refused by its code', async (t) => {
    const name = await topic('exists');
    await append(name, batches(['only']));
    await t.rejects(reader.fetch('absent', 0, 0, 1000), { code: 'TOPIC_UNKNOWN' });
    await t.rejects(reader.bounds(name, 1), { code: 'TOPIC_UNKNOWN' });
    await t.rejects(reader.committed('group', 'absent'), { code: 'TOPIC_UNKNOWN' });
    await t.rejects(append('absent', batches(['x'])), { code: 'TOPIC_UNKNOWN' });
    await t.rejects(append(name, batches(['x']), 5), { code: 'TOPIC_UNKNOWN' });
    await t.rejects(reader.fetch(name, 0, 2, 1000), { code: 'OFFSET_OUT_OF_RANGE' });
    await t.rejects(append(name, oversized()), {
      code: 'BATCH_TOO_LARGE',
    });
    const broken = batches(['x']);
    broken[65]! ^= 1;
    await t.rejects(append(name, broken), { code: 'BATCH_CORRUPT' });
  });

  t.test('a truncated start is out of range, and the bounds say so', async (t) => {
    const name = await topic('truncated');
    for (const value of ['a', 'b', 'c']) await append(name, batches([value]));
    await log.commit({ truncations: [{ topic: name, partition: 0, before: 2 }] });
    t.same(await reader.bounds(name, 0), { start: 2, end: 3 });
    await t.rejects(reader.fetch(name, 0, 1, 1000), { code: 'OFFSET_OUT_OF_RANGE' });
    t.same(values(await readAll(reader, name)), ['c']);
    const lenient = kafkaReaders({ bootstrap: [server.bootstrap], outOfRange: 'earliest' }, systemClock)();
    t.same(values(await readAll(lenient, name, 0, 0)), ['c'], 'by policy the reader goes on at the start');
    await lenient.close();
  });

  t.test('a compacted topic takes a truncation as the permission it is', async (t) => {
    const name = await topic('compacted', { cleanup: 'compact' });
    const key = Buffer.from('k');
    const encoder = new BatchEncoder();
    encoder.append(1, key, 0, 1, key, 0, 1);
    await append(name, encoder.finish());
    await log.commit({ truncations: [{ topic: name, partition: 0, before: 1 }] });
    t.same(await reader.bounds(name, 0), { start: 0, end: 1 });
  });

  t.test('topics are made once, described as they were made, and conflicts are named', async (t) => {
    const config: TopicConfig = {
      name: 'described',
      partitions: 2,
      cleanup: 'compact',
      retentionMs: 86_400_000,
      retentionBytes: 123_456_789,
      segmentBytes: 1_048_576,
    };
    await log.createTopics([config]);
    await log.createTopics([config]);
    const found = (await log.describe()).find(({ name }) => name === 'described');
    t.match(found, {
      ...config,
      bounds: [
        { start: 0, end: 0 },
        { start: 0, end: 0 },
      ],
      bytes: 0,
    });
    const [same] = await log.describe(['described']);
    t.match(same?.identity, /^[\w-]{22}\/[\w-]{22}$/);
    t.not((await log.describe(['order']))[0]?.identity, same?.identity, 'each topic has its own');
    await t.rejects(log.createTopics([{ ...config, partitions: 3 }]), { code: 'TOPIC_CONFLICT', field: 'partitions' });
    await t.rejects(log.createTopics([{ ...config, cleanup: 'delete' }]), { code: 'TOPIC_CONFLICT', field: 'cleanup' });
    const sized = (await log.describe()).find(({ name }) => name === 'order');
    t.ok((sized?.bytes ?? 0) > 5000);
    t.notOk(
      (await log.describe()).some(({ name }) => name.startsWith('__')),
      'internal topics are left out',
    );
  });

  t.test('a wait ends as soon as there is something, at its time, and when the reader is closed', async (t) => {
    const name = await topic('waited', { partitions: 2 });
    const positions = [0, 1].map((partition) => ({ topic: name, partition, offset: 0 }));
    t.equal(await reader.wait(positions, 0), false);
    t.equal(await reader.wait(positions, 50), false);
    const waiting = reader.wait(positions, 600_000);
    await append(name, batches(['now']), 1);
    t.equal(await waiting, true);
    t.equal(await reader.wait(positions, 600_000), true, 'what is there already');
    const closing = log.openReader();
    const cut = closing.wait([{ topic: name, partition: 0, offset: 0 }], 600_000);
    await closing.close();
    t.equal(await cut, false);
    await t.rejects(closing.fetch(name, 0, 0, 1000), { code: 'CLOSED' });
  });

  t.test('aborted transactions are not read, and readers advance over them', async (t) => {
    const name = await topic('aborted');
    const kafka = new Kafka({ brokers: [server.bootstrap], logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ transactionalId: 'foreign', maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    const send = async (value: string, commits: boolean) => {
      const transaction = await producer.transaction();
      await transaction.send({ topic: name, messages: [{ value }] });
      await (commits ? transaction.commit() : transaction.abort());
    };
    await send('aborted 1', false);
    await send('committed 1', true);
    await append(name, batches(['plain']));
    await send('aborted 2', false);
    await send('aborted 3', false);
    await send('committed 2', true);
    await send('aborted 4', false);
    const open = await producer.transaction();
    await open.send({ topic: name, messages: [{ value: 'open' }] });
    t.same(values(await readAll(reader, name)), ['committed 1', 'plain', 'committed 2']);
    const { end } = await reader.bounds(name, 0);
    t.equal(end, 13, 'six transactions with a marker each, one plain record, and nothing of the open one');
    await open.abort();
    await producer.disconnect();
  });

  t.test('a newer owner fences the older, and a failed commit its later ones', async (t) => {
    const name = await topic('owned');
    const first = await log.acquire('task-0');
    const commit = (ownership: typeof first, value: string, to = name) =>
      log.commit({ ownership, appends: [{ topic: to, partition: 0, bytes: batches([value]) }] });
    await commit(first, 'first');
    const second = await log.acquire('task-0');
    await t.rejects(commit(first, 'late'), { code: 'FENCED' });
    await commit(second, 'second');
    await t.rejects(commit(second, 'x', 'absent'), { code: 'TOPIC_UNKNOWN' });
    await t.rejects(commit(second, 'after'), { code: 'FENCED' });
    await commit(await log.acquire('task-0'), 'third');
    t.same(values(await readAll(reader, name)), ['first', 'second', 'third']);
  });

  t.test('a broker that is killed and comes back loses nothing that was committed', async (t) => {
    const name = await topic('killed');
    await append(name, batches(['before']));
    const waiting = reader.wait([{ topic: name, partition: 0, offset: 1 }], 600_000);
    await server.kill();
    const during = append(name, batches(['during']));
    await server.restart();
    await during;
    t.equal(await waiting, true, 'the wait goes on over the reconnection');
    await append(name, batches(['after']));
    const read = values(await readAll(reader, name));
    // At least once: a commit whose answer was lost is sent again.
    t.same([...new Set(read)], ['before', 'during', 'after']);
  });

  t.test('a broker that stays away is DEPENDENCY_DOWN once the time for retries is over', async (t) => {
    const away = openKafkaLog({ bootstrap: ['127.0.0.1:1'], retryMsMax: 50, clock: systemClock });
    const awayReader = away.openReader();
    await t.rejects(awayReader.fetch('x', 0, 0, 1), { code: 'DEPENDENCY_DOWN' });
    await t.rejects(away.commit({ appends: [{ topic: 'x', partition: 0, bytes: batches(['x']) }] }), {
      code: 'DEPENDENCY_DOWN',
    });
    t.equal(await awayReader.wait([{ topic: 'x', partition: 0, offset: 0 }], 50), false);
    await away.close();
    await t.rejects(away.commit({}), { code: 'CLOSED' });
  });
}

/** One batch of more than a broker's default limit. */
function oversized(): Uint8Array {
  const encoder = new BatchEncoder({ batchBytesMax: 4_000_000 });
  const value = new Uint8Array(900_000);
  for (let i = 0; i < 3; i++) encoder.append(0, value, -1, -1, value, 0, value.length);
  return encoder.finish();
}
