/** IPv6 with its extension headers; `protocol` is what stands behind the last of them. */
import { addEvent, refuse } from './decode-events.ts';
import { be16, be32 } from './network-order.ts';
import type { Packet } from './packet.ts';
import { decodeTransport } from './transport.ts';

export const IPV6_BYTES = 40;
export const FRAGMENT_HEADER_BYTES = 8;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;
/** A chain this long is an attack on whoever walks it. */
const MAX_HEADERS = 40;

export function decodeIpv6(packet: Packet, at: number): undefined {
  const { bytes } = packet;
  const available = packet.end - at;
  if (available < IPV6_BYTES) return refuse(packet, 'ipv6.pkt_too_small');
  if (bytes[at]! >> 4 !== 6) return refuse(packet, 'ipv6.wrong_ip_version');
  const payloadBytes = be16(bytes, at + 4);
  if (available - IPV6_BYTES < payloadBytes) return refuse(packet, 'ipv6.trunc_pkt');
  packet.ipVersion = 6;
  packet.ipAt = at;
  packet.ttl = bytes[at + 7]!;
  packet.src0 = be32(bytes, at + 8);
  packet.src1 = be32(bytes, at + 12);
  packet.src2 = be32(bytes, at + 16);
  packet.src3 = be32(bytes, at + 20);
  packet.dst0 = be32(bytes, at + 24);
  packet.dst1 = be32(bytes, at + 28);
  packet.dst2 = be32(bytes, at + 32);
  packet.dst3 = be32(bytes, at + 36);
  walkHeaders(packet, at, at + IPV6_BYTES + payloadBytes);
}

function walkHeaders(packet: Packet, ipAt: number, end: number): undefined {
  const { bytes } = packet;
  let next = bytes[ipAt + 6]!;
  let nextAt = ipAt + 6;
  let at = ipAt + IPV6_BYTES;
  let hasFragmentHeader = false;
  packet.payloadEnd = end;
  for (let count = 0; ; count++) {
    packet.protocol = next;
    packet.payloadAt = at;
    if (!isExtension(next)) return decodeTransport(packet, at, end);
    if (count === MAX_HEADERS) return refuse(packet, 'ipv6.too_many_headers');
    if (end - at < 8) return refuse(packet, 'ipv6.trunc_exthdr');
    if (next === FRAGMENT) {
      if (hasFragmentHeader) addEvent(packet, 'ipv6.exthdr_dupl_fh');
      hasFragmentHeader = true;
      const field = be16(bytes, at + 2);
      if ((field & 0xfff9) !== 0) {
        packet.isFragment = true;
        packet.hasMoreFragments = (field & 1) !== 0;
        packet.fragmentOffset = field & 0xfff8;
        packet.fragmentId = be32(bytes, at + 4);
        packet.nextHeaderAt = nextAt;
        packet.fragmentAt = at + FRAGMENT_HEADER_BYTES;
        packet.protocol = bytes[at]!;
        packet.payloadAt = end;
        return;
      }
    }
    const length = extensionBytes(next, bytes[at + 1]!);
    if (end - at < length) return refuse(packet, 'ipv6.trunc_exthdr');
    next = bytes[at]!;
    nextAt = at;
    at += length;
  }
}

function isExtension(header: number): boolean {
  switch (header) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION:
    case MOBILITY:
    case HIP:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

function extensionBytes(header: number, field: number): number {
  if (header === FRAGMENT) return FRAGMENT_HEADER_BYTES;
  return header === AUTHENTICATION ? (field + 2) * 4 : (field + 1) * 8;
}
