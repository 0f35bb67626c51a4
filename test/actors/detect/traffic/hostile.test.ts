import fc from 'fast-check';
import t from 'tap';
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import { FLOW_COST_BYTES, FLOW_DEFAULTS } from '../../../../actors/detect/flow/index.ts';
import { STREAM_DEFAULTS } from '../../../../actors/detect/stream/index.ts';
import { TRAFFIC_DEFAULTS, Traffic, type TrafficSink } from '../../../../actors/detect/traffic/index.ts';
import { captured } from '../captures.ts';
import { type Ends, ethernet, ipv4, tcpSegment, udpDatagram } from '../frames.ts';
import { ACK, CLIENT, FIN, PUSH, RST, SERVER, SYN, Wire } from './conversation.ts';

const NOBODY: TrafficSink = { data() {}, gap: () => true, packet() {}, end() {} };
const C2S: Ends = { from: CLIENT, to: SERVER };

t.test('a flood of flows stays within its memory, and every flow ends once', async (t) => {
  let ended = 0;
  const sink: TrafficSink = { ...NOBODY, end: () => ended++ };
  const flow = { ...FLOW_DEFAULTS, memoryBytes: 1000 * FLOW_COST_BYTES };
  const traffic = new Traffic(sink, { ...TRAFFIC_DEFAULTS, flow });
  const packets = 60_000;
  for (let n = 0; n < packets; n++) {
    const ends: Ends = { from: Uint8Array.of(10, n >> 14, (n >> 7) & 127, n & 127), to: SERVER };
    const fields = { fromPort: 1, toPort: 80, sequence: n, acknowledgment: 0, flags: SYN };
    const ip =
      n % 2 === 0
        ? ipv4(ends, 17, udpDatagram(ends, 1, 53, CLIENT))
        : ipv4(ends, 6, tcpSegment(ends, fields, new Uint8Array(0)));
    traffic.take(captured(ip, linkTypes.LINK_RAW, 1_700_000_000_000_000 + n, n + 1));
  }
  t.ok(traffic.flows.counts.active <= 1000);
  traffic.finish();
  t.equal(ended, packets);
});

/** A session whose segments come in the worst order, with nothing acknowledged. */
function outOfOrder(count: number, memoryBytes: number): { traffic: Traffic; inStream: number } {
  let inStream = 0;
  const sink: TrafficSink = {
    ...NOBODY,
    packet: (_packet, flow) => {
      if (flow?.session?.packetIsInStream === true) inStream++;
    },
  };
  const stream = { ...STREAM_DEFAULTS, memoryBytes };
  const traffic = new Traffic(sink, { ...TRAFFIC_DEFAULTS, stream, validatesChecksums: false });
  const send = (direction: 0 | 1, flags: number, sequence: number, acknowledgment: number, text = ''): void => {
    const ends = direction === 0 ? C2S : { from: SERVER, to: CLIENT };
    // Scaled by 2^14: all of it is within the window.
    const options = (flags & SYN) !== 0 ? Uint8Array.of(3, 3, 14, 1) : undefined;
    const fields = {
      ...{
        fromPort: direction === 0 ? 4000 : 80,
        toPort: direction === 0 ? 80 : 4000,
        sequence,
        acknowledgment,
        flags,
      },
      ...{ window: 65_535, ...(options === undefined ? {} : { options }) },
    };
    traffic.take(captured(ipv4(ends, 6, tcpSegment(ends, fields, Buffer.from(text))), linkTypes.LINK_RAW, 1e15));
  };
  send(0, SYN, 1000, 0);
  send(1, SYN | ACK, 5000, 1001);
  send(0, ACK, 1001, 5001);
  send(1, ACK, 5001, 1001);
  for (let at = count; at > 0; at--) send(0, ACK, 1001 + 2 * at, 5001, 'x');
  return { traffic, inStream };
}

t.test('a hundred thousand segments out of order are kept in bounded memory and let go at the end', async (t) => {
  const { traffic, inStream } = outOfOrder(100_000, 64 * 1024 * 1024);
  t.equal(inStream, 100_000);
  t.ok(traffic.tracker.pool.heldBytes < 4 * 1024 * 1024);
  traffic.finish();
  t.equal(traffic.tracker.pool.heldBytes, 0);
});

t.test('segments that each lie over thousands of others are settled one after the other', async (t) => {
  const wire = new Wire();
  wire.handshake();
  const text = 'abcdefghij'.repeat(140);
  for (let at = 1500; at >= 0; at--) wire.segment(0, ACK, at, 0, text);
  for (let at = 0; at <= 1500; at++) wire.segment(0, ACK, at, 0, text.slice(0, 1399));
  const [line] = wire.segment(1, ACK, 0, 2900);
  // The one that starts first gives what it has, then those behind it.
  t.equal(line, `data 1 0 ${JSON.stringify(text + text.slice(-1).repeat(1500))}`);
  wire.finish();
  t.equal(wire.traffic.tracker.pool.heldBytes, 0);
});

t.test('without memory segments are refused, counted, and inspected as packets', async (t) => {
  const { traffic, inStream } = outOfOrder(20_000, 64 * 1024);
  t.ok(traffic.tracker.pool.heldBytes <= 64 * 1024);
  t.equal(inStream + traffic.tracker.pool.refused, 20_000);
  t.ok(inStream > 100);
  traffic.finish();
  t.equal(traffic.tracker.pool.heldBytes, 0);
});

t.test('an evasion by overlap is seen as the target sees it: the first bytes hold', async (t) => {
  const wire = new Wire();
  wire.handshake();
  wire.segment(0, ACK, 4, 0, 'passwd');
  wire.segment(0, ACK, 4, 0, 'harmle');
  wire.segment(0, ACK, 0, 0, '/etc');
  t.ok(wire.segment(1, ACK, 0, 10).includes('data 1 0 "/etcpasswd"'));
});

t.test('beyond the depth nothing is put together, and packets are inspected by themselves', async (t) => {
  const wire = new Wire({ stream: { ...STREAM_DEFAULTS, depthBytes: 100 } });
  wire.handshake();
  t.match(wire.segment(0, ACK, 0, 0, 'a'.repeat(90)).at(-1), /in stream$/);
  wire.segment(1, ACK, 0, 90);
  wire.segment(0, ACK, 90, 0, 'b'.repeat(90));
  wire.segment(1, ACK, 0, 180);
  t.strictSame(wire.segment(0, ACK, 180, 0, 'c'.repeat(90)), ['packet 1 0 established']);
});

t.test('whatever segments come, nothing breaks and no memory is left', async (t) => {
  let segments = 0;
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          direction: fc.constantFrom(0 as const, 1 as const),
          flags: fc.constantFrom(ACK, ACK, ACK | PUSH, SYN, SYN | ACK, FIN | ACK, RST, RST | ACK, FIN, 0, 63),
          at: fc.oneof(fc.integer({ min: -2, max: 60 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
          acks: fc.oneof(fc.integer({ min: -2, max: 60 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
          text: fc.string({ maxLength: 30 }),
          window: fc.constantFrom(0, 1, 100, 65_535),
        }),
        { maxLength: 60 },
      ),
      fc.boolean(),
      fc.boolean(),
      (steps, midstream, begins) => {
        const wire = new Wire({ stream: { ...STREAM_DEFAULTS, midstream, depthBytes: 1000 } });
        if (begins) wire.handshake();
        for (const { direction, flags, at, acks, text, window } of steps) {
          wire.segment(direction, flags, at, acks, text, { window });
          segments++;
        }
        wire.finish();
        t.equal(wire.traffic.tracker.pool.heldBytes, 0);
      },
    ),
    { numRuns: 300 },
  );
  t.ok(segments > 1000);
});

t.test('frames that are not whole, or not what they say, do not break the loop', async (t) => {
  const traffic = new Traffic(NOBODY);
  const fields = { fromPort: 1, toPort: 2, sequence: 3, acknowledgment: 4, flags: ACK };
  const frame = ethernet(0x0800, ipv4(C2S, 6, tcpSegment(C2S, fields, Buffer.from('hello'))));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 6 }), fc.nat(60), (changes, length) => {
      const bytes = frame.slice(0, length);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      traffic.take(captured(bytes, linkTypes.LINK_ETHERNET));
    }),
    { numRuns: 3000 },
  );
  traffic.finish();
  t.ok(traffic.counts.invalid > 500);
});
