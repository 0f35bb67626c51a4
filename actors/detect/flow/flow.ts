/**
 * One flow: who talks with whom, what was seen of it, and what the parts above keep for it. The initiator is the client:
 * its packets have direction 0. An object lives as long as its flow and is never reused, so whoever holds one may keep it.
 */
import type { FlowOrigin } from './flow-births.ts';
import type { FlowSession } from './flow-session.ts';

export type FlowState = 'new' | 'established' | 'closed';
export type FlowEnd = 'timeout' | 'forced' | 'shutdown';

export class Flow {
  /** From 1 on, in the order of the flows' first packets. */
  readonly id: number;
  readonly hash: number;
  readonly ipVersion: 4 | 6;
  /** Number of the transport. */
  readonly protocol: number;
  /** How many tunnels its packets are in. */
  readonly depth: number;
  readonly vlanCount: number;
  readonly vlan0: number;
  readonly vlan1: number;
  readonly vlan2: number;
  src0: number;
  src1: number;
  src2: number;
  src3: number;
  dst0: number;
  dst1: number;
  dst2: number;
  dst3: number;
  /** Of ICMP: type and code of the first packet. */
  sourcePort: number;
  destinationPort: number;
  /** What tells the two directions apart beside the addresses: the ports; of ICMP the type and the type of its answer. */
  sourceKey: number;
  destinationKey: number;

  readonly firstUs: number;
  lastUs: number;
  readonly packets: [number, number] = [0, 0];
  readonly bytes: [number, number] = [0, 0];
  state: FlowState = 'new';
  /** Bit 1: packets to the server were seen; bit 2: to the client. */
  seen = 0;
  /** What `flow: established` asks of the packet in hand: it is judged before the packet changes the session. */
  isEstablished = false;
  /** Its two sides have changed places since the first packet. */
  isSwapped = false;
  session: FlowSession | null = null;
  /** The number in records of the flow that has announced it; 0: none has. */
  parentId = 0;
  /** What the application protocol's reader keeps. */
  application: object | null = null;
  /** What the inspection keeps: bits, counters, places. */
  memory: object | null = null;
  /** The record that it began in, where that is kept. */
  origin: FlowOrigin | null = null;

  /** The table's own: other flows of the row, and those with the same time-out in the order of their last packets. */
  nextInRow: Flow | null = null;
  older: Flow | null = null;
  newer: Flow | null = null;
  timeoutClass = 0;

  constructor(id: number, key: FlowKey, timeUs: number) {
    this.id = id;
    this.hash = key.hash;
    this.ipVersion = key.ipVersion;
    this.protocol = key.protocol;
    this.depth = key.depth;
    this.vlanCount = key.vlanCount;
    this.vlan0 = key.vlan0;
    this.vlan1 = key.vlan1;
    this.vlan2 = key.vlan2;
    this.src0 = key.src0;
    this.src1 = key.src1;
    this.src2 = key.src2;
    this.src3 = key.src3;
    this.dst0 = key.dst0;
    this.dst1 = key.dst1;
    this.dst2 = key.dst2;
    this.dst3 = key.dst3;
    this.sourcePort = key.sourceKey;
    this.destinationPort = key.destinationKey;
    this.sourceKey = key.sourceKey;
    this.destinationKey = key.destinationKey;
    this.firstUs = timeUs;
    this.lastUs = timeUs;
  }

  /** The server was taken for the client. What the parts above keep is theirs to turn. */
  swap(): void {
    const { src0, src1, src2, src3, sourcePort, sourceKey } = this;
    this.src0 = this.dst0;
    this.src1 = this.dst1;
    this.src2 = this.dst2;
    this.src3 = this.dst3;
    this.sourcePort = this.destinationPort;
    this.sourceKey = this.destinationKey;
    this.dst0 = src0;
    this.dst1 = src1;
    this.dst2 = src2;
    this.dst3 = src3;
    this.destinationPort = sourcePort;
    this.destinationKey = sourceKey;
    this.packets.reverse();
    this.bytes.reverse();
    this.seen = ((this.seen & 1) << 1) | (this.seen >> 1);
    this.isSwapped = !this.isSwapped;
    this.session?.swap();
  }
}

/** What tells flows apart; one is reused for every packet. */
export class FlowKey {
  hash = 0;
  ipVersion: 4 | 6 = 4;
  protocol = 0;
  depth = 0;
  vlanCount = 0;
  vlan0 = 0;
  vlan1 = 0;
  vlan2 = 0;
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  sourceKey = 0;
  destinationKey = 0;
}
