import t from 'tap';
import { systemClock } from '../../../../engine/base/index.ts';
import { BatchCursor, BatchEncoder, rewriteBaseOffsets } from '../../../../engine/batch/index.ts';
import { openKafkaLog } from '../../../../engine/log/kafka/index.ts';
import { fetch, produce } from '../../../../engine/log/kafka/protocol/index.ts';
import { FakeBroker, fetched, produced } from './fake-broker.ts';
import { batches } from './texts.ts';

const NOT_LEADER = 6;
const UNKNOWN_TOPIC = 3;

async function cluster(t: Tap, retryMsMax = 5000) {
  const brokers = [await FakeBroker.start(), await FakeBroker.start()] as const;
  const log = openKafkaLog({ bootstrap: [brokers[0].bootstrap], clock: systemClock, retryMsMax });
  t.teardown(async () => {
    await log.close();
    await Promise.all(brokers.map((broker) => broker.stop()));
  });
  return { log, brokers, reader: log.openReader() };
}
type Tap = Pick<typeof t, 'teardown'>;

t.test('a leader that has moved is looked up again, for reading and for writing', async (t) => {
  const { log, brokers, reader } = await cluster(t);
  const [old, now] = brokers;
  const bytes = batches(['a', 'b']);
  old.leads('moved', 0, brokers);
  const moves = () => {
    for (const broker of brokers) broker.leads('moved', 1, brokers);
  };
  old.on(fetch, () => {
    moves();
    return fetched('moved', NOT_LEADER, new Uint8Array(0), -1);
  });
  old.on(produce, () => {
    moves();
    return produced('moved', NOT_LEADER, -1);
  });
  now.on(fetch, () => fetched('moved', 0, bytes, 2));
  now.on(produce, () => produced('moved', 0, 17));
  const { start, end } = await reader.fetch('moved', 0, 0, 1000);
  t.equal(end - start, bytes.length);
  old.leads('moved', 0, brokers);
  t.same(await log.commit({ appends: [{ topic: 'moved', partition: 0, bytes: batches(['c']) }] }), {
    baseOffsets: [17],
  });
  t.same([old.count(fetch), now.count(fetch), now.count(produce)], [1, 1, 1]);
});

t.test('what does not pass within the time for retries is DEPENDENCY_DOWN and says what the broker said', async (t) => {
  const { brokers, reader } = await cluster(t, 100);
  brokers[0].leads('topic', 0, brokers);
  brokers[0].on(fetch, () => fetched('topic', NOT_LEADER, new Uint8Array(0), -1));
  await t.rejects(reader.fetch('topic', 0, 0, 1000), {
    code: 'DEPENDENCY_DOWN',
    message: /NOT_LEADER_OR_FOLLOWER to Fetch of topic-0 at 0/,
  });
});

t.test('a partition that answers unknown right after it was made is tried again', async (t) => {
  const { brokers, reader } = await cluster(t);
  const [broker] = brokers;
  broker.leads('new', 0, brokers);
  broker.on(fetch, () => {
    broker.on(fetch, () => fetched('new', 0, batches(['a']), 1));
    return fetched('new', UNKNOWN_TOPIC, new Uint8Array(0), -1);
  });
  t.same((await reader.fetch('new', 0, 0, 1000)).bounds, { start: 0, end: 1 });
});

t.test('an answer that ends in a cut-off batch is read up to it', async (t) => {
  const { brokers, reader } = await cluster(t);
  brokers[0].leads('cut', 0, brokers);
  const bytes = batches(['a', 'b', 'c'], 'none', 1);
  rewriteBaseOffsets(bytes, 10);
  brokers[0].on(fetch, () => fetched('cut', 0, bytes.subarray(0, bytes.length - 5), 13));
  const fetchedBatches = await reader.fetch('cut', 0, 10, 1000);
  const cursor = new BatchCursor();
  cursor.reset(fetchedBatches.bytes, fetchedBatches.start, fetchedBatches.end);
  let count = 0;
  while (cursor.next()) count++;
  t.same([count, cursor.truncated, cursor.offsetNext], [2, false, 12], 'what is cut off is not handed over');
});

t.test('aborted batches are left out by the list, each up to its own marker', async (t) => {
  const { brokers, reader } = await cluster(t);
  brokers[0].leads('aborted', 0, brokers);
  const parts: Uint8Array[] = [];
  let offset = 0;
  const add = (text: string, producerId: number, isMarker = false) => {
    const encoder = new BatchEncoder();
    encoder.producerId = producerId;
    encoder.producerEpoch = 0;
    encoder.baseSequence = 0;
    encoder.isTransactional = producerId >= 0;
    const value = Buffer.from(text);
    encoder.append(1, value, -1, -1, value, 0, value.length);
    const bytes = encoder.finish();
    if (isMarker) bytes[22]! |= 0x20;
    offset = rewriteBaseOffsets(bytes, offset);
    parts.push(bytes);
  };
  add('1 aborted', 1); // 0
  add('2 committed', 2);
  add('plain', -1);
  add('1 aborted too', 1);
  add('', 1, true); // 4: the marker that aborts
  add('1 committed', 1);
  add('2 committed too', 2);
  add('', 1, true); // 7: commits
  add('', 2, true);
  add('1 aborted again', 1); // 9
  add('', 1, true);
  const answer = fetched('aborted', 0, Buffer.concat(parts), offset, [
    [1, 9],
    [1, 0],
  ]);
  brokers[0].on(fetch, () => answer);
  const { bytes, start, end } = await reader.fetch('aborted', 0, 0, 10_000);
  // Markers lost their sum above; what the driver hides has a right one.
  const cursor = new BatchCursor({ checkCrc: false });
  cursor.reset(bytes, start, end);
  const seen: string[] = [];
  while (cursor.next()) seen.push(Buffer.from(cursor.bytes.slice(cursor.valueStart, cursor.valueEnd)).toString());
  t.same(seen, ['2 committed', 'plain', '1 committed', '2 committed too']);
  t.equal(cursor.offsetNext, 11);
  const first = new BatchCursor();
  first.reset(bytes, start, start + parts[0]!.length);
  t.equal(first.next(), false, 'the hidden batch has a right sum');
  t.equal(first.offsetNext, 1);
});

t.test(
  'with two leaders a wait ends with the first that has something, and the next wait is not held up',
  async (t) => {
    const { brokers, reader } = await cluster(t);
    const [one, two] = brokers;
    for (const broker of brokers) broker.leads('two', [0, 1], brokers);
    one.on(fetch, () => false);
    const found = fetched('two', 0, batches(['x']), 1);
    two.on(fetch, () => ({
      responses: found.responses?.map((topic) => ({
        ...topic,
        partitions: topic.partitions?.map((data) => ({ ...data, partitionIndex: 1 })),
      })),
    }));
    const positions = [0, 1].map((partition) => ({ topic: 'two', partition, offset: 0 }));
    t.equal(await reader.wait(positions, 600_000), true);
    t.equal(await reader.wait(positions, 600_000), true);
    const { bytes, start, end } = await reader.fetch('two', 1, 0, 1000);
    t.same(Buffer.from(bytes.subarray(start, end)), Buffer.from(batches(['x'])));
    t.equal(one.count(fetch), 1, 'the broker that has nothing goes on holding its request');
  },
);
