/** Sticky buffers of a packet's headers: ip.src, ip.dst, ipv4.hdr, ipv6.hdr, tcp.hdr, udp.hdr, icmpv4.hdr, icmpv6.hdr. */
import { type Packet, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from '../packet/index.ts';
import type { FastPattern } from '../prefilter/index.ts';
import type { BufferTerms } from '../rules/rule.ts';
import { bufferCheck, type Scope, untransformedCheck } from './buffer-check.ts';
import { isLookedFor } from './negated-pattern.ts';
import type { Check } from './packet-conditions.ts';
import { transformedList } from './transformed-buffers.ts';

type Read = (packet: Packet) => Uint8Array | null;

const IPV6_BYTES = 40;
const SOURCE_V6_AT = 8;
const UDP_BYTES = 8;
const ICMP_BYTES = 8;

/** Of a packet that nobody sent, and that has no bytes therefore. */
const PSEUDO = new Uint8Array(16);
const PSEUDO_WORDS = new DataView(PSEUDO.buffer);

function writtenAddress(length: number, a: number, b: number, c: number, d: number): Uint8Array {
  PSEUDO_WORDS.setUint32(0, a);
  PSEUDO_WORDS.setUint32(4, b);
  PSEUDO_WORDS.setUint32(8, c);
  PSEUDO_WORDS.setUint32(12, d);
  return PSEUDO.subarray(0, length);
}

function pseudoAddress(packet: Packet, isSource: boolean): Uint8Array {
  const length = packet.ipVersion === 4 ? 4 : 16;
  return isSource
    ? writtenAddress(length, packet.src0, packet.src1, packet.src2, packet.src3)
    : writtenAddress(length, packet.dst0, packet.dst1, packet.dst2, packet.dst3);
}

function address(packet: Packet, v4At: number, v6At: number): Uint8Array | null {
  if (packet.isPseudo) return pseudoAddress(packet, v6At === SOURCE_V6_AT);
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
  'ip.src': (packet) => address(packet, 12, SOURCE_V6_AT),
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

/** The transformed header that Suricata's prefilter reads for a rule with this pattern, so that every packet's is there; null: none. */
export function scannedHeader(fast: FastPattern | null): string | null {
  if (fast === null || READS[fast.buffer.buffer] === undefined) return null;
  return fast.isNegated && !isLookedFor(fast) ? null : transformedList(fast.buffer);
}

/** `scanned`: those of all rules. A rule leaves it to the prefilter to transform the header that has its fast pattern. */
export function headerBuffer(
  terms: BufferTerms,
  scope: Scope,
  fast: FastPattern | null,
  scanned: ReadonlySet<string>,
): Check {
  const read = READS[terms.buffer];
  if (read === undefined) throw new TypeError(`${terms.buffer} is no buffer of a packet`);
  const isTransformed = terms !== fast?.buffer || scanned.has(transformedList(terms) ?? '');
  const check = isTransformed ? bufferCheck(terms, scope) : untransformedCheck(terms, scope);
  return ({ packet }) => {
    // What ends a flow has addresses, and no header that could be asked.
    if (packet.isFlowEnd && terms.buffer !== 'ip.src' && terms.buffer !== 'ip.dst') return false;
    const bytes = read(packet);
    return bytes !== null && check(bytes, 0);
  };
}
