/**
 * Packets in packets, where Suricata's own configuration looks for them: GRE with all that it carries, and VXLAN, Geneve and
 * Teredo on their registered ports. What is inside is only found here. Nothing is looked for in the payload of who carries it.
 */
import { type DecodeEvent, enterLayer, MAX_LAYERS, refuse, spoil } from './decode-events.ts';
import {
  ETHER_ARP,
  ETHER_BRIDGE,
  ETHER_ERSPAN,
  ETHER_IPV4,
  ETHER_IPV6,
  ETHER_PPP,
  ETHER_QINQ,
  ETHER_QINQ_OLD,
  ETHER_VLAN,
  PROTOCOL_GRE,
  PROTOCOL_UDP,
  TUNNEL,
} from './ether-types.ts';
import { be16 } from './network-order.ts';
import type { Packet } from './packet.ts';

const GRE_BYTES = 4;
const GRE_CHECKSUM = 0x80;
const GRE_ROUTING = 0x40;
const GRE_KEY = 0x20;
const GRE_SEQUENCE = 0x10;
const GRE_STRICT = 0x08;
const GRE_RECURSION = 0x07;
const GRE_ACKNOWLEDGED = 0x80;
const GRE_RESERVED = 0x78;
const GRE_VERSION = 7;
const GRE_ROUTE_BYTES = 4;
const ERSPAN_BYTES = 8;

const VXLAN_PORT = 4789;
const VXLAN_BYTES = 8;
const VXLAN_HAS_NETWORK = 0x08;
const GENEVE_PORT = 6081;
const GENEVE_BYTES = 8;
const GENEVE_RESERVED = 0x3f;
const GENEVE_OPTION_BYTES = 4;
const TEREDO_PORT = 3544;
const TEREDO_ORIGIN_BYTES = 8;
const IPV6_BYTES = 40;
const ETHERNET_BYTES = 14;

/** `head` bytes before what is carried count as its own. */
export function carry(packet: Packet, kind: number, at: number, end: number, head = 0): undefined {
  if (packet.layers + 1 >= MAX_LAYERS) return refuse(packet, 'too_many_layers');
  packet.innerKind = kind;
  packet.innerHeadBytes = head;
  packet.innerAt = at;
  packet.innerEnd = end;
  // Of a datagram the payload has its length all the same.
  if (packet.protocol !== PROTOCOL_UDP) packet.payloadAt = packet.payloadEnd;
}

export function decodeGre(packet: Packet, at: number, end: number): undefined {
  const { bytes } = packet;
  packet.payloadAt = end;
  if (end - at < GRE_BYTES) return refuse(packet, 'gre.pkt_too_small');
  if (!enterLayer(packet)) return;
  const inner = greHeader(packet, at, end);
  if (inner < 0) return;
  carryInGre(packet, be16(bytes, at + 2), inner, end);
}

/** Where what is carried begins; -1 where the header is not as it should be. */
function greHeader(packet: Packet, at: number, end: number): number {
  const { bytes } = packet;
  const [flags, more] = [bytes[at]!, bytes[at + 1]!];
  const version = more & GRE_VERSION;
  const fault = version === 0 ? firstFault(flags, more) : secondFault(flags, more, be16(bytes, at + 2));
  if (version > 1 || fault !== null) return failed(packet, version > 1 ? 'gre.wrong_version' : fault!);
  let inner = at + GRE_BYTES;
  if (version === 0) inner += (flags & (GRE_CHECKSUM | GRE_ROUTING)) !== 0 ? 4 : 0;
  inner += (flags & GRE_KEY) !== 0 ? 4 : 0;
  inner += (flags & GRE_SEQUENCE) !== 0 ? 4 : 0;
  if (version === 1) inner += (more & GRE_ACKNOWLEDGED) !== 0 ? 4 : 0;
  if (inner > end) return failed(packet, version === 0 ? 'gre.version0_hdr_too_big' : 'gre.version1_hdr_too_big');
  return version === 0 && (flags & GRE_ROUTING) !== 0 ? behindRoutes(packet, inner, end) : inner;
}

function firstFault(flags: number, more: number): DecodeEvent | null {
  if ((flags & GRE_RECURSION) !== 0) return 'gre.version0_recur';
  return (more & GRE_RESERVED) !== 0 ? 'gre.version0_flags' : null;
}

function secondFault(flags: number, more: number, type: number): DecodeEvent | null {
  if ((flags & GRE_CHECKSUM) !== 0) return 'gre.version1_chksum';
  if ((flags & GRE_ROUTING) !== 0) return 'gre.version1_route';
  if ((flags & GRE_STRICT) !== 0) return 'gre.version1_ssr';
  if ((flags & GRE_RECURSION) !== 0) return 'gre.version1_recur';
  if ((more & GRE_RESERVED) !== 0) return 'gre.version1_flags';
  if (type !== ETHER_PPP) return 'gre.version1_wrong_protocol';
  return (flags & GRE_KEY) === 0 ? 'gre.version1_no_key' : null;
}

/** Source routes are a list that ends with an empty one. */
function behindRoutes(packet: Packet, start: number, end: number): number {
  let at = start;
  for (;;) {
    if (at + GRE_ROUTE_BYTES > end) return failed(packet, 'gre.version0_malformed_sre_hdr');
    const length = packet.bytes[at + 3]!;
    const isLast = be16(packet.bytes, at) === 0 && length === 0;
    at += GRE_ROUTE_BYTES;
    if (isLast) return at;
    at += length;
    if (at > end) return failed(packet, 'gre.version0_malformed_sre_hdr');
  }
}

function failed(packet: Packet, event: DecodeEvent): -1 {
  refuse(packet, event);
  return -1;
}

function carryInGre(packet: Packet, type: number, at: number, end: number): undefined {
  const { bytes, transportAt } = packet;
  switch (type) {
    case ETHER_IPV4:
      return carry(packet, TUNNEL.ipv4, at, end);
    case ETHER_IPV6:
      return carry(packet, TUNNEL.ipv6, at, end);
    case ETHER_BRIDGE:
      return carry(packet, TUNNEL.ethernet, at, end);
    case ETHER_VLAN:
      return carry(packet, TUNNEL.vlan, at, end);
    case ETHER_ERSPAN:
      return carryErspan(packet, (bytes[transportAt]! & GRE_SEQUENCE) !== 0, at, end);
    case ETHER_PPP: {
      // What is only acknowledged carries nothing.
      const isSecond = (bytes[transportAt + 1]! & GRE_VERSION) === 1;
      if (isSecond && be16(bytes, transportAt + GRE_BYTES) === 0) return;
      return carry(packet, TUNNEL.ppp, at, end);
    }
    default:
  }
}

/** Type I has no header and no sequence number; of type II the VLAN counts as the frame's own. */
function carryErspan(packet: Packet, isSecond: boolean, at: number, end: number): undefined {
  const { bytes } = packet;
  if (!isSecond) return carry(packet, TUNNEL.ethernet, at, end);
  if (end - at < ERSPAN_BYTES || bytes[at]! >> 4 !== 1) return;
  packet.innerVlan = be16(bytes, at) & 0x0fff;
  carry(packet, TUNNEL.ethernet, at + ERSPAN_BYTES, end, ERSPAN_BYTES);
}

/** Of the tunnel that the packet is, as EVE names it. */
export function tunnelName({ protocol, ipVersion, sourcePort, destinationPort }: Packet): string {
  const has = (port: number): boolean => sourcePort === port || destinationPort === port;
  if (protocol === PROTOCOL_GRE) return 'gre tunnel';
  if (protocol !== PROTOCOL_UDP) return ipVersion === 6 ? 'ipv6 tunnel' : 'ipv4 tunnel';
  if (has(TEREDO_PORT)) return 'teredo tunnel';
  return has(GENEVE_PORT) ? 'geneve encapsulation' : 'vxlan encapsulation';
}

/** Tunnels over UDP are told by their ports, whichever side has it. */
export function decodeUdpTunnel(packet: Packet): undefined {
  const { sourcePort, destinationPort } = packet;
  if (sourcePort === TEREDO_PORT || destinationPort === TEREDO_PORT) carryTeredo(packet);
  else if (sourcePort === GENEVE_PORT || destinationPort === GENEVE_PORT) carryGeneve(packet);
  else if (sourcePort === VXLAN_PORT || destinationPort === VXLAN_PORT) carryVxlan(packet);
}

function carryTeredo(packet: Packet): undefined {
  const { bytes, payloadEnd } = packet;
  let at = packet.payloadAt;
  if (payloadEnd - at < IPV6_BYTES) return;
  if (be16(bytes, at) === 0) at += TEREDO_ORIGIN_BYTES;
  if (payloadEnd - at < IPV6_BYTES || bytes[at]! >> 4 !== 6) return;
  const length = be16(bytes, at + 4);
  if (payloadEnd - at !== IPV6_BYTES + length) return;
  // Bytes that look like this by chance.
  const [next, hops] = [bytes[at + 6], bytes[at + 7]];
  if (hops === 0 || (next === 0 && length < 8)) return;
  carry(packet, TUNNEL.teredo, at, payloadEnd);
}

/** The frame's addresses say nothing: what it carries counts from IP on. */
function carryVxlan(packet: Packet): undefined {
  const { bytes, payloadAt, payloadEnd } = packet;
  const frame = payloadAt + VXLAN_BYTES;
  if (payloadEnd - frame < ETHERNET_BYTES || !enterLayer(packet)) return;
  if ((bytes[payloadAt]! & VXLAN_HAS_NETWORK) === 0 || bytes[frame - 1] !== 0) return;
  const inner = frame + ETHERNET_BYTES;
  switch (be16(bytes, inner - 2)) {
    case ETHER_IPV4:
      return carry(packet, TUNNEL.ipv4, inner, payloadEnd);
    case ETHER_IPV6:
      return carry(packet, TUNNEL.ipv6, inner, payloadEnd);
    case ETHER_VLAN:
    case ETHER_QINQ:
    case ETHER_QINQ_OLD:
      return carry(packet, TUNNEL.vlan, inner, payloadEnd);
    case ETHER_ARP:
      return;
    default:
      spoil(packet, 'vxlan.unknown_payload_type');
  }
}

function carryGeneve(packet: Packet): undefined {
  const { bytes, payloadAt: at, payloadEnd } = packet;
  if (payloadEnd - at < GENEVE_BYTES || !enterLayer(packet)) return;
  const inner = at + GENEVE_BYTES + (bytes[at]! & 0x3f) * 4;
  if (inner > payloadEnd || bytes[at]! >> 6 !== 0) return;
  if ((bytes[at + 1]! & GENEVE_RESERVED) !== 0 || bytes[at + 7] !== 0) return;
  if (!areOptionsWhole(bytes, at + GENEVE_BYTES, inner)) return;
  switch (be16(bytes, at + 2)) {
    case ETHER_IPV4:
      return carry(packet, TUNNEL.ipv4, inner, payloadEnd);
    case ETHER_IPV6:
      return carry(packet, TUNNEL.ipv6, inner, payloadEnd);
    case ETHER_BRIDGE:
      return carry(packet, TUNNEL.ethernet, inner, payloadEnd);
    case ETHER_ARP:
      return;
    default:
      spoil(packet, 'geneve.unknown_payload_type');
  }
}

/** The last one ends where the header does. */
function areOptionsWhole(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) at += GENEVE_OPTION_BYTES + (bytes[at + 3]! & 0x1f) * 4;
  return at === end;
}
