/** IPv4: the header, then the transport, but for fragments, which are put together first. */
import { enterLayer, refuse } from './decode-events.ts';
import { readIpv4Options } from './ipv4-options.ts';
import { be16, be32 } from './network-order.ts';
import type { Packet } from './packet.ts';
import { decodeTransport } from './transport.ts';

const IPV4_MIN_BYTES = 20;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;

export function decodeIpv4(packet: Packet, at: number): undefined {
  if (!enterLayer(packet)) return;
  const { bytes } = packet;
  const available = packet.end - at;
  if (available < IPV4_MIN_BYTES) return refuse(packet, 'ipv4.pkt_too_small');
  if (bytes[at]! >> 4 !== 4) return refuse(packet, 'ipv4.wrong_ip_version');
  const headerBytes = (bytes[at]! & 15) * 4;
  if (headerBytes < IPV4_MIN_BYTES) return refuse(packet, 'ipv4.hlen_too_small');
  const totalBytes = be16(bytes, at + 2);
  if (totalBytes < headerBytes) return refuse(packet, 'ipv4.iplen_smaller_than_hlen');
  if (available < totalBytes) return refuse(packet, 'ipv4.trunc_pkt');
  packet.src0 = be32(bytes, at + 12);
  packet.dst0 = be32(bytes, at + 16);
  if (headerBytes > IPV4_MIN_BYTES) readIpv4Options(packet, at + IPV4_MIN_BYTES, at + headerBytes);
  if (packet.isInvalid) {
    packet.protocol = 0;
    packet.hasAddressesAlone = true;
    return;
  }
  packet.ipVersion = 4;
  packet.ipAt = at;
  packet.ttl = bytes[at + 8]!;
  packet.protocol = bytes[at + 9]!;
  const fragment = be16(bytes, at + 6);
  const behind = at + headerBytes;
  const end = at + totalBytes;
  packet.payloadAt = behind;
  // What the frame is padded with behind IP's own end is no part of it.
  packet.payloadEnd = end;
  if ((fragment & (MORE_FRAGMENTS | OFFSET_MASK)) !== 0) {
    packet.isFragment = true;
    packet.hasMoreFragments = (fragment & MORE_FRAGMENTS) !== 0;
    packet.fragmentOffset = (fragment & OFFSET_MASK) * 8;
    packet.fragmentId = be16(bytes, at + 4);
    packet.fragmentAt = behind;
    packet.payloadAt = end;
    return;
  }
  decodeTransport(packet, behind, end);
}
