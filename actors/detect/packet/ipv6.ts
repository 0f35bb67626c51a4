/** IPv6 with its extension headers; `protocol` is what stands behind the last of them. */
import { addEvent, enterLayer, refuse } from './decode-events.ts';
import { PROTOCOL_ESP } from './ether-types.ts';
import { noteIpv6Options } from './ipv6-options.ts';
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
  if (!enterLayer(packet)) return;
  const { bytes } = packet;
  const available = packet.end - at;
  // Suricata refuses it without a word.
  if (available < IPV6_BYTES) return fail(packet);
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

function fail(packet: Packet): undefined {
  packet.isInvalid = true;
}

function walkHeaders(packet: Packet, ipAt: number, end: number): undefined {
  const { bytes } = packet;
  let next = bytes[ipAt + 6]!;
  let nextAt = ipAt + 6;
  let at = ipAt + IPV6_BYTES;
  let seen = 0;
  packet.payloadEnd = end;
  for (let count = 0; ; count++) {
    packet.protocol = next;
    packet.payloadAt = at;
    if (next === PROTOCOL_ESP && end - at < 2) return cutHeader(packet);
    if (!isExtension(next)) return decodeTransport(packet, at, end);
    if (count === MAX_HEADERS) return refuse(packet, 'ipv6.too_many_headers');
    const length = end - at < 2 ? 8 : extensionBytes(next, bytes[at + 1]!);
    if (end - at < length)
      return end - at < 2 || bitOf(next) === 0 ? cutHeader(packet) : refuse(packet, 'ipv6.trunc_exthdr');
    const isRepeated = noteHeader(packet, next, at, length, seen);
    seen |= next === DESTINATION && (seen & bitOf(DESTINATION)) !== 0 ? DESTINATION_AGAIN : bitOf(next);
    if (next === FRAGMENT && !isRepeated) {
      const field = be16(bytes, at + 2);
      if ((field & 0xfff9) !== 0) return cutFragment(packet, at, end, nextAt, field);
      addEvent(packet, 'ipv6.exthdr_useless_fh');
      packet.fragmentAt = at + FRAGMENT_HEADER_BYTES;
    }
    next = bytes[at]!;
    nextAt = at;
    at += length;
  }
}

/** What it carries is not known. */
function cutHeader(packet: Packet): undefined {
  packet.protocol = 0;
  refuse(packet, 'ipv6.trunc_exthdr');
}

function cutFragment(packet: Packet, at: number, end: number, nextAt: number, field: number): undefined {
  const { bytes } = packet;
  packet.isFragment = true;
  packet.hasMoreFragments = (field & 1) !== 0;
  packet.fragmentOffset = field & 0xfff8;
  packet.fragmentId = be32(bytes, at + 4);
  packet.nextHeaderAt = nextAt;
  packet.fragmentAt = at + FRAGMENT_HEADER_BYTES;
  // As in Suricata a fragment is of no other protocol, whatever it is a part of.
  packet.protocol = FRAGMENT;
  packet.payloadAt = end;
  if (packet.hasMoreFragments && (end - at) % 8 !== 0) addEvent(packet, 'ipv6.frag_invalid_length');
}

/** Which headers were there: destination options may be there twice. */
const BITS: Readonly<Record<number, number>> = {
  [HOP_BY_HOP]: 1,
  [ROUTING]: 2,
  [FRAGMENT]: 4,
  [AUTHENTICATION]: 8,
  [DESTINATION]: 16,
};
const DESTINATION_AGAIN = 32;
const bitOf = (header: number): number => BITS[header] ?? 0;

/** True where the header is one too many: it is passed over. */
function noteHeader(packet: Packet, header: number, at: number, length: number, seen: number): boolean {
  const { bytes } = packet;
  const isAgain = (seen & (header === DESTINATION ? DESTINATION_AGAIN : bitOf(header))) !== 0;
  switch (header) {
    case HOP_BY_HOP:
      if (isAgain) addEvent(packet, 'ipv6.exthdr_dupl_hh');
      else noteIpv6Options(packet, at + 2, at + length, true);
      break;
    case DESTINATION:
      if (isAgain) addEvent(packet, 'ipv6.exthdr_dupl_dh');
      else noteIpv6Options(packet, at + 2, at + length, false);
      break;
    case ROUTING:
      if (isAgain) addEvent(packet, 'ipv6.exthdr_dupl_rh');
      else if (bytes[at + 2] === 0) addEvent(packet, 'ipv6.rh_type_0');
      break;
    case FRAGMENT:
      if (bytes[at + 1] !== 0) addEvent(packet, 'ipv6.fh_non_zero_reserved_field');
      if (isAgain) addEvent(packet, 'ipv6.exthdr_dupl_fh');
      break;
    case AUTHENTICATION:
      if (be16(bytes, at + 2) !== 0) addEvent(packet, 'ipv6.exthdr_ah_res_not_null');
      if (isAgain) addEvent(packet, 'ipv6.exthdr_dupl_ah');
      break;
    default:
  }
  return isAgain;
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
  return header === AUTHENTICATION ? (Math.max(1, field) + 2) * 4 : (field + 1) * 8;
}
