import t from 'tap';
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import {
  EXPIRED_A_PACKET,
  FLOW_COST_BYTES,
  FLOW_DEFAULTS,
  type Flow,
  type FlowEnd,
  FlowTable,
  type FlowTableOptions,
  hashOf,
} from '../../../../actors/detect/flow/index.ts';
import { decodeCaptured, Packet } from '../../../../actors/detect/packet/index.ts';
import { captured } from '../captures.ts';
import { bytesOf, type Ends, ethernet, icmpMessage, ipv4, ipv6, n16, n32, tcpSegment, udpDatagram } from '../frames.ts';

const SECOND = 1_000_000;
const A: Ends = { from: Uint8Array.of(10, 0, 0, 1), to: Uint8Array.of(10, 0, 0, 2) };
const B: Ends = { from: A.to, to: A.from };

class Ended {
  readonly lines: string[] = [];
  readonly table: FlowTable;
  readonly #packet = new Packet();

  constructor(options: Partial<FlowTableOptions> = {}) {
    const onEnd = (flow: Flow, reason: FlowEnd): void => {
      this.lines.push(`${flow.id} ${reason}`);
    };
    this.table = new FlowTable({ ...FLOW_DEFAULTS, ...options }, onEnd, () => false);
  }

  /** The flow's number and the packet's direction. */
  see(ip: Uint8Array, seconds = 0, tags: readonly (readonly [number, number])[] = []): string {
    const timeUs = seconds * SECOND;
    this.table.advance(timeUs);
    decodeCaptured(
      this.#packet,
      captured(ethernet(ip[0]! >> 4 === 4 ? 0x0800 : 0x86dd, ip, tags), linkTypes.LINK_ETHERNET, timeUs),
    );
    const flow = this.table.find(this.#packet);
    if (flow === null) return '-';
    this.table.touch(flow, timeUs);
    return `${flow.id} ${this.table.direction}`;
  }
}

const udp = (ends: Ends, from: number, to: number): Uint8Array =>
  ipv4(ends, 17, udpDatagram(ends, from, to, Uint8Array.of(1)));

t.test('both directions are one flow; ports, VLANs and protocols tell flows apart', async (t) => {
  const { table, see } = bound(new Ended());
  t.equal(see(udp(A, 5, 6)), '1 0');
  t.equal(see(udp(B, 6, 5)), '1 1');
  t.equal(see(udp(A, 6, 5)), '2 0', 'ports the other way round');
  t.equal(see(udp(A, 5, 6), 0, [[0x8100, 7]]), '3 0', 'in a VLAN');
  const fields = { fromPort: 5, toPort: 6, sequence: 1, acknowledgment: 0, flags: 2 };
  t.equal(see(ipv4(A, 6, tcpSegment(A, fields, new Uint8Array(0)))), '4 0');
  t.equal(see(ipv4(A, 89, new Uint8Array(40))), '-', 'of other protocols none is kept');
  t.match(table.counts, { total: 4, active: 4, tcp: 1, udp: 3 });
});

t.test('an ICMP answer is in the flow of its question, an error in the flow of the packet it quotes', async (t) => {
  const { see } = bound(new Ended());
  const echo = bytesOf(n16(7), n16(1));
  t.equal(see(ipv4(A, 1, icmpMessage(A, 8, 0, echo))), '1 0');
  t.equal(see(ipv4(B, 1, icmpMessage(B, 0, 0, echo))), '1 1');
  t.equal(see(ipv4(B, 1, icmpMessage(B, 8, 0, echo))), '2 0', 'a question of the other side is another flow');
  see(udp(A, 5, 6));
  const quoted = udp(A, 5, 6).subarray(0, 28);
  t.equal(see(ipv4(B, 1, icmpMessage(B, 3, 3, bytesOf(n32(0), quoted)))), '3 1');
  const unknown = udp(A, 50, 60).subarray(0, 28);
  t.equal(see(ipv4(B, 1, icmpMessage(B, 3, 3, bytesOf(n32(0), unknown)))), '-', 'errors begin no flow');
});

t.test('a code tells flows of ICMPv6 apart; what is no TCP, UDP, SCTP or ICMP goes one way', async (t) => {
  const { see } = bound(new Ended());
  const [six, back] = [
    { from: new Uint8Array(16).fill(1), to: new Uint8Array(16).fill(2) },
    { from: new Uint8Array(16).fill(2), to: new Uint8Array(16).fill(1) },
  ];
  const message = (ends: Ends, type: number, code: number) => ipv6(ends, 58, icmpMessage(ends, type, code, n32(1)));
  t.equal(see(message(six, 128, 0)), '1 0');
  t.equal(see(message(back, 129, 0)), '1 1');
  t.equal(see(message(six, 128, 2)), '2 0');
  t.equal(see(message(back, 129, 2)), '3 0');
  t.equal(see(ipv4(A, 1, icmpMessage(A, 8, 1, n32(1)))), '4 0');
  t.equal(see(ipv4(B, 1, icmpMessage(B, 0, 2, n32(1)))), '4 1', 'of ICMPv4 none does');
  const hidden = (ends: Ends, index: number): Uint8Array => ipv4(ends, 50, bytesOf(n32(index), n32(1), n32(2)));
  t.equal(see(hidden(A, 7)), '5 0');
  t.equal(see(hidden(A, 8)), '6 0');
  t.equal(see(hidden(B, 7)), '7 0', 'nothing answers ESP');
  const carried = message(six, 128, 0);
  t.equal(see(ipv4(A, 41, carried)), '8 0');
  t.equal(see(ipv4(B, 41, carried)), '8 0');
});

t.test('flows end by the packets own time, after what their state allows', async (t) => {
  const { ended, table, see } = bound(new Ended());
  see(udp(A, 1, 2), 100);
  see(udp(A, 3, 4), 110);
  see(udp(A, 1, 2), 129);
  see(udp(A, 9, 9), 140);
  t.strictSame(ended.lines, [], 'thirty seconds are not over before the thirty-first');
  see(udp(A, 9, 9), 141);
  t.strictSame(ended.lines, ['2 timeout']);
  t.equal(see(udp(A, 1, 2), 159), '1 0', 'a packet gave it time');
  t.equal(see(udp(A, 1, 2), 500), '4 0', 'the same ports later are another flow');
  t.strictSame(ended.lines.toSorted(), ['1 timeout', '2 timeout', '3 timeout']);
  table.finish();
  t.equal(ended.lines.at(-1), '4 shutdown');
  t.match(table.counts, { active: 0, timedOut: 3, total: 4 });
});

t.test('an established flow has more time than a new one, and gives way to a flood last', async (t) => {
  const { ended, table, see, packet } = bound(new Ended({ memoryBytes: 100 * FLOW_COST_BYTES }));
  see(udp(A, 1, 2));
  decodeCaptured(packet, captured(ethernet(0x0800, udp(B, 2, 1)), linkTypes.LINK_ETHERNET));
  const flow = table.find(packet)!;
  table.setState(flow, 'established');
  for (let port = 1000; port < 1000 + 50_000; port++) see(udp(A, port, 53), 1);
  t.match(table.counts, { active: 100, evicted: 50_001 - 100 });
  t.strictSame(ended.lines.slice(0, 3), ['2 forced', '3 forced', '4 forced'], 'the one that has waited longest goes');
  t.notOk(ended.lines.includes('1 forced'));
  see(udp(A, 60_000, 53), 300);
  t.notOk(ended.lines.includes('1 timeout'));
  see(udp(A, 60_000, 53), 301);
  t.equal(ended.lines.filter((line) => line === '1 timeout').length, 1);
});

t.test('a leap in time ends a bounded number of flows with each packet, and none that is over goes on', async (t) => {
  const { ended, table, see } = bound(new Ended());
  const flows = 3 * EXPIRED_A_PACKET;
  for (let port = 1; port <= flows; port++) see(udp(A, port, 53));
  see(udp(A, 60_000, 53), 1000);
  t.equal(ended.lines.length, EXPIRED_A_PACKET);
  t.equal(see(udp(A, flows, 53), 1000), `${flows + 2} 0`, 'the last of them is over, too');
  t.equal(ended.lines.length, 2 * EXPIRED_A_PACKET + 1);
  t.equal(see(udp(A, flows - 1, 53), 900), `${flows + 3} 0`, 'whenever its packet was sent');
  t.equal(see(udp(A, flows - 1, 53), 900), `${flows + 3} 0`, 'packets from before the leap are still of one flow');
  table.finish();
  t.equal(ended.lines.filter((line) => line.endsWith('timeout')).length, flows);
  t.equal(ended.lines.filter((line) => line.endsWith('shutdown')).length, 3);
});

/** Ports of flows that share a row of a table with this seed. */
function ofOneRow(seed: number, count: number): (readonly [number, number])[] {
  const ends = { protocol: 17, depth: 0, vlan0: 0, vlan1: 0, vlan2: 0 };
  const addresses = { src0: 0x0a00_0001, src1: 0, src2: 0, src3: 0, dst0: 0x0a00_0002, dst1: 0, dst2: 0, dst3: 0 };
  const found: (readonly [number, number])[] = [];
  const key = { ...ends, ...addresses, sourceKey: 0, destinationKey: 0 };
  for (; found.length < count; key.sourceKey++)
    for (key.destinationKey = 1; key.destinationKey < 65_536; key.destinationKey++)
      if ((hashOf(key, seed) & 0xffff) === 0) found.push([key.sourceKey, key.destinationKey]);
  return found.slice(0, count);
}

t.test('flows that share a row of one table do not share one where chance has drawn another seed', async (t) => {
  const flows = ofOneRow(1, 80);
  const evictedOf = (seed: number): number => {
    const { table, see } = bound(new Ended({ random: { u32: () => seed, bytes: () => new Uint8Array(0) } }));
    for (const [from, to] of flows) see(udp(A, from, to));
    return table.counts.evicted;
  };
  t.equal(evictedOf(1), 80 - 64, 'whoever knows the seed can crowd a row, and no more than a row');
  t.equal(evictedOf(2), 0);
});

function bound(ended: Ended): { ended: Ended; table: FlowTable; see: Ended['see']; packet: Packet } {
  return { ended, table: ended.table, see: ended.see.bind(ended), packet: new Packet() };
}
