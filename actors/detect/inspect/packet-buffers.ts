/** Sticky buffers of a packet's headers: ip.src, ip.dst, ipv4.hdr, ipv6.hdr, tcp.hdr, udp.hdr, icmpv4.hdr, icmpv6.hdr. */
import { type Packet, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import type { BufferTerms } from '../rules/rule.ts';
import { bufferCheck, type Scope } from './buffer-check.ts';
import type { Check } from './packet-conditions.ts';

type Read = (packet: Packet) => Uint8Array | null;

const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const ICMP_BYTES = 8;

function address(packet: Packet, v4At: number, v6At: number): Uint8Array | null {
  if (packet.ipVersion === 4) return packet.bytes.subarray(packet.ipAt + v4At, packet.ipAt + v4At + 4);
  if (packet.ipVersion === 6) return packet.bytes.subarray(packet.ipAt + v6At, packet.ipAt + v6At + 16);
  return null;
}

const transport =
  (protocol: number, bytes: (packet: Packet) => number): Read =>
  (packet) =>
    packet.hasTransport && packet.protocol === protocol
      ? packet.bytes.subarray(packet.transportAt, packet.transportAt + bytes(packet))
      : null;

const READS: Readonly<Record<string, Read>> = {
  'ip.src': (packet) => address(packet, 12, 8),
  'ip.dst': (packet) => address(packet, 16, 24),
  'ipv4.hdr': ({ ipVersion, bytes, ipAt }) =>
    ipVersion === 4 ? bytes.subarray(ipAt, ipAt + (bytes[ipAt]! & 15) * 4) : null,
  // With its extension headers.
  'ipv6.hdr': ({ ipVersion, bytes, ipAt, transportAt }) =>
    ipVersion === 6 ? bytes.subarray(ipAt, transportAt < 0 ? ipAt + IPV6_BYTES : transportAt) : null,
  'tcp.hdr': transport(PROTOCOL_TCP, ({ payloadAt, transportAt }) => payloadAt - transportAt),
  'udp.hdr': transport(PROTOCOL_UDP, () => UDP_BYTES),
  'icmpv4.hdr': transport(PROTOCOL_ICMP, () => ICMP_BYTES),
  'icmpv6.hdr': transport(PROTOCOL_ICMPV6, () => ICMP_BYTES),
};

export function readHeaderBuffer(name: string, packet: Packet): Uint8Array | null {
  return READS[name]?.(packet) ?? null;
}

export function headerBuffer(terms: BufferTerms, scope: Scope): Check {
  const read = READS[terms.buffer];
  if (read === undefined) throw new TypeError(`${terms.buffer} is no buffer of a packet`);
  const check = bufferCheck(terms, scope);
  return ({ packet }) => {
    if (packet.isFlowEnd) return false;
    const bytes = read(packet);
    return bytes !== null && check(bytes, 0);
  };
}
