/**
 * Packets in packets, where Suricata's own configuration looks for them: GRE with all that it carries, and VXLAN, Geneve and
 * Teredo on their registered ports. What is inside is only found here. Who carries a packet has no payload of its own.
 */
import { type DecodeEvent, refuse } from './decode-events.ts';
import {
  ETHER_BRIDGE,
  ETHER_ERSPAN,
  ETHER_IPV4,
  ETHER_IPV6,
  ETHER_PPP,
  ETHER_QINQ,
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
const PPP_FRAMING = 0xff03;
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;

const VXLAN_PORT = 4789;
const VXLAN_BYTES = 8;
const VXLAN_HAS_NETWORK = 0x08;
const GENEVE_PORT = 6081;
const GENEVE_BYTES = 8;
const TEREDO_PORT = 3544;
const TEREDO_ORIGIN_BYTES = 8;
const IPV6_BYTES = 40;
const ETHERNET_BYTES = 14;

/** `head` bytes before what is carried count as its own. */
export function carry(packet: Packet, kind: number, at: number, end: number, head = 0): undefined {
  packet.innerKind = kind;
  packet.innerHeadBytes = head;
  packet.innerAt = at;
  packet.innerEnd = end;
  packet.payloadAt = packet.payloadEnd;
}

export function decodeGre(packet: Packet, at: number, end: number): undefined {
  const { bytes } = packet;
  packet.payloadAt = end;
  if (end - at < GRE_BYTES) return refuse(packet, 'gre.pkt_too_small');
  const inner = greHeader(packet, at, end);
  if (inner < 0) return;
  const flags = bytes[at]!;
  const type = be16(bytes, at + 2);
  if (type === ETHER_PPP) carryPpp(packet, inner, end);
  else if (type === ETHER_ERSPAN) carryErspan(packet, (flags & GRE_SEQUENCE) !== 0, inner, end);
  else carryByType(packet, type, inner, end);
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

function carryByType(packet: Packet, type: number, at: number, end: number): undefined {
  switch (type) {
    case ETHER_IPV4:
      return carry(packet, TUNNEL.ipv4, at, end);
    case ETHER_IPV6:
      return carry(packet, TUNNEL.ipv6, at, end);
    case ETHER_BRIDGE:
      return carry(packet, TUNNEL.ethernet, at, end);
    case ETHER_VLAN:
    case ETHER_QINQ:
      return carry(packet, TUNNEL.vlan, at, end);
    default:
  }
}

function carryPpp(packet: Packet, at: number, end: number): undefined {
  const { bytes } = packet;
  if (end - at < 4) return;
  const isFramed = be16(bytes, at) === PPP_FRAMING;
  const protocol = be16(bytes, isFramed ? at + 2 : at);
  const inner = isFramed ? at + 4 : at + 2;
  if (protocol === PPP_IPV4) carry(packet, TUNNEL.ipv4, inner, end, inner - at);
  else if (protocol === PPP_IPV6) carry(packet, TUNNEL.ipv6, inner, end, inner - at);
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
  if (payloadEnd - at !== IPV6_BYTES + be16(bytes, at + 4)) return;
  carry(packet, TUNNEL.ipv6, at, payloadEnd);
}

/** The frame's addresses say nothing: what it carries counts from IP on. */
function carryVxlan(packet: Packet): undefined {
  const { bytes, payloadAt, payloadEnd } = packet;
  const frame = payloadAt + VXLAN_BYTES;
  if (payloadEnd - frame < ETHERNET_BYTES || (bytes[payloadAt]! & VXLAN_HAS_NETWORK) === 0) return;
  carryByType(packet, be16(bytes, frame + ETHERNET_BYTES - 2), frame + ETHERNET_BYTES, payloadEnd);
}

function carryGeneve(packet: Packet): undefined {
  const { bytes, payloadAt: at, payloadEnd } = packet;
  if (payloadEnd - at < GENEVE_BYTES || bytes[at]! >> 6 !== 0) return;
  const inner = at + GENEVE_BYTES + (bytes[at]! & 0x3f) * 4;
  if (inner >= payloadEnd) return;
  carryByType(packet, be16(bytes, at + 2), inner, payloadEnd);
}
