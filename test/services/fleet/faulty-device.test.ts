import t from 'tap';
import { seededRandom } from '../../../engine/index.ts';
import { EnvelopeView, PAYLOAD_BYTES_CEILING } from '../../../schemas/envelope/index.ts';
import { type FaultShare, FaultyDevice, parseFault } from '../../../services/fleet/faulty-device.ts';
import type { FleetFrame, FleetIdentity } from '../../../services/fleet/index.ts';
import { SimulatedDevice } from '../../../services/fleet/simulated-device.ts';
import { identity } from './fleet-fixture.ts';

const NOW = Date.UTC(2026, 10, 23);

class Sent {
  readonly frames: FleetFrame[] = [];
  cuts = 0;
  publish(frame: FleetFrame): void {
    this.frames.push(frame);
  }
  counts() {
    return { acknowledged: 0, refused: 0, dropped: 0, waiting: 0 };
  }
  async idle(): Promise<void> {}
  cut(): void {
    this.cuts++;
  }
  close(): void {}
}

interface Seen {
  readonly bootEpoch: number;
  readonly sequence: number;
  readonly timeMs: number;
}

function seen({ body }: FleetFrame): Seen | null {
  const view = new EnvelopeView(PAYLOAD_BYTES_CEILING);
  if (!view.tryParseOnly(body, 0, body.length)) return null;
  return { bootEpoch: view.bootEpoch, sequence: view.sequence, timeMs: view.deviceTimeMs };
}

function device(faults: readonly FaultShare[], who: FleetIdentity = identity('fleet-1'), seed = 1) {
  const [own, thief] = [new Sent(), new Sent()];
  const made = (bootEpoch: number) => new SimulatedDevice(who, bootEpoch, seededRandom(bootEpoch + seed));
  const parts = {
    device: made(5),
    ...{ publisher: own, thief },
    recorded: () => made(4),
    clone: () => made(5),
    stolen: () => made(6),
  };
  return { own, thief, faulty: new FaultyDevice(parts, faults, seededRandom(seed), NOW) };
}

t.test('without a fault each frame goes as it was made, in order', async (t) => {
  const { own, thief, faulty } = device([]);
  for (let i = 0; i < 5; i++) t.equal(faulty.send(NOW + i, 0), 1);
  t.same(
    own.frames.map(seen),
    Array.from({ length: 5 }, (_, i) => ({ bootEpoch: 5, sequence: i, timeMs: NOW + i })),
  );
  t.same(thief.frames, []);
});

t.test('a duplicate is the same bytes twice, and what is cut off is shorter', async (t) => {
  const { own, faulty } = device([{ fault: 'duplicate', share: 1 }]);
  faulty.send(NOW, 0);
  t.equal(own.frames.length, 2);
  t.same(own.frames[0]?.body, own.frames[1]?.body);
  const cut = device([{ fault: 'truncation', share: 1 }]);
  for (let i = 0; i < 20; i++) cut.faulty.send(NOW, 0);
  t.equal(cut.own.frames.length, 20);
  t.same(new Set(cut.own.frames.map(seen)), new Set([null]));
});

t.test('a late frame keeps its time and comes after what was made later', async (t) => {
  const { own, faulty } = device([{ fault: 'late', share: 0.5 }]);
  for (let second = 0; second < 60; second++) faulty.send(NOW + second * 1000, 0);
  const sequences = own.frames.map((frame) => seen(frame)?.sequence ?? -1);
  t.ok(
    sequences.some((sequence, i) => i > 0 && sequence < sequences[i - 1]!),
    'not in order',
  );
  t.equal(new Set(sequences).size, sequences.length, 'each once');
  faulty.rest();
  t.equal(own.frames.length, 60, 'none is lost');
});

t.test('what is replayed was sent before in an earlier boot epoch, byte for byte', async (t) => {
  const { own, faulty } = device([{ fault: 'replay', share: 1 }]);
  t.equal(faulty.send(NOW, 0), 2);
  faulty.send(NOW, 0);
  t.same(
    own.frames.map((frame) => seen(frame)?.bootEpoch),
    [4, 5, 4, 5, 4],
  );
  t.equal(own.frames[2]?.body, own.frames[0]?.body);
});

t.test(
  'a clone counts as the device does and says something else; a stolen key comes over another connection',
  async (t) => {
    const who = identity('fleet-1');
    const { own, thief, faulty } = device(
      [
        { fault: 'cloned', share: 1 },
        { fault: 'stolen-key', share: 1 },
      ],
      who,
    );
    t.equal(faulty.send(NOW, 0), 3);
    t.same(own.frames.map(seen), Array(2).fill({ bootEpoch: 5, sequence: 0, timeMs: NOW }));
    t.same(thief.frames.map(seen), [{ bootEpoch: 6, sequence: 0, timeMs: NOW }]);
  },
);

t.test('a clock is wrong by minutes, one way or the other, and a lost link holds frames back', async (t) => {
  const drifts = new Set<number>();
  for (let seed = 1; seed < 20; seed++) {
    const { own, faulty } = device([{ fault: 'clock-drift', share: 1 }], identity('fleet-1'), seed);
    faulty.send(NOW, 0);
    drifts.add((seen(own.frames[0]!)?.timeMs ?? 0) - NOW);
  }
  t.same(drifts, new Set([300_000, -300_000]));
  const { own, faulty } = device([{ fault: 'lost-link', share: 1 }]);
  let most = 0;
  for (let i = 1; i <= 600; i++) {
    faulty.send(NOW + i * 100, 0);
    most = Math.max(most, i - own.frames.length);
  }
  t.ok(own.cuts >= 3, `${own.cuts} times cut`);
  t.ok(most >= 35 && most <= 45, `${most} frames waited for the link`);
  faulty.rest();
  t.equal(own.frames.length, 600);
});

t.test('a fault is named with its share, or without', async (t) => {
  t.same(parseFault('replay:0.25'), { fault: 'replay', share: 0.25 });
  t.same(parseFault('cloned'), { fault: 'cloned', share: 0.1 });
  t.same(parseFault('late'), { fault: 'late', share: 0.05 });
  t.same(parseFault('lost-link:1'), { fault: 'lost-link', share: 1 });
  for (const wrong of ['', 'repeat', 'replay:', 'replay:0', 'replay:2', 'replay:-1', 'replay:1e3', 'replay:0.1:2'])
    t.equal(parseFault(wrong), undefined, wrong);
});
