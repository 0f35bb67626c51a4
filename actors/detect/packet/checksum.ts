/** The Internet checksum of what a packet carries. Nothing here is done for a packet that nobody asks about. */
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from './ether-types.ts';
import { be16 } from './network-order.ts';
import type { Packet } from './packet.ts';

/** Sum of 16-bit words, an odd last byte being the higher half; 64 KiB of them stay under 2^32. */
function sum(bytes: Uint8Array, start: number, end: number, before: number): number {
  let total = before;
  const even = end - ((end - start) & 1);
  for (let at = start; at < even; at += 2) total += (bytes[at]! << 8) | bytes[at + 1]!;
  if (even !== end) total += bytes[even]! << 8;
  return total;
}

const IPV6_BYTES = 40;

function isWhole(total: number): boolean {
  let folded = total;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded === 0xffff;
}

/** IPv6 has none. */
export function isIpChecksumValid(packet: Packet): boolean {
  if (packet.ipVersion !== 4) return true;
  const at = packet.ipAt;
  return isWhole(sum(packet.bytes, at, at + (packet.bytes[at]! & 15) * 4, 0));
}

/** True for transports without a checksum, for fragments, and for UDP over IPv4 that leaves it out. */
export function isTransportChecksumValid(packet: Packet): boolean {
  const { bytes, protocol, transportAt, payloadEnd } = packet;
  if (!packet.hasTransport) return true;
  switch (protocol) {
    case PROTOCOL_ICMP:
      return isWhole(sum(bytes, transportAt, payloadEnd, 0));
    case PROTOCOL_UDP:
      if (packet.ipVersion === 4 && be16(bytes, transportAt + 6) === 0) return true;
      return isWhole(sum(bytes, transportAt, payloadEnd, pseudoHeader(packet, payloadEnd)));
    case PROTOCOL_TCP:
      return isWhole(sum(bytes, transportAt, payloadEnd, pseudoHeader(packet, payloadEnd)));
    case PROTOCOL_ICMPV6: {
      // What rules see of its payload may end before it does.
      const end = packet.ipAt + IPV6_BYTES + be16(bytes, packet.ipAt + 4);
      return isWhole(sum(bytes, transportAt, end, pseudoHeader(packet, end)));
    }
    default:
      return true;
  }
}

function pseudoHeader(packet: Packet, end: number): number {
  const { bytes, ipAt } = packet;
  const isV4 = packet.ipVersion === 4;
  const addresses = isV4 ? sum(bytes, ipAt + 12, ipAt + 20, 0) : sum(bytes, ipAt + 8, ipAt + 40, 0);
  return addresses + packet.protocol + (end - packet.transportAt);
}
