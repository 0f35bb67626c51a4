import t from 'tap';
import { systemClock } from '../../../../engine/base/index.ts';
import { Connection } from '../../../../engine/log/kafka/connection.ts';
import { metadata } from '../../../../engine/log/kafka/messages.ts';
import { WireWriter } from '../../../../engine/log/kafka/wire.ts';
import { ManualClock } from '../manual-clock.ts';
import { API, type Asked, FakeBroker, framed } from './fake-broker.ts';

const options = (broker: FakeBroker, clock = systemClock) => ({
  host: '127.0.0.1',
  port: broker.port,
  clientId: 'test',
  clock,
  requestTimeoutMs: 1000,
  signal: new AbortController().signal,
});

async function started(t: Tap): Promise<FakeBroker> {
  const broker = await FakeBroker.start();
  t.teardown(() => broker.stop());
  return broker;
}
type Tap = Pick<typeof t, 'teardown'>;

/** Resolves with the requests that came for `apiKey`, once there are `count`. */
function silent(broker: FakeBroker, apiKey: number, count: number): Promise<Asked[]> {
  return new Promise((resolve) => {
    const seen: Asked[] = [];
    broker.answers.set(apiKey, (_, asked) => {
      if (seen.push(asked) === count) resolve(seen);
      return false;
    });
  });
}

t.test('requests are sent without waiting for answers, and answers find theirs', async (t) => {
  const broker = await started(t);
  broker.leads('topic', 0, [broker]);
  const connection = await Connection.open(options(broker));
  const both = silent(broker, API.metadata, 2);
  const first = connection.request(metadata, ['a']);
  const second = connection.request(metadata, ['b']);
  const [askedFirst, askedSecond] = await both;
  t.equal(askedFirst?.clientId, 'test');
  t.equal(connection.pendingCount, 2);
  const answer = (asked: Asked, host: string) => {
    const writer = new WireWriter();
    writer.i32(asked.correlationId).i32(0);
    writer.array([host], (name) => writer.i32(1).string(name).i32(9).string(null));
    writer.string(null).i32(0).i32(0).i32(0);
    return framed(writer);
  };
  // Both answers in one stream, cut at every byte.
  for (const byte of Buffer.concat([answer(askedFirst!, 'one'), answer(askedSecond!, 'two')])) {
    askedFirst!.socket.write(Buffer.of(byte));
  }
  t.equal((await first).brokers[0]?.host, 'one');
  t.equal((await second).brokers[0]?.host, 'two');
  connection.close();
});

const ends: [name: string, message: RegExp, act: (asked: Asked) => void][] = [
  ['closes', /closed/, ({ socket }) => socket.end()],
  ['resets', /closed|ECONNRESET/, ({ socket }) => socket.resetAndDestroy()],
  ['answers something else', /not the next/, ({ socket }) => socket.write(Buffer.from('00000004000003e7', 'hex'))],
  [
    'announces two gigabytes',
    /an answer of 2147483647 bytes/,
    ({ socket }) => socket.write(Buffer.from('7fffffff', 'hex')),
  ],
  [
    'announces a negative length',
    /an answer of -1 bytes/,
    ({ socket }) => socket.write(Buffer.from('ffffffff', 'hex')),
  ],
];
for (const [name, message, act] of ends) {
  t.test(`a broker that ${name} fails all that wait`, async (t) => {
    const broker = await started(t);
    const connection = await Connection.open(options(broker));
    const both = silent(broker, API.metadata, 2);
    const failures = Promise.all(
      [0, 1].map(() => t.rejects(connection.request(metadata, null), { code: 'DEPENDENCY_DOWN', message })),
    );
    const [asked] = await both;
    act(asked!);
    await failures;
    t.equal(connection.isOpen, false);
    await t.rejects(connection.request(metadata, null), { code: 'DEPENDENCY_DOWN' });
  });
}

t.test('a broker that stays silent is given up after the time that it was given', async (t) => {
  const broker = await started(t);
  const clock = new ManualClock();
  const connection = await Connection.open(options(broker, clock));
  const asked = silent(broker, API.metadata, 1);
  const waiting = connection.requestRaw(metadata, null, 500);
  let isOver = false;
  waiting.catch(() => {
    isOver = true;
  });
  await asked;
  clock.advance(1499);
  await new Promise(setImmediate);
  t.equal(isOver, false);
  clock.advance(1);
  await t.rejects(waiting, { code: 'DEPENDENCY_DOWN', message: /no answer within 1500 ms/ });
});

t.test('a broker that lacks a version that is used is refused at once', async (t) => {
  const broker = await started(t);
  broker.answers.set(API.apiVersions, (writer) => {
    writer.i16(0).array([API.metadata], (key) => writer.i16(key).i16(0).i16(7));
    return undefined;
  });
  await t.rejects(Connection.open(options(broker)), { code: 'DEPENDENCY_DOWN', message: /does not know Metadata v8/ });
});

t.test('nobody at the port is DEPENDENCY_DOWN, and a signal ends a connection that is being made', async (t) => {
  const broker = await started(t);
  const gone = await FakeBroker.start();
  const { port } = gone;
  await gone.stop();
  await t.rejects(Connection.open({ ...options(broker), port }), { code: 'DEPENDENCY_DOWN', message: /ECONNREFUSED/ });
  const asked = silent(broker, API.apiVersions, 1);
  const abort = new AbortController();
  const opening = Connection.open({ ...options(broker), signal: abort.signal });
  opening.catch(() => {});
  await asked;
  abort.abort();
  await t.rejects(opening, { code: 'DEPENDENCY_DOWN', message: /was closed/ });
});

t.test('more requests than a connection may hold are refused', async (t) => {
  const broker = await started(t);
  const connection = await Connection.open(options(broker));
  broker.answers.set(API.metadata, () => false);
  const waiting = Array.from({ length: 256 }, () => connection.request(metadata, null));
  const settled = Promise.allSettled(waiting);
  await t.rejects(connection.request(metadata, null), { code: 'DEPENDENCY_DOWN', message: /256 requests wait/ });
  connection.close();
  t.ok((await settled).every(({ status }) => status === 'rejected'));
});
