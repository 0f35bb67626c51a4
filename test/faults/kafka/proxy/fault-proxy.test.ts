// The proxy by itself, between a client and a broker that are a few lines each.
import { createConnection, createServer, type Socket } from 'node:net';
import t from 'tap';
import { seededRandom } from '../../../../engine/index.ts';
import { DEFAULT_RATES, decide, PASS } from './fault-plan.ts';
import { FaultProxy } from './fault-proxy.ts';
import { FrameSplitter } from './frame-splitter.ts';
import { API, requestHead } from './request-head.ts';

const framed = (frame: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(frame.length);
  return Buffer.concat([length, frame]);
};
const head = (apiKey: number, version: number, correlationId: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeInt16BE(apiKey);
  bytes.writeInt16BE(version, 2);
  bytes.writeInt32BE(correlationId, 4);
  return bytes;
};
const text = (value: string) => {
  const length = Buffer.alloc(2);
  length.writeInt16BE(value.length);
  return Buffer.concat([length, Buffer.from(value)]);
};
const compact = (value: string) => Buffer.from([value.length + 1, ...Buffer.from(value)]);
const producer = Buffer.alloc(10);
/** EndTxn of a version with plain strings. */
const endTxn = (correlationId: number, id: string, isCommit = true) =>
  Buffer.concat([
    head(API.endTxn, 1, correlationId),
    text('client'),
    text(id),
    producer,
    Buffer.from([isCommit ? 1 : 0]),
  ]);

t.test('the transactional id is found in plain and in compact versions', async (t) => {
  t.match(requestHead(endTxn(7, 'owner')), { correlationId: 7, transactionalId: 'owner', isCommit: true });
  t.match(requestHead(endTxn(7, 'owner', false)), { isCommit: false });
  const flexible = [text('client'), Buffer.from([0]), compact('owner'), producer, Buffer.from([0])];
  t.match(requestHead(Buffer.concat([head(API.endTxn, 5, 1), ...flexible])), {
    transactionalId: 'owner',
    isCommit: false,
  });
  const none = Buffer.concat([head(API.produce, 12, 1), text('client'), Buffer.from([0, 0])]);
  t.equal(requestHead(none).transactionalId, null, 'a producer without transactions');
  const several = [text('client'), Buffer.from([0, 2]), compact('owner')];
  t.equal(requestHead(Buffer.concat([head(API.addPartitionsToTxn, 5, 1), ...several])).transactionalId, 'owner');
  t.equal(requestHead(Buffer.concat([head(API.metadata, 12, 1), text('client')])).transactionalId, null);
});

t.test('frames are cut out of whatever pieces the network gives', async (t) => {
  const found: string[] = [];
  const splitter = new FrameSplitter((frame) => found.push(frame.subarray(4).toString()));
  const bytes = Buffer.concat(['first', 'second one', 'last'].map((value) => framed(Buffer.from(value))));
  for (const byte of bytes) splitter.push(Buffer.from([byte]));
  splitter.push(bytes);
  t.same(found, ['first', 'second one', 'last', 'first', 'second one', 'last']);
  t.throws(() => splitter.push(Buffer.from('GET / HTTP')), /none of Kafka's/);
});

t.test('a seed repeats its faults, and each kind occurs', async (t) => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    const fraction = () => random.u32() / 2 ** 32;
    return Array.from({ length: 4000 }, (_, i) => decide(requestHead(endTxn(i, 'owner')), fraction, DEFAULT_RATES));
  };
  t.same(draw(5), draw(5));
  const kinds = new Set(draw(5).map(({ fault }) => fault));
  t.same([...kinds].toSorted(), ['cutAfter', 'cutBefore', 'heldCut', 'heldMute', 'mute', 'pass', 'slow', 'slowAnswer']);
});

t.test('between client and broker', async (t) => {
  const arrived: number[] = [];
  const waiting: { readonly count: number; resolve(): void }[] = [];
  const broker = createServer((socket) => {
    const splitter = new FrameSplitter((frame) => {
      arrived.push(frame.readInt32BE(8));
      socket.write(framed(frame.subarray(8, 12)));
      for (const each of waiting) if (arrived.length >= each.count) each.resolve();
    });
    socket.on('data', (chunk) => splitter.push(chunk)).on('error', () => {});
  });
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  const proxy = await FaultProxy.listen();
  proxy.forwardTo(`127.0.0.1:${(broker.address() as { readonly port: number }).port}`);
  t.teardown(async () => {
    await proxy.close();
    await new Promise((resolve) => broker.close(resolve));
  });
  const count = (least: number) =>
    new Promise<void>((resolve) => (arrived.length >= least ? resolve() : waiting.push({ count: least, resolve })));
  const connect = async () => {
    const socket = createConnection({ host: '127.0.0.1', port: Number(proxy.address.split(':')[1]) });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  };
  const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
  const answered = (socket: Socket) =>
    new Promise<number>((resolve) => socket.once('data', (chunk: Buffer) => resolve(chunk.readInt32BE(4))));

  t.test('a request that is held back arrives when its client has gone and another has been answered', async (t) => {
    proxy.script = ({ correlationId }) =>
      correlationId === 1 ? { fault: 'heldCut', delayMs: 60_000, others: 0 } : PASS;
    const first = await connect();
    first.write(framed(endTxn(1, 'owner')));
    await closed(first);
    t.same(arrived, [], 'it has not arrived, and the client was cut off');
    const second = await connect();
    const other = answered(second);
    second.write(framed(endTxn(2, 'somebody else')));
    t.equal(await other, 2);
    t.same(arrived, [2], 'others of another id do not let it go');
    const same = answered(second);
    second.write(framed(endTxn(3, 'owner')));
    t.equal(await same, 3);
    await count(3);
    t.same(arrived, [2, 3, 1]);
    second.destroy();
  });

  t.test('what stands behind a held request on its connection stays behind it', async (t) => {
    arrived.length = 0;
    proxy.script = ({ correlationId }) =>
      correlationId === 1 ? { fault: 'heldMute', delayMs: 60_000, others: 1000 } : PASS;
    const socket = await connect();
    socket.write(framed(endTxn(1, 'owner')));
    socket.write(framed(endTxn(2, 'owner')));
    const other = await connect();
    const answer = answered(other);
    other.write(framed(endTxn(3, 'owner')));
    t.equal(await answer, 3);
    t.same(arrived, [3]);
    proxy.releaseAll();
    await count(3);
    t.same(arrived, [3, 1, 2]);
    socket.destroy();
    other.destroy();
  });

  t.test('cut before: it never arrives; cut after: it arrives, and no answer comes', async (t) => {
    arrived.length = 0;
    proxy.script = ({ correlationId }) => ({ ...PASS, fault: correlationId === 1 ? 'cutBefore' : 'cutAfter' });
    for (const id of [1, 2]) {
      const socket = await connect();
      let bytes = 0;
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
      const end = closed(socket);
      socket.write(framed(endTxn(id, 'owner')));
      await end;
      t.equal(bytes, 0);
    }
    t.same(arrived, [2]);
  });

  t.test('in the dark nothing passes, and afterwards all of it does', async (t) => {
    arrived.length = 0;
    proxy.script = () => PASS;
    const socket = await connect();
    const first = answered(socket);
    socket.write(framed(endTxn(1, 'owner')));
    t.equal(await first, 1);
    proxy.dark(true);
    const second = answered(socket);
    socket.write(framed(endTxn(2, 'owner')));
    // Another connection's answer cannot come either; a turn of the loop is enough for what could have passed.
    await new Promise((resolve) => setImmediate(resolve));
    t.same(arrived, [1]);
    proxy.dark(false);
    t.equal(await second, 2);
    socket.destroy();
  });
});
