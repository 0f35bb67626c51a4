/** What every EVE record begins with: when, which flow, between whom. */
import { type Flow, hashOf } from '../flow/index.ts';
import { type JsonWriter, key } from '../json/index.ts';
import {
  type Packet,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../packet/index.ts';
import type { Direction } from '../protocols/index.ts';
import { EVENT_TYPE, type EveLine, TIMESTAMP } from './eve-line.ts';
import { addVariables } from './flow-facts.ts';
import { addAddress, addTime, protocolName } from './text.ts';

export const SRC_IP = key('src_ip');
export const SRC_PORT = key('src_port');
export const DEST_IP = key('dest_ip');
export const DEST_PORT = key('dest_port');
export const PROTO = key('proto');
export const PCAP_CNT = key('pcap_cnt');
export const PKT_SRC = key('pkt_src');
const FLOW_ID = key('flow_id');
const PARENT_ID = key('parent_id');
const VLAN = key('vlan');
const IP = key('ip');
const PORT = key('port');
const ICMP_TYPE = key('icmp_type');
const ICMP_CODE = key('icmp_code');

/** The same for the same flow wherever and whenever it is told: the table's own hash is another with each start. */
const TOLD_SEED = 0x6d736563;

/** A number that tells flows apart and fits a double: a hash, and which flow it is. */
export const flowId = (flow: Flow): number =>
  ((hashOf(flow, TOLD_SEED) >>> 0) & 0x3fff_ffff) * 0x80_0000 + (flow.id & 0x7f_ffff);

export const hasPorts = (protocol: number): boolean =>
  protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP || protocol === PROTOCOL_SCTP;

/** As it is, and not made of others or taken out of one: Suricata numbers no other. */
export const isCaptured = ({ isPseudo, isReassembled, depth, number }: Packet): boolean =>
  !isPseudo && !isReassembled && depth === 0 && number > 0;

/** Of a packet, from its source to its destination. */
export function beginOfPacket(line: EveLine, type: string, packet: Packet, flow: Flow | null): void {
  begin(line, type, packet.timeUs, flow, packet);
  addVlans(line, packet);
  addPacketEnds(line, packet);
  line.string(PKT_SRC, sourceOf(packet));
  addVariables(line, packet, flow);
}

/** Of what a flow carries: from its client to its server, or the other way for `direction` 1. */
export function beginOfFlow(line: EveLine, type: string, packet: Packet, flow: Flow, direction: Direction): void {
  begin(line, type, packet.timeUs, flow, packet);
  addVlans(line, flow);
  addEndpoints(line, flow, direction);
  line.string(PKT_SRC, sourceOf(packet));
  addVariables(line, packet, flow);
}

/** `packet`: null where it is about the flow alone. */
export function begin(line: EveLine, type: string, timeUs: number, flow: Flow | null, packet: Packet | null): void {
  line.begin();
  line.type = type;
  line.signatureId = -1;
  addTime(line, TIMESTAMP, timeUs);
  if (flow !== null) {
    line.number(FLOW_ID, flowId(flow));
    // That of the one that has announced it.
    if (flow.parentId !== 0) line.number(PARENT_ID, flow.parentId);
  }
  if (packet !== null && isCaptured(packet)) line.number(PCAP_CNT, packet.number);
  line.string(EVENT_TYPE, type);
}

function addPacketEnds(line: EveLine, packet: Packet): void {
  if (packet.ipVersion === 0) return;
  // A fragment's are zero.
  const ports = hasPorts(packet.protocol);
  addAddress(line, SRC_IP, packet.ipVersion, packet.src0, packet.src1, packet.src2, packet.src3);
  if (ports) line.number(SRC_PORT, packet.sourcePort);
  addAddress(line, DEST_IP, packet.ipVersion, packet.dst0, packet.dst1, packet.dst2, packet.dst3);
  if (ports) line.number(DEST_PORT, packet.destinationPort);
  line.string(PROTO, protocolName(packet.protocol));
  if ((packet.protocol === PROTOCOL_ICMP || packet.protocol === PROTOCOL_ICMPV6) && packet.hasTransport) {
    line.number(ICMP_TYPE, packet.icmpType);
    line.number(ICMP_CODE, packet.icmpCode);
  }
}

export function addEndpoints(into: JsonWriter, flow: Flow, direction: Direction): void {
  const ports = hasPorts(flow.protocol);
  const isForward = direction === 0;
  addEnd(into, SRC_IP, flow, isForward);
  if (ports) into.number(SRC_PORT, isForward ? flow.sourcePort : flow.destinationPort);
  addEnd(into, DEST_IP, flow, !isForward);
  if (ports) into.number(DEST_PORT, isForward ? flow.destinationPort : flow.sourcePort);
  into.string(PROTO, protocolName(flow.protocol));
}

/** An object with the packet's source, or its destination, as far as it has them. */
export function addSide(into: JsonWriter, name: Uint8Array, packet: Packet, isSource: boolean): void {
  into.open(name);
  const { ipVersion } = packet;
  if (ipVersion !== 0) {
    if (isSource) addAddress(into, IP, ipVersion, packet.src0, packet.src1, packet.src2, packet.src3);
    else addAddress(into, IP, ipVersion, packet.dst0, packet.dst1, packet.dst2, packet.dst3);
    if (hasPorts(packet.protocol)) into.number(PORT, isSource ? packet.sourcePort : packet.destinationPort);
  }
  into.close();
}

/** The address of the client, or of the server. */
export function addEnd(into: JsonWriter, name: Uint8Array, flow: Flow, isClient: boolean): void {
  if (isClient) addAddress(into, name, flow.ipVersion, flow.src0, flow.src1, flow.src2, flow.src3);
  else addAddress(into, name, flow.ipVersion, flow.dst0, flow.dst1, flow.dst2, flow.dst3);
}

interface Vlans {
  readonly vlanCount: number;
  readonly vlan0: number;
  readonly vlan1: number;
  readonly vlan2: number;
}

export function addVlans(line: EveLine, { vlanCount, vlan0, vlan1, vlan2 }: Vlans): void {
  if (vlanCount > 0) line.value(VLAN, [vlan0, vlan1, vlan2].slice(0, vlanCount));
}

export function sourceOf({ isPseudo, isFlush, source }: Packet): string {
  if (isFlush) return 'stream (detect/log)';
  return isPseudo ? 'stream (flow timeout)' : source;
}
