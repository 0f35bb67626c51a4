import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import t from 'tap';
import { LargeRoom, PacketWalk } from '../../../bridges/mqtt/packet-gate.ts';

const limits = { connectBytesMax: 100, packetBytesMax: 20_000 };
const header = (type: number, remainingLength: readonly number[]) => Buffer.from([type, ...remainingLength]);

function walkIn(chunks: readonly Uint8Array[]) {
  const walk = new PacketWalk(limits);
  for (const chunk of chunks) {
    const fault = walk.advance(chunk);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

void t.test('the first packet has the smaller limit, every later one the larger', async (t) => {
  const connect = Buffer.concat([header(0x10, [100]), Buffer.alloc(100)]);
  t.equal(walkIn([connect]), undefined);
  t.equal(walkIn([header(0x10, [101])]), 'PACKET_TOO_LARGE');
  const large = Buffer.concat([header(0x30, [0xa0, 0x9c, 0x01]), Buffer.alloc(20_000)]);
  t.equal(walkIn([connect, large, large, connect]), undefined);
  t.equal(walkIn([connect, large, header(0x30, [0xa1, 0x9c, 0x01])]), 'PACKET_TOO_LARGE');
});

void t.test('large packets share their room, and give it back with their end or their connection', async (t) => {
  const shared = { ...limits, largePacketBytes: 10_000 };
  const room = new LargeRoom(40_000);
  const large = header(0x30, [0xa0, 0x9c, 0x01]);
  const walks = [0, 1, 2].map(() => new PacketWalk(shared, room));
  for (const walk of walks) t.equal(walk.advance(header(0x10, [0])), undefined);
  t.equal(walks[0]!.advance(large), undefined);
  t.equal(walks[1]!.advance(Buffer.concat([large, Buffer.alloc(19_999)])), undefined);
  t.equal(walks[2]!.advance(header(0x30, [0x90, 0x4e])), undefined, 'a packet of 10,000 bytes is not large');
  t.equal(new PacketWalk(shared, room).advance(Buffer.concat([header(0x10, [0]), large])), 'NO_ROOM');
  t.equal(walks[1]!.advance(Buffer.alloc(1)), undefined);
  t.equal(walks[1]!.advance(large), undefined);
  walks[0]!.end();
  walks[0]!.end();
  t.equal(walks[1]!.advance(Buffer.concat([Buffer.alloc(20_000), large])), undefined);
});

void t.test('a length of more than four bytes is malformed, 256 MiB are too much', async (t) => {
  t.equal(walkIn([header(0x30, [0xff, 0xff, 0xff, 0xff])]), 'LENGTH_MALFORMED');
  t.equal(walkIn([header(0x30, [0xff, 0xff, 0xff, 0x7f])]), 'PACKET_TOO_LARGE');
});

void t.test(
  'packets of a foreign encoder pass in chunks of any size, and what is too large is found in all of them',
  async (t) => {
    const packet = fc.oneof(
      fc.integer({ min: 0, max: 19_000 }).map((length) =>
        generate({
          cmd: 'publish',
          topic: 'a',
          payload: Buffer.alloc(length),
          qos: 1,
          messageId: 1,
          dup: false,
          retain: false,
        }),
      ),
      fc.constant(generate({ cmd: 'pingreq' })),
    );
    const first = generate({
      cmd: 'connect',
      clientId: 'x',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: 1,
    });
    const tooLarge = generate({
      cmd: 'publish',
      topic: 'a',
      payload: Buffer.alloc(20_001),
      qos: 0,
      dup: false,
      retain: false,
    });
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 5 }),
        fc.integer({ min: 1, max: 9000 }),
        fc.boolean(),
        (packets, size, isBad) => {
          const bytes = Buffer.concat([first, ...packets, ...(isBad ? [tooLarge] : [])]);
          const chunks: Buffer[] = [];
          for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
          return walkIn(chunks) === (isBad ? 'PACKET_TOO_LARGE' : undefined);
        },
      ),
      { numRuns: 60 },
    );
    t.pass();
  },
);
