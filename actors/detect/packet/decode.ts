/**
 * From captured bytes to a `Packet`. It never throws for what the bytes are: a damaged packet has events, and keeps what
 * was read before the damage.
 */
import { type CapturedPacket, linkTypes } from '../capture/index.ts';
import { addEvent, enterLayer, refuse } from './decode-events.ts';
import { TUNNEL } from './ether-types.ts';
import { addVlan, decodeByVersion, decodeEthernet, decodeEtherType, decodeVlan } from './ethernet.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { be16 } from './network-order.ts';
import type { Packet } from './packet.ts';
import { decodePpp } from './ppp.ts';
import { tunnelName } from './tunnels.ts';

const SLL_BYTES = 16;
const SLL2_BYTES = 20;
const NULL_BYTES = 4;
const HDLC_BYTES = 4;
const IPV4_BYTES = 20;
const FAMILY_IPV4 = 2;
/** The same family on Linux, the BSDs, Windows, Solaris and macOS. */
const FAMILIES_IPV6: readonly number[] = [10, 23, 24, 26, 28, 30];

export function decodeCaptured(packet: Packet, captured: CapturedPacket): undefined {
  packet.reset(captured.bytes, captured.start, captured.end);
  packet.timeUs = captured.timeUs;
  packet.number = captured.number;
  packet.linkType = captured.linkType;
  const at = captured.start;
  switch (captured.linkType) {
    case linkTypes.LINK_ETHERNET:
      decodeEthernet(packet, at);
      return;
    case linkTypes.LINK_LINUX_SLL:
      if (packet.end - at < SLL_BYTES) return refuse(packet, 'sll.pkt_too_small');
      if (enterLayer(packet)) decodeEtherType(packet, be16(packet.bytes, at + 14), at + SLL_BYTES);
      return;
    case linkTypes.LINK_LINUX_SLL2:
      if (packet.end - at < SLL2_BYTES) return refuse(packet, 'sll2.pkt_too_small');
      if (enterLayer(packet)) decodeEtherType(packet, be16(packet.bytes, at), at + SLL2_BYTES);
      return;
    case linkTypes.LINK_PPP:
      decodePpp(packet, at);
      return;
    case linkTypes.LINK_CISCO_HDLC:
      if (packet.end - at < HDLC_BYTES) return refuse(packet, 'chdlc.pkt_too_small');
      if (enterLayer(packet)) decodeEtherType(packet, be16(packet.bytes, at + 2), at + HDLC_BYTES);
      return;
    case linkTypes.LINK_NULL:
    case linkTypes.LINK_LOOP:
      return decodeLoop(packet, at, captured.linkType === linkTypes.LINK_LOOP);
    case linkTypes.LINK_IPV4:
    case linkTypes.LINK_IPV6:
    case linkTypes.LINK_GRE_OVER_IP:
    case linkTypes.LINK_RAW:
    case linkTypes.LINK_RAW_BSD:
    case linkTypes.LINK_RAW_OPENBSD:
      return decodeRaw(packet, at);
    default:
      packet.isInvalid = true;
  }
}

/** Its four bytes are the address family, by the number and in the order of the system that wrote them; OpenBSD's are in network order. */
function decodeLoop(packet: Packet, at: number, isNetworkOrder: boolean): undefined {
  const { bytes } = packet;
  if (packet.end - at < NULL_BYTES) return refuse(packet, 'ltnull.pkt_too_small');
  const [low, high] = isNetworkOrder ? [be16(bytes, at + 2), be16(bytes, at)] : [le16(bytes, at), le16(bytes, at + 2)];
  if (high === 0 && low === FAMILY_IPV4) decodeIpv4(packet, at + NULL_BYTES);
  else if (high === 0 && FAMILIES_IPV6.includes(low)) decodeIpv6(packet, at + NULL_BYTES);
  else addEvent(packet, 'ltnull.unsupported_type');
}

const le16 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);

function decodeRaw(packet: Packet, at: number): undefined {
  if (packet.end - at < IPV4_BYTES) return refuse(packet, 'ipv4.pkt_too_small');
  if (!decodeByVersion(packet, at)) refuse(packet, 'ipraw.invalid_ip_version');
}

/** A datagram that was put together from fragments of `last`; false where it is none. */
export function decodeReassembled(packet: Packet, last: Packet, bytes: Uint8Array, length: number): boolean {
  packet.reset(bytes, 0, length);
  inherit(packet, last);
  packet.depth = last.depth;
  packet.vlanCount = last.vlanCount;
  packet.vlan0 = last.vlan0;
  packet.vlan1 = last.vlan1;
  packet.vlan2 = last.vlan2;
  packet.isReassembled = true;
  packet.source = 'defrag';
  packet.frameBytes = last.ipAt - last.start;
  decodeRaw(packet, 0);
  return packet.ipVersion !== 0;
}

/**
 * The packet that `outer` carries; call it where `outer.innerKind` is not `TUNNEL.none`. False where it is none: then
 * `outer` carries nothing.
 */
export function decodeInner(packet: Packet, outer: Packet): boolean {
  packet.reset(outer.bytes, outer.innerAt, outer.innerEnd);
  inherit(packet, outer);
  packet.depth = outer.depth + 1;
  packet.layers = outer.layers + 1;
  packet.source = tunnelName(outer);
  packet.frameBytes = outer.innerHeadBytes;
  if (outer.innerVlan >= 0) addVlan(packet, outer.innerVlan);
  if (decodeByKind(packet, outer.innerKind, outer.innerAt)) return true;
  outer.innerKind = TUNNEL.none;
  return false;
}

function decodeByKind(packet: Packet, kind: number, at: number): boolean {
  switch (kind) {
    case TUNNEL.ethernet:
      return decodeEthernet(packet, at);
    case TUNNEL.vlan:
      return decodeVlan(packet, at);
    case TUNNEL.ppp:
      return decodePpp(packet, at);
    case TUNNEL.ipv4:
      decodeIpv4(packet, at);
      return packet.ipVersion !== 0;
    default:
      decodeIpv6(packet, at);
      // In Teredo it would be no IPv6 but bytes that look like it by chance.
      return packet.ipVersion !== 0 && !(kind === TUNNEL.teredo && (packet.isInvalid || packet.isSpoilt));
  }
}

function inherit(packet: Packet, from: Packet): undefined {
  packet.root = from.root ?? from;
  packet.timeUs = from.timeUs;
  packet.number = from.number;
}
