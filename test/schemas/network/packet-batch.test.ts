import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../../engine/base/index.ts';
import {
  BATCH_PACKET_BYTES_MAX,
  PACKET_BATCH_BYTES_MAX,
  PacketBatchView,
  PacketBatchWriter,
  vantageKey,
} from '../../../schemas/network/index.ts';

const packets = fc.array(
  fc.record({
    bytes: fc.uint8Array({ maxLength: 200 }),
    more: fc.nat(100),
    afterUs: fc.integer({ min: -1000, max: 1_000_000 }),
  }),
  { maxLength: 20 },
);
const START_US = 1_700_000_000_000_000;

function readAll(batch: Uint8Array, start = 0, end = batch.length) {
  const view = new PacketBatchView();
  view.open(batch, start, end);
  const read: { bytes: Uint8Array; wireLength: number; timeUs: number }[] = [];
  while (view.next())
    read.push({
      bytes: Uint8Array.from(batch.subarray(view.packetStart, view.packetEnd)),
      wireLength: view.wireLength,
      timeUs: view.packetTimeUs,
    });
  return { view, read };
}

t.test('what goes into a batch comes out of it, wherever the batch lies', async (t) => {
  fc.assert(
    fc.property(packets, fc.nat(), fc.nat(0xffff_ffff), fc.nat(30), (given, sequence, dropped, before) => {
      const writer = new PacketBatchWriter({ high: 7, low: 0xffff_fff0 });
      let timeUs = START_US;
      const expected = given.map(({ bytes, more, afterUs }) => {
        timeUs += afterUs;
        t.ok(writer.add(bytes, 0, bytes.length, bytes.length + more, 276, timeUs));
        return { bytes, wireLength: bytes.length + more, timeUs };
      });
      const batch = writer.finish(sequence, dropped, START_US + 5);
      const around = new Uint8Array(before + batch.length + 3);
      around.set(batch, before);
      const { view, read } = readAll(around, before, before + batch.length);
      t.same(read, expected);
      t.equal(view.timeUs, given.length === 0 ? START_US + 5 : expected[0]?.timeUs);
      t.same([view.sessionHigh, view.sessionLow, view.sequence, view.dropped], [7, 0xffff_fff0, sequence, dropped]);
      if (given.length > 0) t.equal(view.linkType, 276);
    }),
    { interruptAfterTimeLimit: 5_000 },
  );
});

t.test('a batch is full at its bound, and a packet that is too long is cut', async (t) => {
  const writer = new PacketBatchWriter({ high: 0, low: 1 });
  const long = new Uint8Array(BATCH_PACKET_BYTES_MAX + 10);
  t.ok(writer.add(long, 0, long.length, long.length, 1, START_US));
  t.notOk(writer.add(long, 0, long.length, long.length, 1, START_US), 'no second one fits');
  const batch = writer.finish(1, 0, 0);
  t.ok(batch.length <= PACKET_BATCH_BYTES_MAX);
  const [packet] = readAll(batch).read;
  t.same([packet?.bytes.length, packet?.wireLength], [BATCH_PACKET_BYTES_MAX, BATCH_PACKET_BYTES_MAX + 10]);
});

t.test('another link type, and a time that is too far, begin another batch', async (t) => {
  const writer = new PacketBatchWriter({ high: 0, low: 1 });
  const bytes = Uint8Array.of(1);
  t.ok(writer.add(bytes, 0, 1, 1, 1, START_US));
  t.notOk(writer.add(bytes, 0, 1, 1, 101, START_US));
  t.notOk(writer.add(bytes, 0, 1, 1, 1, START_US + 3_600_000_000));
  writer.finish(1, 0, 0);
  t.ok(writer.add(bytes, 0, 1, 1, 101, START_US + 3_600_000_000));
});

t.test('any bytes are a batch, or are refused before a packet is taken', async (t) => {
  const good = new PacketBatchWriter({ high: 1, low: 2 });
  for (let i = 0; i < 4; i++) good.add(Uint8Array.of(1, 2, 3), 0, 3, 60, 1, START_US + i);
  const batch = good.finish(9, 1, 0);
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(batch.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(batch.length),
      fc.boolean(),
      (changes, cut, isCut) => {
        const bytes = Uint8Array.from(batch);
        for (const [at, value] of changes) bytes[at] = value;
        const end = isCut ? cut : bytes.length;
        try {
          for (const { bytes: packet } of readAll(bytes, 0, end).read) t.ok(packet.length <= end);
        } catch (thrown) {
          refused++;
          t.ok(thrown instanceof MsecError && thrown.code === 'PACKETS_INVALID', String(thrown));
        }
      },
    ),
    { numRuns: 2_000 },
  );
  t.ok(refused > 100 && refused < 2_000, `${refused} refused`);
});

t.test('lane 0 has the key of a capture without lanes', async (t) => {
  t.same([vantageKey('gw-1', 0), vantageKey('gw-1', 3)], ['gw-1', 'gw-1/3']);
});
