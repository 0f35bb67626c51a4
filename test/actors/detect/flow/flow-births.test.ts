/** Flows that are made anew from a part of the packets. */
import t from 'tap';
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import { FLOW_DEFAULTS, type Flow, FlowBirths, type FlowOrigin, laneOf } from '../../../../actors/detect/flow/index.ts';
import { TRAFFIC_DEFAULTS, Traffic, type TrafficSink } from '../../../../actors/detect/traffic/index.ts';
import { captured } from '../captures.ts';
import { bytesOf, type Ends, icmpMessage, ipv4, n32, tcpSegment, udpDatagram } from '../frames.ts';

const host = (last: number): Uint8Array => Uint8Array.of(10, 0, 0, last);
const way = (from: number, to: number): Ends => ({ from: host(from), to: host(to) });
const START_US = 1_790_000_000_000_000;
const syn = { fromPort: 4000, toPort: 80, sequence: 1, acknowledgment: 0, flags: 2 };

const udp = (from: number, to: number, port: number, serverPort = 5000): Uint8Array =>
  ipv4(way(from, to), 17, udpDatagram(way(from, to), port, serverPort, Uint8Array.of(1, 2)));
const packetOf = (ip: Uint8Array, timeUs = START_US) => captured(ip, linkTypes.LINK_RAW, timeUs, 1);

class Living implements TrafficSink {
  readonly live = new Map<number, Flow>();

  data(): void {}

  gap(): boolean {
    return true;
  }

  packet(_packet: unknown, flow: Flow | null): void {
    if (flow !== null) this.live.set(flow.id, flow);
  }

  end(flow: Flow): void {
    this.live.delete(flow.id);
  }
}

function table() {
  const births = new FlowBirths();
  const sink = new Living();
  const traffic = new Traffic(sink, { ...TRAFFIC_DEFAULTS, flow: { ...FLOW_DEFAULTS, births } });
  return { births, sink, traffic };
}

const facts = ({ live }: Living): unknown[] =>
  [...live.values()].map(({ id, firstUs, packets, sourcePort }) => ({
    id,
    firstUs,
    packets: [...packets],
    sourcePort,
  }));

t.test(
  'packets from the record of the oldest live flow on make the same flows, and none of what is left of others',
  (t) => {
    const records = [
      // The first flow ends by its time-out, though packets of it come behind those of the second.
      [packetOf(udp(1, 2, 1000))],
      [packetOf(udp(3, 4, 2000), START_US + 1_000_000), packetOf(udp(1, 2, 1000), START_US + 2_000_000)],
      [packetOf(udp(4, 3, 5000, 2000), START_US + 28_000_000)],
      [packetOf(udp(5, 6, 3000), START_US + 40_000_000)],
    ];
    const first = table();
    const origins = records.map((): FlowOrigin => ({ live: 0 }));
    const known: { births: Int32Array; before: number }[] = [];
    for (const [i, packets] of records.entries()) {
      const before = first.traffic.flows.counts.total;
      first.births.begin(origins[i]!, null);
      for (const packet of packets) first.traffic.take(packet);
      known.push({ births: first.births.noted, before });
    }
    t.same(
      origins.map(({ live }) => live),
      [0, 1, 0, 1],
      'each record knows how many of its flows live',
    );
    const second = table();
    for (const [i, packets] of records.entries()) {
      if (i < 1) continue;
      second.births.begin({ live: 0 }, known[i]!.births);
      second.traffic.flows.counts.total = known[i]!.before;
      for (const packet of packets) second.traffic.take(packet);
    }
    t.same(facts(second.sink), facts(first.sink));
    t.equal(second.sink.live.size, 2);
    t.end();
  },
);

t.test('lanes: both directions, fragments, and errors about a packet go one way; hosts are spread', (t) => {
  const lanes = 16;
  const lane = (ip: Uint8Array): number => laneOf(packetOf(ip), lanes);
  const seen = new Set<number>();
  for (let last = 10; last < 110; last++) {
    const there = ipv4(way(1, last), 6, tcpSegment(way(1, last), syn, Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9)));
    const back = ipv4(
      way(last, 1),
      6,
      tcpSegment(way(last, 1), { ...syn, fromPort: 80, toPort: 4000 }, Uint8Array.of()),
    );
    const part = ipv4(way(1, last), 17, new Uint8Array(16), undefined, { id: 3, offset: 64, more: false });
    const error = ipv4(way(200, 1), 1, icmpMessage(way(200, 1), 3, 1, bytesOf(n32(0), there.subarray(0, 28))));
    t.equal(lane(back), lane(there));
    t.equal(lane(part), lane(there));
    t.equal(lane(error), lane(there));
    seen.add(lane(there));
  }
  t.ok(seen.size > lanes / 2, `${seen.size} lanes are used`);
  t.equal(laneOf(captured(Uint8Array.of(1, 2, 3), linkTypes.LINK_ETHERNET, START_US, 1), lanes), 0);
  t.end();
});
