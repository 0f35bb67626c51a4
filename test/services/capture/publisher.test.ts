import t from 'tap';
import { CapturedPacket } from '../../../actors/detect/index.ts';
import { MsecError, pause, seededRandom } from '../../../engine/base/index.ts';
import { Life, Timeline } from '../../../engine/simulate/index.ts';
import { PacketBatchView } from '../../../schemas/network/index.ts';
import { PacketPublisher, type PublisherOptions } from '../../../services/capture/index.ts';
import { ethernet, ipv4, udpDatagram } from '../../actors/detect/frames.ts';

const START_US = 1_790_000_000_000_000;

function packet(host: number, number: number): CapturedPacket {
  const ends = { from: Uint8Array.of(10, 0, 0, 1), to: Uint8Array.of(10, 0, 1, host) };
  const frame = ethernet(0x0800, ipv4(ends, 17, udpDatagram(ends, 1000, 2000, new Uint8Array(100))));
  return Object.assign(new CapturedPacket(), {
    bytes: frame,
    end: frame.length,
    wireLength: frame.length,
    linkType: 1,
    timeUs: START_US + number,
    number,
  });
}

interface Taken {
  readonly lane: number;
  readonly sequence: number;
  readonly dropped: number;
  readonly numbers: readonly number[];
  readonly timeUs: number;
}

function publishing(
  options: Partial<PublisherOptions>,
  answer: (taken: Taken, call: number) => void = () => undefined,
) {
  const timeline = new Timeline(seededRandom(1));
  const life = new Life();
  const clock = timeline.clock(life);
  const taken: Taken[] = [];
  let calls = 0;
  const publisher = new PacketPublisher({
    lanes: 1,
    clock,
    random: seededRandom(1),
    send: async (lane, batch) => {
      await pause(clock, 10);
      const view = new PacketBatchView();
      view.open(batch, 0, batch.length);
      const numbers: number[] = [];
      while (view.next()) numbers.push(view.packetTimeUs - START_US);
      const one = { lane, sequence: view.sequence, dropped: view.dropped, numbers, timeUs: view.timeUs };
      answer(one, ++calls);
      taken.push(one);
    },
    ...options,
  });
  const run = async (step: () => Promise<void>): Promise<void> => {
    let isOver = false;
    const stepped = step().finally(() => {
      isOver = true;
    });
    await timeline.run(() => isOver, Number.POSITIVE_INFINITY);
    await stepped;
  };
  return { publisher, taken, run, wait: (ms: number) => pause(clock, ms), life };
}

t.test('every packet is sent once, in the order of its lane', async (t) => {
  const { publisher, taken, run } = publishing({ lanes: 4, batchBytes: 1000, heartbeatMs: null });
  await run(async () => {
    for (let i = 0; i < 500; i++) publisher.take(packet(i % 50, i));
    await publisher.close(10_000);
  });
  const numbers = taken.flatMap((one) => one.numbers);
  t.same(
    numbers.toSorted((a, b) => a - b),
    Array.from({ length: 500 }, (_, i) => i),
  );
  const lanes = new Set(taken.map(({ lane }) => lane));
  t.equal(lanes.size, 4);
  for (const lane of lanes) {
    const own = taken.filter((one) => one.lane === lane);
    t.same(
      own.map(({ sequence }) => sequence),
      own.map((_, i) => i + 1),
    );
    const ofLane = own.flatMap((one) => one.numbers);
    t.same(
      ofLane,
      ofLane.toSorted((a, b) => a - b),
    );
  }
});

t.test('a batch that was refused for now is sent again, before the next', async (t) => {
  const refuse = (_: Taken, call: number) => {
    if (call % 3 !== 0) throw new MsecError('QUOTA_EXCEEDED', 'later');
  };
  const { publisher, taken, run } = publishing({ batchBytes: 1000, heartbeatMs: null }, refuse);
  await run(async () => {
    for (let i = 0; i < 40; i++) publisher.take(packet(1, i));
    await publisher.close(60_000);
  });
  t.same(
    taken.flatMap((one) => one.numbers),
    Array.from({ length: 40 }, (_, i) => i),
  );
  t.ok(publisher.counts.repeated > 0);
  t.equal(publisher.counts.dropped, 0);
});

t.test('packets without room are lost, and counted in a batch that comes through', async (t) => {
  const { publisher, taken, run, wait } = publishing({ batchBytes: 1000, queueBytesMax: 3_000, heartbeatMs: null });
  await run(async () => {
    for (let i = 0; i < 100; i++) publisher.take(packet(1, i));
    await wait(1_000);
    publisher.take(packet(1, 100));
    await publisher.close(10_000);
  });
  const { dropped, packets } = publisher.counts;
  t.ok(dropped > 50 && packets + dropped === 101);
  t.equal(
    taken.reduce((sum, one) => sum + one.dropped, 0),
    dropped,
  );
});

t.test('who can wait is told when there is room', async (t) => {
  const { publisher, run } = publishing({ batchBytes: 1000, queueBytesMax: 8_000, heartbeatMs: null });
  await run(async () => {
    for (let i = 0; i < 300; i++) {
      publisher.take(packet(1, i));
      await publisher.whenRoom();
    }
    await publisher.close(10_000);
  });
  t.same([publisher.counts.packets, publisher.counts.dropped], [300, 0]);
});

t.test('a batch that is refused for good is told and lost, and the next goes on', async (t) => {
  const lost: unknown[] = [];
  const refuse = (_: Taken, call: number) => {
    if (call === 1) throw new MsecError('REQUEST_INVALID', 'never');
  };
  const options = { batchBytes: 1000, heartbeatMs: null, onLost: (error: unknown) => void lost.push(error) };
  const { publisher, taken, run } = publishing(options, refuse);
  await run(async () => {
    for (let i = 0; i < 20; i++) publisher.take(packet(1, i));
    await publisher.close(10_000);
  });
  t.equal(lost.length, 1);
  const came = taken.flatMap((one) => one.numbers).length;
  t.equal(came + publisher.counts.dropped, 20);
  t.ok(came > 0 && publisher.counts.dropped > 0);
});

t.test('a lane without packets tells that time goes on, but not past packets that may be under way', async (t) => {
  const { publisher, taken, run, wait } = publishing({ heartbeatMs: 1_000 });
  await run(async () => {
    await wait(10_000);
    await publisher.close(1_000);
  });
  t.ok(taken.length >= 8 && taken.length <= 11, `${taken.length} words`);
  t.ok(taken.every(({ numbers }) => numbers.length === 0));
  const times = taken.map(({ timeUs }) => timeUs);
  t.same(
    times,
    times.toSorted((a, b) => a - b),
  );
});

t.test('what is left when nobody answers is lost, and the end is not waited for for ever', async (t) => {
  const refuse = () => {
    throw new MsecError('DEPENDENCY_DOWN', 'nobody');
  };
  const { publisher, run } = publishing({ batchBytes: 1000, heartbeatMs: null }, refuse);
  await run(async () => {
    for (let i = 0; i < 20; i++) publisher.take(packet(1, i));
    await publisher.close(2_000);
  });
  t.equal(publisher.counts.dropped, 20);
});
