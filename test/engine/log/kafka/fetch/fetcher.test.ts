import t from 'tap';
import { BatchCursor } from '../../../../../engine/batch/index.ts';
import { KAFKA_ERROR, NO_ERROR } from '../../../../../engine/log/kafka/client/index.ts';
import { FetchReader } from '../../../../../engine/log/kafka/fetch/fetch-reader.ts';
import { Fetcher } from '../../../../../engine/log/kafka/fetch/fetcher.ts';
import type { FetchedBatches, LogReader } from '../../../../../engine/log/port.ts';
import { AutoClock } from './auto-clock.ts';
import { ModelCluster } from './model-cluster.ts';

const MIB = 1024 * 1024;

type Tap = Pick<typeof t, 'teardown'>;

function rig(t: Tap, partitions = 1, outOfRange: 'fail' | 'earliest' = 'fail') {
  const clock = new AutoClock();
  const cluster = new ModelCluster(clock);
  const made = cluster.topic('input', partitions);
  const fetcher = new Fetcher(cluster, { clock, buffers: cluster.buffers, outOfRange });
  const reader: LogReader = new FetchReader(fetcher);
  // Time that passes by itself would pass for ever.
  t.teardown(async () => {
    await reader.close();
    fetcher.close();
  });
  const at = (offset: number, partition = 0) => ({ topic: 'input', partition, offset });
  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
  const read = async (offset: number, bytesMax = MIB, partition = 0) => {
    const fetched = await reader.fetch('input', partition, offset, bytesMax);
    return { ...fetched, values: valuesOf(fetched, offset), next: nextOf(fetched, offset) };
  };
  const sessions = () => cluster.asked.filter(({ purpose }) => purpose !== '').map(({ request }) => request);
  return { clock, cluster, made, partition: made[0]!, fetcher, reader, at, pause, read, sessions };
}

function valuesOf({ bytes, start, end }: FetchedBatches, from: number): string[] {
  const cursor = new BatchCursor();
  cursor.reset(bytes, start, end);
  cursor.seek(from);
  const values: string[] = [];
  while (cursor.next()) values.push(Buffer.from(cursor.bytes.slice(cursor.valueStart, cursor.valueEnd)).toString());
  return values;
}

function nextOf({ bytes, start, end }: FetchedBatches, from: number): number {
  const cursor = new BatchCursor();
  cursor.reset(bytes, start, end);
  while (cursor.nextBatch()) {}
  return Math.max(from, cursor.offsetNext);
}

t.test('who reads on is given what was fetched ahead, at most one answer more than is worked on', async (t) => {
  const { cluster, partition, read, pause, sessions } = rig(t);
  for (let i = 0; i < 40; i++) partition.append([`${i}`.padEnd(1000, '.')]);
  const first = await read(0, 3000);
  t.equal(sessions().length, 0, 'a single look asks for nothing more');
  const second = await read(first.next, 3000);
  await pause(100);
  const asked = sessions().length;
  t.ok(asked >= 1 && asked <= 3, `${asked} requests ahead`);
  await pause(1000);
  t.equal(sessions().length, asked, 'then the partition is full, and nobody else has room');
  let position = second.next;
  const looks = cluster.asked.length - asked;
  while (position < 40) position = (await read(position, 3000)).next;
  t.equal(cluster.asked.length - sessions().length, looks, 'all of it came ahead');
  t.ok(cluster.heldBytesMax < 5 * 4000, `${cluster.heldBytesMax} bytes held at most`);
});

t.test('a session is opened with everything and goes on with what changed, and forgets what has no room', async (t) => {
  const { made, reader, read, at, sessions, pause } = rig(t, 3);
  for (const [i, partition] of made.entries()) partition.append([`${i}`]);
  const positions = [0, 1, 2].map((partition) => at(0, partition));
  t.equal(await reader.wait(positions, 1000), true);
  for (const partition of [0, 1, 2]) t.same((await read(0, 100, partition)).values, [`${partition}`]);
  await pause(5000);
  const requests = sessions();
  t.same([requests[0]!.sessionId, requests[0]!.sessionEpoch], [0, 0]);
  const id = requests[1]!.sessionId;
  t.same(
    requests.slice(1).map(({ sessionId, sessionEpoch }) => [sessionId, sessionEpoch]),
    requests.slice(1).map((_, i) => [id, i + 1]),
  );
  t.same(requests.at(-1)!.topics, [], 'nothing has changed');
  made[1]!.append(['x'.repeat(300)]);
  await pause(1000);
  const forgotten = sessions().flatMap(({ forgottenTopicsData }) => forgottenTopicsData);
  t.same(forgotten.at(-1)?.partitions, [1]);
});

for (const [name, code] of [
  ['a session that the broker has dropped', KAFKA_ERROR.FETCH_SESSION_ID_NOT_FOUND],
  ['a session of another epoch', KAFKA_ERROR.INVALID_FETCH_SESSION_EPOCH],
] as const) {
  t.test(`${name} is opened anew`, async (t) => {
    const { cluster, partition, reader, at, read, sessions } = rig(t);
    partition.append(['a']);
    t.equal(await reader.wait([at(0)], 1000), true);
    t.same((await read(0)).values, ['a']);
    let isOpen = true;
    cluster.fault = ({ sessionEpoch }) => {
      if (!isOpen || sessionEpoch <= 0) return NO_ERROR;
      isOpen = false;
      return code;
    };
    const waiting = reader.wait([at(1)], 10_000);
    partition.append(['b']);
    t.equal(await waiting, true);
    t.same((await read(1)).values, ['b']);
    const again = sessions().findLast(({ sessionEpoch }) => sessionEpoch === 0)!;
    t.equal(
      again.sessionId === 0,
      code === KAFKA_ERROR.FETCH_SESSION_ID_NOT_FOUND,
      'the old one is closed where there is one',
    );
    t.equal(again.topics.length, 1);
  });
}

t.test('a broker that makes no sessions is told everything each time', async (t) => {
  const { cluster, made, reader, at, read, sessions } = rig(t, 2);
  cluster.sessionsMax = 0;
  for (let i = 0; i < 5; i++) for (const partition of made) partition.append([`${i}`]);
  t.equal(await reader.wait([at(0), at(0, 1)], 1000), true);
  for (let i = 0; i < 5; i++) for (const partition of [0, 1]) t.same((await read(i, 1, partition)).values, [`${i}`]);
  t.equal(await reader.wait([at(5), at(5, 1)], 2000), false);
  t.ok(sessions().every(({ sessionId, sessionEpoch }) => sessionId === 0 && sessionEpoch === 0));
  t.equal(sessions().at(-1)!.topics[0]!.partitions.length, 2);
});

for (const namesLeaders of [true, false]) {
  const how = namesLeaders ? 'named in the answer' : 'looked up';
  t.test(`a leader that moved is ${how}, while a reader waits and while it reads`, async (t) => {
    const { cluster, partition, reader, at, read } = rig(t);
    cluster.namesLeaders = namesLeaders;
    partition.append(['a']);
    t.same((await read(0)).values, ['a']);
    const waiting = reader.wait([at(1)], 60_000);
    partition.moveTo(1);
    partition.append(['b']);
    t.equal(await waiting, true);
    t.same((await read(1)).values, ['b']);
    partition.moveTo(2);
    partition.append(['c']);
    cluster.refresh();
    t.equal((await reader.bounds('input', 0)).end, 3);
    t.same((await read(2)).values, ['c']);
    t.ok((cluster.counts.get('OffsetForLeaderEpoch') ?? 0) > 0, 'the position was checked with the new leader');
  });
}

t.test('a leader epoch that is behind or ahead of the broker is mended', async (t) => {
  const { cluster, partition, reader, at, read } = rig(t);
  partition.append(['a']);
  let unheard = 3;
  cluster.partitionFault = () => (unheard-- > 0 ? KAFKA_ERROR.UNKNOWN_LEADER_EPOCH : NO_ERROR);
  t.same((await read(0)).values, ['a'], 'the broker had not heard of the epoch');
  partition.moveTo(0);
  partition.append(['b']);
  t.equal(await reader.wait([at(1)], 1000), true);
  t.same((await read(1)).values, ['b']);
});

t.test('records that were read and are gone from the new leader are LOG_TRUNCATED, also for who waits', async (t) => {
  for (const waits of [false, true]) {
    const { partition, reader, at, read } = rig(t);
    partition.append(['a']);
    partition.append(['b']);
    t.equal((await read(0)).next, 2);
    t.equal(await reader.wait([at(2)], 10), false);
    partition.loseFrom(1, 1);
    partition.append(['other b']);
    partition.append(['c']);
    if (waits) t.equal(await reader.wait([at(2)], 60_000), true);
    else await reader.bounds('input', 0);
    await t.rejects(read(2), { code: 'LOG_TRUNCATED', field: 'offset' });
    await t.rejects(read(2), { code: 'LOG_TRUNCATED' }, 'and stays so');
    t.same((await read(1)).values, ['other b', 'c'], 'who goes back reads what is there');
  }
});

t.test('an offset that retention took is refused, or skipped where the policy says so', async (t) => {
  const strict = rig(t);
  for (const value of ['a', 'b', 'c']) strict.partition.append([value]);
  strict.partition.truncateBefore(2);
  await t.rejects(strict.read(1), { code: 'OFFSET_OUT_OF_RANGE', field: 'offset' });
  await t.rejects(strict.read(4), { code: 'OFFSET_OUT_OF_RANGE' });
  t.equal(await strict.reader.wait([strict.at(1)], 1000), true, 'a wait there ends, so that the reader learns of it');
  await t.rejects(strict.read(1), { code: 'OFFSET_OUT_OF_RANGE' });
  t.same((await strict.read(2)).values, ['c']);

  const lenient = rig(t, 1, 'earliest');
  for (const value of ['a', 'b', 'c']) lenient.partition.append([value]);
  lenient.partition.truncateBefore(2);
  t.same((await lenient.read(0)).values, ['c']);
  await t.rejects(lenient.read(4), { code: 'OFFSET_OUT_OF_RANGE' }, 'what is ahead of the end is no loss of retention');
  lenient.partition.truncateBefore(3);
  t.equal((await lenient.read(0)).values.length, 0);
  t.equal(await lenient.reader.wait([lenient.at(0)], 1000), false);
  lenient.partition.append(['d']);
  t.equal(await lenient.reader.wait([lenient.at(0)], 1000), true);
  t.same((await lenient.read(0)).values, ['d']);
});

t.test('a leader whose end lags for a moment is waited for', async (t) => {
  const { partition, read, pause } = rig(t);
  partition.append(['a']);
  partition.appendIn(1, ['open']);
  const reading = read(2);
  await pause(500);
  partition.decide(1, true);
  t.same((await reading).values, []);
  partition.appendIn(1, ['open']);
  await t.rejects(read(4), { code: 'OFFSET_OUT_OF_RANGE' }, 'but not for ever');
});

t.test('a view holds until the next fetch, whatever is waited for and fetched meanwhile', async (t) => {
  const { made, reader, at, pause } = rig(t, 2);
  for (let i = 0; i < 4; i++) for (const partition of made) partition.append([`${i}`.padEnd(20_000, '.')]);
  const first = await reader.fetch('input', 0, 0, 100);
  t.equal(await reader.wait([at(1), at(0, 1)], 1000), true);
  t.equal(await reader.wait([at(0, 1)], 1000), true, 'the partition is let go');
  await pause(1000);
  t.same(valuesOf(first, 0), ['0'.padEnd(20_000, '.')]);
});

t.test('a jump drops what lay ready', async (t) => {
  const { cluster, partition, read, pause } = rig(t);
  for (let i = 0; i < 10; i++) partition.append([`${i}`.padEnd(1000, '.')]);
  let { next } = await read(0, 2000);
  ({ next } = await read(next, 2000));
  await pause(100);
  t.match((await read(8, 2000)).values, [/^8/]);
  t.match((await read(1, 2000)).values, [/^1/]);
  t.match((await read(2, 2000)).values, [/^2/]);
  await pause(1000);
  t.ok(cluster.buffers.bytesHeld < 7000, `${cluster.buffers.bytesHeld} bytes held`);
});

t.test('readers at one partition have a line each, and neither takes from the other', async (t) => {
  const { cluster, fetcher, partition, reader, at } = rig(t);
  const other = new FetchReader(fetcher);
  const waits = [reader.wait([at(0)], 60_000), other.wait([at(0)], 60_000)];
  partition.append(['a']);
  t.same(await Promise.all(waits), [true, true]);
  for (const each of [reader, other]) t.same(valuesOf(await each.fetch('input', 0, 0, 100), 0), ['a']);
  t.same([...new Set(cluster.asked.map(({ purpose }) => purpose))].sort(), ['fetch-0', 'fetch-1']);
});

t.test('a record larger than the fetch size is read, also behind other partitions', async (t) => {
  const { made, reader, at, read } = rig(t, 3);
  const large = 'x'.repeat(6 * MIB);
  for (const partition of made) partition.append(['small']);
  made[1]!.append([large]);
  made[1]!.append(['after']);
  t.equal(await reader.wait([at(0), at(0, 1), at(0, 2)], 1000), true);
  let position = 0;
  const seen: string[] = [];
  while (position < 3) {
    const { values, next } = await read(position, 1000, 1);
    seen.push(...values);
    position = next;
    if (position < 3) await reader.wait([at(position, 1)], 1000);
  }
  t.same(
    seen.map(({ length }) => length),
    [5, large.length, 5],
  );
});

t.test('a partition that nobody works on holds up no other', async (t) => {
  const { clock, made, fetcher, read, reader, pause } = rig(t, 2);
  const slow = new FetchReader(fetcher);
  for (let i = 0; i < 20; i++) made[0]!.append([`${i}`.padEnd(1000, '.')]);
  t.equal(await slow.wait([{ topic: 'input', partition: 0, offset: 0 }], 1000), true);
  await slow.fetch('input', 0, 0, 2000);
  await pause(1000);
  let position = 0;
  for (let i = 0; i < 20; i++) {
    const waiting = reader.wait([{ topic: 'input', partition: 1, offset: position }], 60_000);
    made[1]!.append([`${i}`]);
    const before = clock.monotonic();
    t.equal(await waiting, true);
    t.ok(clock.monotonic() - before <= 100, `after ${clock.monotonic() - before} ms`);
    position = (await read(position, 2000, 1)).next;
  }
});

t.test('the end is answered from what the broker is holding, without a request', async (t) => {
  const { cluster, partition, reader, at, read } = rig(t);
  partition.append(['a']);
  t.equal(await reader.wait([at(0)], 1000), true);
  t.same((await read(0)).values, ['a']);
  t.equal(await reader.wait([at(1)], 100), false);
  const before = cluster.asked.length;
  for (let i = 0; i < 10; i++) t.same((await read(1)).bounds, { start: 0, end: 1 });
  t.equal(cluster.asked.length, before);
  partition.append(['b']);
  t.same(await reader.bounds('input', 0), { start: 0, end: 2 });
  t.same((await read(1)).values, ['b'], 'but never while more is known of');
});

t.test('as much as a thread may hold is fetched ahead, and what is asked for comes all the same', async (t) => {
  const { cluster, made, fetcher, read, pause } = rig(t, 4);
  for (const partition of made) for (let i = 0; i < 14; i++) partition.append([`${i}`.padEnd(4 * MIB, '.')]);
  const readers = made.map(() => new FetchReader(fetcher));
  const positions = made.map(() => 0);
  for (let round = 0; round < 3; round++) {
    for (const [partition, each] of readers.entries()) {
      const fetched = await each.fetch('input', partition, positions[partition]!, 16 * MIB);
      positions[partition] = nextOf(fetched, positions[partition]!);
    }
  }
  await pause(2000);
  t.ok(cluster.heldBytesMax < 112 * MIB, `${cluster.heldBytesMax} bytes held`);
  t.match((await read(13, 100)).values, [/^13/]);
});

t.test('a topic that is made anew under its name is read from its start', async (t) => {
  const { cluster, partition, reader, at, read } = rig(t);
  partition.append(['old']);
  partition.append(['older']);
  t.equal((await read(0)).next, 2);
  t.equal(await reader.wait([at(2)], 10), false);
  const [again] = cluster.topic('input', 1);
  again!.append(['new']);
  t.equal(await reader.wait([at(2)], 60_000), true, 'a wait at the old position ends');
  await t.rejects(read(2), { code: 'OFFSET_OUT_OF_RANGE' });
  t.same((await read(0)).values, ['new']);
  cluster.topics.delete('input');
  cluster.metadata.delete('input');
  await t.rejects(read(1), { code: 'TOPIC_UNKNOWN' });
});

t.test('brokers before topic ids are asked by name', async (t) => {
  const { cluster, partition, reader, at, read } = rig(t);
  cluster.version = 11;
  partition.append(['a']);
  t.equal(await reader.wait([at(0)], 1000), true);
  t.same((await read(0)).values, ['a']);
  t.ok(cluster.asked.every(({ request }) => request.topics.every(({ topic }) => topic === 'input')));
});

t.test('bytes that are no batches are BATCH_CORRUPT', async (t) => {
  const { partition, reader, at, read } = rig(t);
  partition.append(['a']);
  partition.append(['b']);
  partition.batches[1]!.bytes[16] = 1;
  t.equal(await reader.wait([at(1)], 1000), true);
  await t.rejects(read(1), { code: 'BATCH_CORRUPT' });
});

t.test('closing ends waits and fetches, and gives all memory back', async (t) => {
  const { cluster, fetcher, partition, reader, at, read, pause } = rig(t);
  for (let i = 0; i < 20; i++) partition.append([`${i}`.padEnd(1000, '.')]);
  let { next } = await read(0, 1000);
  ({ next } = await read(next, 1000));
  const waiting = new FetchReader(fetcher);
  const cut = waiting.wait([at(20)], 60_000);
  await waiting.close();
  t.equal(await cut, false);
  await t.rejects(waiting.fetch('input', 0, 0, 1), { code: 'CLOSED' });
  await t.rejects(waiting.bounds('input', 0), { code: 'CLOSED' });
  t.equal(await waiting.wait([at(20)], 60_000), false);
  await reader.close();
  fetcher.close();
  await pause(1000);
  t.equal(cluster.buffers.bytesHeld, 0);
});
