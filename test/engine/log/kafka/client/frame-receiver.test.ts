import fc from 'fast-check';
import t from 'tap';
import { FrameReceiver } from '../../../../../engine/log/kafka/client/frame-receiver.ts';
import { ReceiveBuffers } from '../../../../../engine/log/kafka/client/receive-buffers.ts';

const LIMIT = 200_000;

function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** What a socket does: as many bytes as there are and as fit, then asks again. */
function deliver(receiver: FrameReceiver, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) {
    const room = receiver.buffer();
    const count = Math.min(room.length, bytes.length - at);
    room.set(bytes.subarray(at, at + count));
    at += count;
    receiver.received(count);
  }
}

t.test('frames arrive whole and in order, wherever the stream is cut', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 4, maxLength: 40 }), { maxLength: 8 }),
      fc.array(fc.nat(60)),
      (bodies, cuts) => {
        const buffers = new ReceiveBuffers();
        const seen: number[][] = [];
        const receiver = new FrameReceiver(buffers, LIMIT, (frame) => {
          seen.push([...frame]);
          buffers.give(frame);
        });
        const stream = Buffer.concat(bodies.map(framed));
        const places = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
        let from = 0;
        for (const place of places) {
          deliver(receiver, stream.subarray(from, place));
          from = place;
        }
        t.same(
          seen,
          bodies.map((body) => [...body]),
        );
        t.equal(buffers.bytesHeld, 0);
      },
    ),
  );
});

t.test('a frame that is still held is not overwritten by the next, and memory given back is used again', async (t) => {
  const buffers = new ReceiveBuffers();
  const frames: Uint8Array[] = [];
  const receiver = new FrameReceiver(buffers, LIMIT, (frame) => frames.push(frame));
  const body = (fill: number) => framed(new Uint8Array(100_000).fill(fill));
  deliver(receiver, body(1));
  deliver(receiver, body(2));
  t.ok(frames[0]!.every((byte) => byte === 1));
  t.ok(frames[1]!.every((byte) => byte === 2));
  for (let i = 0; i < 20; i++) {
    for (const frame of frames.splice(0)) buffers.give(frame);
    deliver(receiver, body(i));
    deliver(receiver, body(i));
  }
  t.equal(buffers.allocated, 2);
  t.throws(
    () => {
      const [frame] = frames;
      buffers.give(frame!);
      buffers.give(frame!);
    },
    { code: 'ASSERTION_FAILED' },
  );
});

t.test('a length out of bounds is refused before memory is taken for it', async (t) => {
  for (const length of [0, 3, LIMIT + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    const buffers = new ReceiveBuffers();
    const receiver = new FrameReceiver(buffers, LIMIT, () => {});
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    t.throws(() => deliver(receiver, head), { code: 'DEPENDENCY_DOWN' }, `${length}`);
    t.equal(buffers.allocated, 0);
  }
});

t.test('an unfinished frame is given back at the end', async (t) => {
  const buffers = new ReceiveBuffers();
  const receiver = new FrameReceiver(buffers, LIMIT, () => t.fail('no frame is whole'));
  deliver(receiver, framed(new Uint8Array(50_000)).subarray(0, 30_000));
  t.ok(buffers.bytesHeld >= 50_000);
  receiver.close();
  t.equal(buffers.bytesHeld, 0);
});

t.test('what lies idle is bounded, and a large memory is not given to a small frame', async (t) => {
  const buffers = new ReceiveBuffers(1_000_000);
  const out = Array.from({ length: 20 }, () => buffers.take(100_000));
  for (const frame of out) buffers.give(frame);
  const again = Array.from({ length: 20 }, () => buffers.take(100_000));
  t.equal(buffers.allocated, 20 + 20 - Math.floor(1_000_000 / again[0]!.buffer.byteLength));
  for (const frame of again) buffers.give(frame);
  const before = buffers.allocated;
  t.ok(buffers.take(20_000).buffer.byteLength < 40_000);
  t.equal(buffers.allocated, before + 1);
});
