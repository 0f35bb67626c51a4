/**
 * From captured bytes to a `Packet`. It never throws for what the bytes are: a damaged packet has events, and keeps what
 * was read before the damage.
 */
import { type CapturedPacket, linkTypes } from '../capture/index.ts';
import { refuse } from './decode-events.ts';
import { ETHER_VLAN, TUNNEL } from './ether-types.ts';
import { addVlan, decodeByVersion, decodeEthernet, decodeEtherType } from './ethernet.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { be16 } from './network-order.ts';
import type { Packet } from './packet.ts';
import { tunnelName } from './tunnels.ts';

const SLL_BYTES = 16;
const SLL2_BYTES = 20;
const NULL_BYTES = 4;
/** Tunnels in tunnels deeper than this are an attack on the decoder. */
const MAX_DEPTH = 8;

const LINKS: ReadonlySet<number> = new Set(
  Object.values(linkTypes).filter((link) => link !== linkTypes.LINK_TYPE_MASK),
);

/** Whether packets of a link type can be taken apart; what others carry stays unread. */
export function isKnownLink(linkType: number): boolean {
  return LINKS.has(linkType);
}

export function decodeCaptured(packet: Packet, captured: CapturedPacket): undefined {
  packet.reset(captured.bytes, captured.start, captured.end);
  packet.timeUs = captured.timeUs;
  packet.number = captured.number;
  packet.linkType = captured.linkType;
  const at = captured.start;
  switch (captured.linkType) {
    case linkTypes.LINK_ETHERNET:
      return decodeEthernet(packet, at);
    case linkTypes.LINK_LINUX_SLL:
      if (packet.end - at < SLL_BYTES) return refuse(packet, 'sll.pkt_too_small');
      return decodeEtherType(packet, be16(packet.bytes, at + 14), at + SLL_BYTES);
    case linkTypes.LINK_LINUX_SLL2:
      if (packet.end - at < SLL2_BYTES) return refuse(packet, 'sll2.pkt_too_small');
      return decodeEtherType(packet, be16(packet.bytes, at), at + SLL2_BYTES);
    case linkTypes.LINK_NULL:
    case linkTypes.LINK_LOOP:
      // Its four bytes name the address family by the number it has on the writer's system; IP's own first byte is surer.
      if (packet.end - at <= NULL_BYTES) return refuse(packet, 'ltnull.pkt_too_small');
      return decodeRaw(packet, at + NULL_BYTES);
    case linkTypes.LINK_IPV4:
      return decodeIpv4(packet, at);
    case linkTypes.LINK_IPV6:
      return decodeIpv6(packet, at);
    case linkTypes.LINK_RAW:
    case linkTypes.LINK_RAW_BSD:
    case linkTypes.LINK_RAW_OPENBSD:
      return decodeRaw(packet, at);
    default:
      packet.isInvalid = true;
  }
}

function decodeRaw(packet: Packet, at: number): undefined {
  if (at >= packet.end || !decodeByVersion(packet, at)) refuse(packet, 'ipraw.invalid_ip_version');
}

/** A datagram that was put together from fragments of `last`. */
export function decodeReassembled(packet: Packet, last: Packet, bytes: Uint8Array, length: number): undefined {
  packet.reset(bytes, 0, length);
  inherit(packet, last);
  packet.depth = last.depth;
  packet.isReassembled = true;
  packet.source = 'defrag';
  packet.frameBytes = last.ipAt - last.start;
  decodeRaw(packet, 0);
}

/** The packet that `outer` carries; call it where `outer.innerKind` is not `TUNNEL.none`. */
export function decodeInner(packet: Packet, outer: Packet): undefined {
  packet.reset(outer.bytes, outer.innerAt, outer.innerEnd);
  inherit(packet, outer);
  packet.depth = outer.depth + 1;
  packet.source = tunnelName(outer);
  packet.frameBytes = outer.innerHeadBytes;
  if (outer.innerVlan >= 0) addVlan(packet, outer.innerVlan);
  if (packet.depth > MAX_DEPTH) return refuse(packet, 'too_many_layers');
  if (outer.innerKind === TUNNEL.ipv4) decodeIpv4(packet, outer.innerAt);
  else if (outer.innerKind === TUNNEL.ipv6) decodeIpv6(packet, outer.innerAt);
  else if (outer.innerKind === TUNNEL.vlan) decodeEtherType(packet, ETHER_VLAN, outer.innerAt);
  else decodeEthernet(packet, outer.innerAt);
}

function inherit(packet: Packet, from: Packet): undefined {
  packet.root = from.root ?? from;
  packet.timeUs = from.timeUs;
  packet.number = from.number;
  packet.vlanCount = from.vlanCount;
  packet.vlan0 = from.vlan0;
  packet.vlan1 = from.vlan1;
  packet.vlan2 = from.vlan2;
}
