/** What IP carries: ports, types, and the places of the payload; packets in packets are only found here. */
import { addEvent, enterLayer, refuse, spoil } from './decode-events.ts';
import {
  PROTOCOL_ESP,
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
import { isReadIcmpv6, noteIcmpv4, noteIcmpv6 } from './icmp-notes.ts';
import { be16, be32 } from './network-order.ts';
import type { Packet } from './packet.ts';
import { decodeTcp } from './tcp.ts';
import { carry, decodeGre, decodeUdpTunnel } from './tunnels.ts';

const UDP_BYTES = 8;
const ICMP_BYTES = 8;
const ICMP_TIMESTAMP_BYTES = 20;
const ICMP_TIMESTAMP = 13;
const ICMP_TIMESTAMP_REPLY = 14;
const SCTP_BYTES = 12;
const ESP_BYTES = 8;

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
      if (packet.ipVersion === 4) return decodeIcmp(packet, at, end, 'icmpv4.pkt_too_small');
      addEvent(packet, 'ipv6.icmpv4');
      packet.protocol = 0;
      break;
    case PROTOCOL_ICMPV6:
      if (packet.ipVersion === 6) return decodeIcmp(packet, at, end, 'icmpv6.pkt_too_small');
      addEvent(packet, 'ipv4.icmpv6');
      break;
    case PROTOCOL_SCTP:
      return decodeSctp(packet, at, end);
    case PROTOCOL_ESP:
      return decodeEsp(packet, at, end);
    case PROTOCOL_IPIP:
      // As in Suricata: IPv4 in IPv4 is not looked into.
      if (packet.ipVersion === 6) return carryIpv4(packet, at, end);
      break;
    case PROTOCOL_IPV6:
      packet.hasFlow = packet.ipVersion === 4;
      if (packet.ipVersion === 6 && !isIpv6(packet, at, end)) break;
      return carry(packet, TUNNEL.ipv6, at, end);
    case PROTOCOL_GRE:
      return decodeGre(packet, at, end);
    case NO_NEXT_HEADER:
      if (packet.ipVersion === 6 && end > at) addEvent(packet, 'ipv6.data_after_none_header');
      if (packet.ipVersion === 6) packet.protocol = 0;
      break;
    default:
      if (packet.ipVersion === 6) addEvent(packet, 'ipv6.unknown_next_header');
  }
  // What is not known has no payload that rules could ask for.
  packet.payloadAt = end;
}

const NO_NEXT_HEADER = 59;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;

function carryIpv4(packet: Packet, at: number, end: number): undefined {
  if (end - at < IPV4_BYTES) spoil(packet, 'ipv6.ipv4_in_ipv6_too_small');
  else if (packet.bytes[at]! >> 4 !== 4) addEvent(packet, 'ipv6.ipv4_in_ipv6_wrong_version');
  else return carry(packet, TUNNEL.ipv4, at, end);
  packet.payloadAt = end;
}

function isIpv6(packet: Packet, at: number, end: number): boolean {
  if (end - at < IPV6_BYTES) spoil(packet, 'ipv6.ipv6_in_ipv6_too_small');
  else if (packet.bytes[at]! >> 4 !== 6) addEvent(packet, 'ipv6.ipv6_in_ipv6_wrong_version');
  else return true;
  return false;
}

function decodeUdp(packet: Packet, at: number, end: number): undefined {
  const { bytes } = packet;
  packet.payloadAt = end;
  if (end - at < UDP_BYTES) return refuse(packet, 'udp.hlen_too_small');
  const length = be16(bytes, at + 4);
  if (length < UDP_BYTES) return refuse(packet, 'udp.len_invalid');
  if (end - at < length) return refuse(packet, 'udp.pkt_too_small');
  packet.sourcePort = be16(bytes, at);
  packet.destinationPort = be16(bytes, at + 2);
  packet.payloadAt = at + UDP_BYTES;
  packet.payloadEnd = at + length;
  packet.hasTransport = true;
  packet.hasFlow = true;
  decodeUdpTunnel(packet);
}

function decodeIcmp(
  packet: Packet,
  at: number,
  end: number,
  tooSmall: 'icmpv4.pkt_too_small' | 'icmpv6.pkt_too_small',
): undefined {
  packet.payloadAt = end;
  if (end - at < ICMP_BYTES) return refuse(packet, tooSmall);
  packet.icmpType = packet.bytes[at]!;
  packet.icmpCode = packet.bytes[at + 1]!;
  // A message about time that is too short for it is one like others, as in Suricata.
  packet.payloadAt = at + (isTimestamp(packet) && end - at >= ICMP_TIMESTAMP_BYTES ? ICMP_TIMESTAMP_BYTES : ICMP_BYTES);
  packet.hasTransport = true;
  packet.hasFlow = true;
  if (packet.ipVersion === 4) return noteIcmpv4(packet, at, end);
  if (!isReadIcmpv6(packet)) {
    packet.payloadAt = at + ICMP_BYTES / 2;
    packet.payloadEnd = Math.max(packet.payloadAt, end - ICMP_BYTES);
  }
  noteIcmpv6(packet, at, end);
}

/** Times are a header's, and not a payload's. */
function isTimestamp({ ipVersion, icmpType }: Packet): boolean {
  return ipVersion === 4 && (icmpType === ICMP_TIMESTAMP || icmpType === ICMP_TIMESTAMP_REPLY);
}

function decodeSctp(packet: Packet, at: number, end: number): undefined {
  packet.payloadAt = end;
  if (end - at < SCTP_BYTES) return refuse(packet, 'sctp.pkt_too_small');
  packet.sourcePort = be16(packet.bytes, at);
  packet.destinationPort = be16(packet.bytes, at + 2);
  packet.payloadAt = at + SCTP_BYTES;
  packet.hasTransport = true;
  packet.hasFlow = true;
}

function decodeEsp(packet: Packet, at: number, end: number): undefined {
  packet.payloadAt = end;
  if (!enterLayer(packet)) return;
  if (end - at < ESP_BYTES) return refuse(packet, 'esp.pkt_too_small');
  packet.securityIndex = be32(packet.bytes, at);
  packet.payloadAt = at + ESP_BYTES;
  packet.hasTransport = true;
  packet.hasFlow = true;
}
