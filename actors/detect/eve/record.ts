/** What every EVE record begins with: when, which flow, between whom. */
import { type Flow, hashOf } from '../flow/index.ts';
import {
  type Packet,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../packet/index.ts';
import type { Direction } from '../protocols/index.ts';
import type { EveRecord } from './eve-record.ts';
import { addVariables } from './flow-facts.ts';
import { address, protocolName, timestamp } from './text.ts';

/** The same for the same flow wherever and whenever it is told: the table's own hash is another with each start. */
const TOLD_SEED = 0x6d736563;

/** A number that tells flows apart and fits a double: a hash, and which flow it is. */
export const flowId = (flow: Flow): number =>
  ((hashOf(flow, TOLD_SEED) >>> 0) & 0x3fff_ffff) * 0x80_0000 + (flow.id & 0x7f_ffff);

const hasPorts = (protocol: number): boolean =>
  protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP || protocol === PROTOCOL_SCTP;

/** As it is, and not made of others or taken out of one: Suricata numbers no other. */
const isCaptured = ({ isPseudo, isReassembled, depth, number }: Packet): boolean =>
  !isPseudo && !isReassembled && depth === 0 && number > 0;

/** Of a packet, from its source to its destination. */
export function packetRecord(type: string, packet: Packet, flow: Flow | null): EveRecord {
  const record: EveRecord = { timestamp: timestamp(packet.timeUs) };
  if (flow !== null) addIds(record, flow);
  if (isCaptured(packet)) record.pcap_cnt = packet.number;
  record.event_type = type;
  addVlans(record, packet);
  if (packet.ipVersion !== 0) {
    // A fragment's are zero.
    const ports = hasPorts(packet.protocol);
    record.src_ip = address(packet.ipVersion, packet.src0, packet.src1, packet.src2, packet.src3);
    if (ports) record.src_port = packet.sourcePort;
    record.dest_ip = address(packet.ipVersion, packet.dst0, packet.dst1, packet.dst2, packet.dst3);
    if (ports) record.dest_port = packet.destinationPort;
    record.proto = protocolName(packet.protocol);
    if ((packet.protocol === PROTOCOL_ICMP || packet.protocol === PROTOCOL_ICMPV6) && packet.hasTransport) {
      record.icmp_type = packet.icmpType;
      record.icmp_code = packet.icmpCode;
    }
  }
  record.pkt_src = sourceOf(packet);
  addVariables(record, packet, flow);
  return record;
}

/** The flow's own number, and that of the one that has announced it. */
export function addIds(record: EveRecord, flow: Flow): void {
  record.flow_id = flowId(flow);
  if (flow.parentId !== 0) record.parent_id = flow.parentId;
}

/** Of what a flow carries: from its client to its server, or the other way for `direction` 1. */
export function flowRecord(type: string, packet: Packet, flow: Flow, direction: Direction): EveRecord {
  if (isCaptured(packet) && flow.vlanCount === 0 && flow.parentId === 0 && hasPorts(flow.protocol))
    return plainRecord(type, packet, flow, direction);
  const record: EveRecord = { timestamp: timestamp(packet.timeUs) };
  addIds(record, flow);
  if (isCaptured(packet)) record.pcap_cnt = packet.number;
  record.event_type = type;
  addVlans(record, flow);
  addEndpoints(record, flow, direction);
  record.pkt_src = sourceOf(packet);
  addVariables(record, packet, flow);
  return record;
}

/** What nearly all records are, made at once: an object that grows field by field costs several times as much. */
function plainRecord(type: string, packet: Packet, flow: Flow, direction: Direction): EveRecord {
  const client = address(flow.ipVersion, flow.src0, flow.src1, flow.src2, flow.src3);
  const server = address(flow.ipVersion, flow.dst0, flow.dst1, flow.dst2, flow.dst3);
  const isForward = direction === 0;
  const record: EveRecord = {
    timestamp: timestamp(packet.timeUs),
    flow_id: flowId(flow),
    pcap_cnt: packet.number,
    event_type: type,
    src_ip: isForward ? client : server,
    src_port: isForward ? flow.sourcePort : flow.destinationPort,
    dest_ip: isForward ? server : client,
    dest_port: isForward ? flow.destinationPort : flow.sourcePort,
    proto: protocolName(flow.protocol),
    pkt_src: sourceOf(packet),
  };
  addVariables(record, packet, flow);
  return record;
}

export function endpoints(flow: Flow, direction: Direction): EveRecord {
  const record: EveRecord = {};
  addEndpoints(record, flow, direction);
  return record;
}

export function addEndpoints(record: EveRecord, flow: Flow, direction: Direction): void {
  const client = address(flow.ipVersion, flow.src0, flow.src1, flow.src2, flow.src3);
  const server = address(flow.ipVersion, flow.dst0, flow.dst1, flow.dst2, flow.dst3);
  const isForward = direction === 0;
  record.src_ip = isForward ? client : server;
  if (hasPorts(flow.protocol)) record.src_port = isForward ? flow.sourcePort : flow.destinationPort;
  record.dest_ip = isForward ? server : client;
  if (hasPorts(flow.protocol)) record.dest_port = isForward ? flow.destinationPort : flow.sourcePort;
  record.proto = protocolName(flow.protocol);
}

interface Vlans {
  readonly vlanCount: number;
  readonly vlan0: number;
  readonly vlan1: number;
  readonly vlan2: number;
}

export function addVlans(record: EveRecord, { vlanCount, vlan0, vlan1, vlan2 }: Vlans): void {
  if (vlanCount > 0) record.vlan = [vlan0, vlan1, vlan2].slice(0, vlanCount);
}

export function sourceOf({ isPseudo, isFlush, source }: Packet): string {
  if (isFlush) return 'stream (detect/log)';
  return isPseudo ? 'stream (flow timeout)' : source;
}
