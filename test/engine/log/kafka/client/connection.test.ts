import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Clock, systemClock } from '../../../../../engine/base/index.ts';
import {
  Connection,
  KAFKA_ERROR,
  ReceiveBuffers,
  type SaslOptions,
} from '../../../../../engine/log/kafka/client/index.ts';
import {
  apiVersions,
  endTxn,
  fetch,
  type Message,
  metadata,
  saslAuthenticate,
  saslHandshake,
  WireWriter,
  writeResponseHeader,
} from '../../../../../engine/log/kafka/protocol/index.ts';
import { ManualClock } from '../../manual-clock.ts';
import { type Asked, FakeBroker, fetched, framed } from '../fake-broker.ts';

const ALL = { topics: null };
const named = (name: string) => ({ topics: [{ name }] });

/** Of the machine's own clock so much that none runs out where the machine stands still for a while. */
const options = (broker: FakeBroker, clock: Clock = systemClock) => ({
  host: '127.0.0.1',
  port: broker.port,
  clientId: 'test',
  clock,
  requestTimeoutMs: clock === systemClock ? 60_000 : 1000,
  signal: new AbortController().signal,
});

async function started(t: Tap): Promise<FakeBroker> {
  const broker = await FakeBroker.start();
  t.teardown(() => broker.stop());
  return broker;
}
type Tap = Pick<typeof t, 'teardown'>;

/** Resolves with the requests of a kind, once there are `count`; none is answered. */
function silent<Request, Response>(
  broker: FakeBroker,
  message: Message<Request, Response>,
  count: number,
): Promise<Asked[]> {
  return new Promise((resolve) => {
    const seen: Asked[] = [];
    broker.on(message, (_, asked) => {
      if (seen.push(asked) === count) resolve(seen);
      return false;
    });
  });
}

t.test('requests are sent without waiting for answers, and answers find theirs', async (t) => {
  const broker = await started(t);
  const connection = await Connection.open(options(broker));
  const both = silent(broker, metadata, 2);
  const first = connection.request(metadata, named('a'));
  const second = connection.request(metadata, named('b'));
  const [askedFirst, askedSecond] = await both;
  t.equal(askedFirst?.clientId, 'test');
  t.equal(connection.pendingCount, 2);
  const answer = (asked: Asked, host: string) => framed(asked, { brokers: [{ nodeId: 1, host, port: 9 }] });
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
    /a frame of 2147483647 bytes/,
    ({ socket }) => socket.write(Buffer.from('7fffffff', 'hex')),
  ],
  [
    'announces a negative length',
    /a frame of 4294967295 bytes/,
    ({ socket }) => socket.write(Buffer.from('ffffffff', 'hex')),
  ],
];
for (const [name, message, act] of ends) {
  t.test(`a broker that ${name} fails all that wait`, async (t) => {
    const broker = await started(t);
    const connection = await Connection.open(options(broker));
    const both = silent(broker, metadata, 2);
    const failures = Promise.all(
      [0, 1].map(() => t.rejects(connection.request(metadata, ALL), { code: 'DEPENDENCY_DOWN', message })),
    );
    const [asked] = await both;
    act(asked!);
    await failures;
    t.equal(connection.isOpen, false);
    await t.rejects(connection.request(metadata, ALL), { code: 'DEPENDENCY_DOWN' });
  });
}

t.test('a broker that stays silent is given up after the time that it was given', async (t) => {
  const broker = await started(t);
  const clock = new ManualClock();
  const connection = await Connection.open(options(broker, clock));
  const asked: Promise<Asked[]> = silent(broker, metadata, 1);
  const waiting = connection.request(metadata, ALL, { extraMs: 500 });
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

t.test('a message of which both sides know no version is refused before it is sent', async (t) => {
  const broker = await started(t);
  broker.on(apiVersions, () => ({ apiKeys: [{ apiKey: metadata.apiKey, minVersion: 14, maxVersion: 15 }] }));
  const connection = await Connection.open(options(broker));
  const message = /does not know Metadata v0 to 13/;
  await t.rejects(connection.request(metadata, ALL), { code: 'DEPENDENCY_DOWN', message });
  await t.rejects(connection.request(fetch, { maxWaitMs: 0, minBytes: 0, topics: [] }), { code: 'DEPENDENCY_DOWN' });
  t.equal(broker.asked.length, 1);
  connection.close();
});

t.test('a broker that is older than the question about versions is asked in one that it knows', async (t) => {
  const broker = await started(t);
  const asked: number[] = [];
  const keys = [{ apiKey: apiVersions.apiKey, minVersion: 0, maxVersion: 2 }];
  broker.on(apiVersions, (_, ask) => {
    asked.push(ask.version);
    if (ask.version <= 2) return { apiKeys: [...keys, { apiKey: metadata.apiKey, minVersion: 0, maxVersion: 5 }] };
    const writer = new WireWriter();
    writeResponseHeader(writer, apiVersions, 0, ask.correlationId);
    apiVersions.encodeResponse(writer, { errorCode: KAFKA_ERROR.UNSUPPORTED_VERSION, apiKeys: keys }, 0);
    ask.socket.write(Buffer.concat(writer.takeFrame()));
    return false;
  });
  const connection = await Connection.open(options(broker));
  t.same(asked, [4, 2]);
  t.equal(connection.versionOf(metadata), 5);
  t.equal(connection.transactionVersion, 0);
  connection.close();
});

t.test('what the cluster has agreed on is known with the connection', async (t) => {
  const broker = await started(t);
  broker.features.set('transaction.version', 2);
  const connection = await Connection.open(options(broker));
  t.equal(connection.transactionVersion, 2);
  t.equal(connection.versionOf(endTxn), 5);
  connection.close();
});

t.test('a broker that asks for a pause gets it, and then all that waited, in order', async (t) => {
  const broker = await started(t);
  const clock = new ManualClock();
  const connection = await Connection.open(options(broker, clock));
  broker.on(metadata, () => ({ throttleTimeMs: 300 }));
  await connection.request(metadata, ALL);
  const order: string[] = [];
  broker.on(metadata, (request) => {
    order.push(request.topics?.[0]?.name ?? '');
    return {};
  });
  const both = Promise.all([connection.request(metadata, named('a')), connection.request(metadata, named('b'))]);
  clock.advance(299);
  await new Promise(setImmediate);
  t.same([order, connection.pendingCount], [[], 2]);
  clock.advance(1);
  await both;
  t.same(order, ['a', 'b']);
  connection.close();
});

const login: SaslOptions = { mechanism: 'PLAIN', user: 'alice', password: 'secret' };

t.test('a login that ends is renewed before the next request, which waits for it', async (t) => {
  const broker = await started(t);
  const clock = new ManualClock();
  broker.on(saslAuthenticate, () => ({ sessionLifetimeMs: 10_000 }));
  const connection = await Connection.open({ ...options(broker, clock), sasl: login });
  await connection.request(metadata, ALL);
  clock.advance(8499);
  await connection.request(metadata, ALL);
  t.equal(broker.count(saslAuthenticate), 1);
  clock.advance(1);
  await Promise.all([connection.request(metadata, ALL), connection.request(metadata, ALL)]);
  t.same(
    broker.asked.map(({ message }) => message.name),
    [
      ...['ApiVersions', 'SaslHandshake', 'SaslAuthenticate', 'Metadata', 'Metadata'],
      ...['SaslHandshake', 'SaslAuthenticate', 'Metadata', 'Metadata'],
    ],
  );
  connection.close();
});

t.test('a login that is refused says why, and never with which password', async (t) => {
  const broker = await started(t);
  const refused = { errorCode: KAFKA_ERROR.SASL_AUTHENTICATION_FAILED, errorMessage: 'unknown user' };
  broker.on(saslAuthenticate, () => refused);
  const opening = Connection.open({ ...options(broker), sasl: login });
  await t.rejects(opening, {
    code: 'CONFIG_INVALID',
    message: /SASL_AUTHENTICATION_FAILED to SASL PLAIN.*unknown user/,
  });
  const failure: unknown = await opening.catch((error: unknown) => error);
  t.notMatch(JSON.stringify([failure, String(failure)]), /secret/);
  broker.on(saslHandshake, () => ({ errorCode: KAFKA_ERROR.UNSUPPORTED_SASL_MECHANISM, mechanisms: ['GSSAPI'] }));
  await t.rejects(Connection.open({ ...options(broker), sasl: login }), {
    code: 'CONFIG_INVALID',
    message: /it offers GSSAPI/,
  });
});

t.test('a token is asked for at each login, and what the broker says against it is told', async (t) => {
  const broker = await started(t);
  const seen: string[] = [];
  let tokens = 0;
  const sasl: SaslOptions = {
    mechanism: 'OAUTHBEARER',
    token: async () => ({ value: `token-${++tokens}`, extensions: { traceId: '7' } }),
  };
  broker.on(saslAuthenticate, ({ authBytes }) => {
    seen.push(Buffer.from(authBytes).toString());
    return {};
  });
  (await Connection.open({ ...options(broker), sasl })).close();
  t.same(seen, ['n,,\x01auth=Bearer token-1\x01traceId=7\x01\x01']);
  broker.on(saslAuthenticate, () => ({ authBytes: Buffer.from('{"status":"invalid_token"}') }));
  await t.rejects(Connection.open({ ...options(broker), sasl }), { code: 'CONFIG_INVALID', message: /invalid_token/ });
  t.equal(tokens, 2);
});

t.test('a token may lie in a file, which is read at each login', async (t) => {
  const broker = await started(t);
  const folder = t.testdir({ token: 'one\n' });
  const sasl: SaslOptions = { mechanism: 'OAUTHBEARER', tokenFile: join(folder, 'token') };
  const seen: string[] = [];
  broker.on(saslAuthenticate, ({ authBytes }) => {
    seen.push(Buffer.from(authBytes).toString());
    return {};
  });
  (await Connection.open({ ...options(broker), sasl })).close();
  writeFileSync(sasl.tokenFile, 'two');
  (await Connection.open({ ...options(broker), sasl })).close();
  t.same(seen, ['n,,\x01auth=Bearer one\x01\x01', 'n,,\x01auth=Bearer two\x01\x01']);
  const missing: SaslOptions = { mechanism: 'OAUTHBEARER', tokenFile: join(folder, 'missing') };
  await t.rejects(Connection.open({ ...options(broker), sasl: missing }), {
    code: 'CONFIG_INVALID',
    message: /ENOENT/,
  });
  writeFileSync(sasl.tokenFile, 'no\ttoken');
  const failure = Connection.open({ ...options(broker), sasl });
  await t.rejects(failure, { code: 'CONFIG_INVALID', message: /what no token may/ });
});

t.test('a held answer is a view of memory that is used again once it is released', async (t) => {
  const broker = await started(t);
  const buffers = new ReceiveBuffers();
  const connection = await Connection.open({ ...options(broker), buffers });
  const request = { maxWaitMs: 0, minBytes: 0, topics: [] };
  for (let round = 1; round <= 5; round++) {
    const sent = new Uint8Array(100_000).fill(round);
    broker.on(fetch, () => fetched('topic', 0, sent, 1));
    const held = await connection.requestHeld(fetch, request);
    const records = held.response.responses[0]!.partitions[0]!.records!;
    t.equal(records.buffer, held.frame.buffer, 'nothing is copied');
    t.same([records.length, records[0], records[99_999]], [100_000, round, round]);
    held.release();
    t.equal(buffers.bytesHeld, 0);
  }
  t.ok(buffers.allocated <= 3, `${buffers.allocated} allocations`);
  const kept = await connection.request(fetch, request);
  const records = kept.responses[0]!.partitions[0]!.records!;
  (await connection.requestHeld(fetch, request)).release();
  t.equal(records[5], 5);
  t.equal(buffers.bytesHeld, 0, 'what is kept is not counted');
  connection.close();
});

t.test('nobody at the port is DEPENDENCY_DOWN, and a signal ends a connection that is being made', async (t) => {
  const broker = await started(t);
  const gone = await FakeBroker.start();
  const { port } = gone;
  await gone.stop();
  await t.rejects(Connection.open({ ...options(broker), port }), { code: 'DEPENDENCY_DOWN', message: /ECONNREFUSED/ });
  const asked = silent(broker, apiVersions, 1);
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
  broker.on(metadata, () => false);
  const waiting = Array.from({ length: 256 }, () => connection.request(metadata, ALL));
  const settled = Promise.allSettled(waiting);
  await t.rejects(connection.request(metadata, ALL), { code: 'DEPENDENCY_DOWN', message: /256 requests wait/ });
  connection.close();
  t.ok((await settled).every(({ status }) => status === 'rejected'));
});
