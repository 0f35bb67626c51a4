/** From a frame's EtherType to IP: tags, labels and sessions that stand between are counted and passed over. */
import { addEvent, refuse } from './decode-events.ts';
import {
  ETHER_ARP,
  ETHER_IPV4,
  ETHER_IPV6,
  ETHER_MPLS_MULTICAST,
  ETHER_MPLS_UNICAST,
  ETHER_PPPOE_DISCOVERY,
  ETHER_PPPOE_SESSION,
  ETHER_QINQ,
  ETHER_QINQ_OLD,
  ETHER_VLAN,
} from './ether-types.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { be16 } from './network-order.ts';
import type { Packet } from './packet.ts';

const ETHERNET_BYTES = 14;
const VLAN_BYTES = 4;
const VLAN_ID_MASK = 0x0fff;
const MAX_VLANS = 3;
const MPLS_BYTES = 4;
const MPLS_BOTTOM = 1;
const PPPOE_BYTES = 8;
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
/** Known, and not looked into. */
const PPP_OTHERS: ReadonlySet<number> = new Set([
  ...[0x002d, 0x002b, 0x0023, 0x0025, 0x0027, 0x0029, 0x0031, 0x0033, 0x0035, 0x0201, 0x0231, 0x004d, 0x0281, 0x0283],
  ...[0x8021, 0x8023, 0x8025, 0x8027, 0x8029, 0x802b, 0x8033, 0x8035, 0x8057, 0x8281, 0xc021, 0xc023, 0xc025, 0xc223],
]);
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const MPLS_IPV4 = 0;
const MPLS_ROUTER_ALERT = 1;
const MPLS_IPV6 = 2;
const MPLS_NULL = 3;
const MPLS_RESERVED_MAX = 15;

export function decodeEthernet(packet: Packet, at: number): undefined {
  if (packet.end - at < ETHERNET_BYTES) return refuse(packet, 'ethernet.pkt_too_small');
  decodeEtherType(packet, be16(packet.bytes, at + 12), at + ETHERNET_BYTES);
}

export function decodeEtherType(packet: Packet, type: number, at: number): undefined {
  switch (type) {
    case ETHER_IPV4:
      return decodeIpv4(packet, at);
    case ETHER_IPV6:
      return decodeIpv6(packet, at);
    case ETHER_VLAN:
    case ETHER_QINQ:
    case ETHER_QINQ_OLD:
      return decodeVlan(packet, at);
    case ETHER_MPLS_UNICAST:
    case ETHER_MPLS_MULTICAST:
      return decodeMpls(packet, at);
    case ETHER_PPPOE_SESSION:
      return decodePppoe(packet, at);
    case ETHER_PPPOE_DISCOVERY:
      return notePppoeDiscovery(packet, at);
    default:
      addEvent(packet, 'ethernet.unknown_ethertype');
  }
}

const KNOWN_TYPES: ReadonlySet<number> = new Set([
  ...[ETHER_IPV4, ETHER_IPV6, ETHER_VLAN, ETHER_QINQ, ETHER_QINQ_OLD, ETHER_MPLS_UNICAST, ETHER_MPLS_MULTICAST],
  ...[ETHER_PPPOE_SESSION, ETHER_PPPOE_DISCOVERY, ETHER_ARP],
]);
const isKnownType = (type: number): boolean => KNOWN_TYPES.has(type);

function decodeVlan(packet: Packet, at: number): undefined {
  if (packet.end - at < VLAN_BYTES) return refuse(packet, 'vlan.header_too_small');
  if (packet.vlanCount === MAX_VLANS) return refuse(packet, 'vlan.too_many_layers');
  addVlan(packet, be16(packet.bytes, at) & VLAN_ID_MASK);
  const type = be16(packet.bytes, at + 2);
  if (isKnownType(type)) return decodeEtherType(packet, type, at + VLAN_BYTES);
  refuse(packet, 'vlan.unknown_type');
}

export function addVlan(packet: Packet, id: number): undefined {
  if (packet.vlanCount === MAX_VLANS) return;
  if (packet.vlanCount === 0) packet.vlan0 = id;
  else if (packet.vlanCount === 1) packet.vlan1 = id;
  else packet.vlan2 = id;
  packet.vlanCount++;
}

/** What stands under the labels is told by the last of them, or by its first half byte. */
function decodeMpls(packet: Packet, start: number): undefined {
  const { bytes } = packet;
  let at = start;
  let isBottom = false;
  while (!isBottom) {
    if (packet.end - at < MPLS_BYTES) return refuse(packet, 'mpls.header_too_small');
    isBottom = (bytes[at + 2]! & MPLS_BOTTOM) !== 0;
    at += MPLS_BYTES;
  }
  const label = (be16(bytes, at - MPLS_BYTES) << 4) | (bytes[at - MPLS_BYTES + 2]! >> 4);
  if (label === MPLS_IPV4) return decodeIpv4(packet, at);
  if (label === MPLS_IPV6) return decodeIpv6(packet, at);
  if (label === MPLS_ROUTER_ALERT) return addEvent(packet, 'mpls.bad_label_router_alert');
  if (label === MPLS_NULL) return addEvent(packet, 'mpls.bad_label_implicit_null');
  if (label < MPLS_RESERVED_MAX) return addEvent(packet, 'mpls.bad_label_reserved');
  if (packet.end - at < MPLS_BYTES) return refuse(packet, 'mpls.pkt_too_small');
  if (bytes[at]! >> 4 === 0) return decodeEthernet(packet, at + MPLS_BYTES);
  if (!decodeByVersion(packet, at)) refuse(packet, 'mpls.unknown_payload_type');
}

function decodePppoe(packet: Packet, at: number): undefined {
  if (packet.end - at < PPPOE_BYTES) return refuse(packet, 'pppoe.pkt_too_small');
  if (be16(packet.bytes, at + 4) === 0) return;
  const protocol = be16(packet.bytes, at + 6);
  const left = packet.end - at - PPPOE_BYTES;
  if (protocol === PPP_IPV4) {
    if (left < IPV4_BYTES) return refuse(packet, 'ppp.ip4_pkt_too_small');
    return decodeIpv4(packet, at + PPPOE_BYTES);
  }
  if (protocol === PPP_IPV6) {
    if (left < IPV6_BYTES) return refuse(packet, 'ppp.ip6_pkt_too_small');
    return decodeIpv6(packet, at + PPPOE_BYTES);
  }
  if (PPP_OTHERS.has(protocol)) addEvent(packet, 'ppp.unsup_proto');
  else refuse(packet, 'ppp.wrong_type');
}

const PPPOE_DISCOVERY_BYTES = 6;
/** Initiation, offer, request, confirmation, end. */
const PPPOE_CODES: ReadonlySet<number> = new Set([0x09, 0x07, 0x19, 0x65, 0xa7]);

function notePppoeDiscovery(packet: Packet, at: number): undefined {
  const { bytes } = packet;
  if (packet.end - at < PPPOE_DISCOVERY_BYTES) return refuse(packet, 'pppoe.pkt_too_small');
  if (!PPPOE_CODES.has(bytes[at + 1]!)) return refuse(packet, 'pppoe.wrong_code');
  if (be16(bytes, at + 4) > packet.end - at - PPPOE_DISCOVERY_BYTES) refuse(packet, 'pppoe.malformed_tags');
}

/** IP of either version; false where it is neither. */
export function decodeByVersion(packet: Packet, at: number): boolean {
  const version = packet.bytes[at]! >> 4;
  if (version === 4) decodeIpv4(packet, at);
  else if (version === 6) decodeIpv6(packet, at);
  else return false;
  return true;
}
