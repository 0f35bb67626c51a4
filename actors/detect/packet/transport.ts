/** What IP carries: ports, types, and the places of the payload; packets in packets are only found here. */
import { refuse } from './decode-events.ts';
import {
  ETHER_BRIDGE,
  ETHER_IPV4,
  ETHER_IPV6,
  PROTOCOL_GRE,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_IPIP,
  PROTOCOL_IPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TUNNEL,
} from './ether-types.ts';
import { be16 } from './network-order.ts';
import type { Packet } from './packet.ts';
import { decodeTcp } from './tcp.ts';

const UDP_BYTES = 8;
const ICMP_BYTES = 8;
const SCTP_BYTES = 12;
const GRE_BYTES = 4;

export function decodeTransport(packet: Packet, at: number, end: number): undefined {
  packet.transportAt = at;
  packet.payloadAt = at;
  packet.payloadEnd = end;
  switch (packet.protocol) {
    case PROTOCOL_TCP:
      return decodeTcp(packet, at, end);
    case PROTOCOL_UDP:
      return decodeUdp(packet, at, end);
    case PROTOCOL_ICMP:
      if (packet.ipVersion === 4) decodeIcmp(packet, at, end, 'icmpv4.pkt_too_small');
      return;
    case PROTOCOL_ICMPV6:
      if (packet.ipVersion === 6) decodeIcmp(packet, at, end, 'icmpv6.pkt_too_small');
      return;
    case PROTOCOL_SCTP:
      return decodeSctp(packet, at, end);
    case PROTOCOL_IPIP:
      return carry(packet, TUNNEL.ipv4, at, end);
    case PROTOCOL_IPV6:
      return carry(packet, TUNNEL.ipv6, at, end);
    case PROTOCOL_GRE:
      return decodeGre(packet, at, end);
    default:
  }
}

function decodeUdp(packet: Packet, at: number, end: number): undefined {
  const { bytes } = packet;
  if (end - at < UDP_BYTES) return refuse(packet, 'udp.pkt_too_small');
  const length = be16(bytes, at + 4);
  if (length < UDP_BYTES) return refuse(packet, 'udp.len_invalid');
  if (end - at < length) return refuse(packet, 'udp.pkt_too_small');
  packet.sourcePort = be16(bytes, at);
  packet.destinationPort = be16(bytes, at + 2);
  packet.payloadAt = at + UDP_BYTES;
  packet.payloadEnd = at + length;
  packet.hasTransport = true;
}

function decodeIcmp(
  packet: Packet,
  at: number,
  end: number,
  tooSmall: 'icmpv4.pkt_too_small' | 'icmpv6.pkt_too_small',
): undefined {
  if (end - at < ICMP_BYTES) return refuse(packet, tooSmall);
  packet.icmpType = packet.bytes[at]!;
  packet.icmpCode = packet.bytes[at + 1]!;
  packet.payloadAt = at + ICMP_BYTES;
  packet.hasTransport = true;
}

function decodeSctp(packet: Packet, at: number, end: number): undefined {
  if (end - at < SCTP_BYTES) return refuse(packet, 'sctp.pkt_too_small');
  packet.sourcePort = be16(packet.bytes, at);
  packet.destinationPort = be16(packet.bytes, at + 2);
  packet.payloadAt = at + SCTP_BYTES;
  packet.hasTransport = true;
}

/** GRE of version 0; version 1 is PPTP's and carries PPP. */
function decodeGre(packet: Packet, at: number, end: number): undefined {
  const { bytes } = packet;
  if (end - at < GRE_BYTES) return refuse(packet, 'gre.pkt_too_small');
  const flags = bytes[at]!;
  if ((bytes[at + 1]! & 7) !== 0) return refuse(packet, 'gre.version_wrong');
  const hasRouting = (flags & 0x40) !== 0;
  const checksumBytes = (flags & 0xc0) !== 0 ? 4 : 0;
  const keyBytes = (flags & 0x20) !== 0 ? 4 : 0;
  const sequenceBytes = (flags & 0x10) !== 0 ? 4 : 0;
  const inner = at + GRE_BYTES + checksumBytes + keyBytes + sequenceBytes;
  // Source routes are a list of their own, which nobody sends.
  if (hasRouting || inner > end) return refuse(packet, 'gre.pkt_too_small');
  const type = be16(bytes, at + 2);
  if (type === ETHER_IPV4) carry(packet, TUNNEL.ipv4, inner, end);
  else if (type === ETHER_IPV6) carry(packet, TUNNEL.ipv6, inner, end);
  else if (type === ETHER_BRIDGE) carry(packet, TUNNEL.ethernet, inner, end);
}

function carry(packet: Packet, kind: number, at: number, end: number): undefined {
  packet.innerKind = kind;
  packet.innerAt = at;
  packet.innerEnd = end;
}
