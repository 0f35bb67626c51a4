/** Which ICMP messages answer which, and the packet that an error quotes. */
import { type Packet, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import type { FlowKey } from './flow.ts';

const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const SOURCE_QUENCH = 4;
const REDIRECT = 5;
const ECHO = 8;
const ROUTER_ADVERT = 9;
const ROUTER_SOLICIT = 10;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;
const TIMESTAMP = 13;
const TIMESTAMP_REPLY = 14;
const INFORMATION = 15;
const INFORMATION_REPLY = 16;
const ADDRESS_MASK = 17;
const ADDRESS_MASK_REPLY = 18;

const ECHO6 = 128;
const ECHO6_REPLY = 129;
const NODE_INFORMATION = 139;
const NODE_INFORMATION_REPLY = 140;
const MULTICAST_QUERY = 130;
const MULTICAST_REPORT = 131;
const MULTICAST_DONE = 132;
const ROUTER_SOLICIT6 = 133;
const ROUTER_ADVERT6 = 134;
const NEIGHBOUR_SOLICIT = 135;
const NEIGHBOUR_ADVERT = 136;

const IPV4_BYTES = 20;
const ICMP_BYTES = 8;
const ports = { [PROTOCOL_TCP]: 4, [PROTOCOL_UDP]: 4 } as const;

/** 0 where nothing answers it. */
export function counterpart4(type: number): number {
  switch (type) {
    case ECHO_REPLY:
      return ECHO;
    case ECHO:
      return ECHO_REPLY;
    case TIMESTAMP:
      return TIMESTAMP_REPLY;
    case TIMESTAMP_REPLY:
      return TIMESTAMP;
    case INFORMATION:
      return INFORMATION_REPLY;
    case INFORMATION_REPLY:
      return INFORMATION;
    case ADDRESS_MASK:
      return ADDRESS_MASK_REPLY;
    case ADDRESS_MASK_REPLY:
      return ADDRESS_MASK;
    case ROUTER_SOLICIT:
      return ROUTER_ADVERT;
    case ROUTER_ADVERT:
      return ROUTER_SOLICIT;
    default:
      return 0;
  }
}

export function counterpart6(type: number): number {
  switch (type) {
    case ECHO6:
      return ECHO6_REPLY;
    case ECHO6_REPLY:
      return ECHO6;
    case ROUTER_SOLICIT6:
      return ROUTER_ADVERT6;
    case ROUTER_ADVERT6:
      return ROUTER_SOLICIT6;
    case NEIGHBOUR_SOLICIT:
      return NEIGHBOUR_ADVERT;
    case NEIGHBOUR_ADVERT:
      return NEIGHBOUR_SOLICIT;
    case MULTICAST_QUERY:
      return MULTICAST_REPORT;
    case MULTICAST_REPORT:
    case MULTICAST_DONE:
      return MULTICAST_QUERY;
    case NODE_INFORMATION:
      return NODE_INFORMATION_REPLY;
    case NODE_INFORMATION_REPLY:
      return NODE_INFORMATION;
    default:
      return 0;
  }
}

/** Errors begin no flow. */
export function isIcmpError(packet: Packet): boolean {
  if (packet.protocol !== PROTOCOL_ICMP) return false;
  switch (packet.icmpType) {
    case UNREACHABLE:
    case SOURCE_QUENCH:
    case REDIRECT:
    case TIME_EXCEEDED:
    case PARAMETER_PROBLEM:
      return true;
    default:
      return false;
  }
}

/** "Unreachable" with a quoted TCP or UDP packet: that packet's key is the error's. */
export function quoted(packet: Packet, key: FlowKey): boolean {
  if (packet.icmpType !== UNREACHABLE) return false;
  const { bytes } = packet;
  const at = packet.transportAt + ICMP_BYTES;
  if (packet.payloadEnd - at < IPV4_BYTES || bytes[at]! >> 4 !== 4) return false;
  const headerBytes = (bytes[at]! & 15) * 4;
  const protocol = bytes[at + 9]!;
  const transport = at + headerBytes;
  if (headerBytes < IPV4_BYTES) return false;
  const needed = protocol === PROTOCOL_TCP ? ports[PROTOCOL_TCP] : protocol === PROTOCOL_UDP ? ports[PROTOCOL_UDP] : -1;
  if (needed < 0 || packet.payloadEnd - transport < needed) return false;
  key.protocol = protocol;
  key.src0 = word(bytes, at + 12);
  key.dst0 = word(bytes, at + 16);
  key.sourceKey = (bytes[transport]! << 8) | bytes[transport + 1]!;
  key.destinationKey = (bytes[transport + 2]! << 8) | bytes[transport + 3]!;
  return true;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
