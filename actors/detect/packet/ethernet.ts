/** From a frame's EtherType to IP: tags, labels and sessions that stand between are counted and passed over. */
import { addEvent, type DecodeEvent, enterLayer, refuse } from './decode-events.ts';
import {
  ETHER_ARP,
  ETHER_BACKBONE,
  ETHER_DCE,
  ETHER_IPV4,
  ETHER_IPV6,
  ETHER_MPLS_MULTICAST,
  ETHER_MPLS_UNICAST,
  ETHER_NSH,
  ETHER_PPPOE_DISCOVERY,
  ETHER_PPPOE_SESSION,
  ETHER_QINQ,
  ETHER_QINQ_OLD,
  ETHER_VLAN,
  ETHER_VNTAG,
} from './ether-types.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { be16 } from './network-order.ts';
import type { Packet } from './packet.ts';
import { decodePppoe, notePppoeDiscovery } from './ppp.ts';

const ETHERNET_BYTES = 14;
const VLAN_BYTES = 4;
const VLAN_ID_MASK = 0x0fff;
const MAX_VLANS = 3;
const MPLS_BYTES = 4;
const MPLS_BOTTOM = 1;
const VNTAG_BYTES = 6;
const BACKBONE_BYTES = 18;
const DCE_BYTES = 2;
const NSH_BYTES = 8;
const NSH_FIXED = 1;
const NSH_FIXED_BYTES = 24;
const NSH_OPTIONS = 2;
const NSH_EXPERIMENT = 15;
const MPLS_IPV4 = 0;
const MPLS_ROUTER_ALERT = 1;
const MPLS_IPV6 = 2;
const MPLS_NULL = 3;
const MPLS_RESERVED_MAX = 15;

/** False where it is no frame. */
export function decodeEthernet(packet: Packet, at: number): boolean {
  if (packet.end - at < ETHERNET_BYTES) return fails(packet, 'ethernet.pkt_too_small');
  if (!enterLayer(packet)) return false;
  const type = be16(packet.bytes, at + 12);
  if (!decodeEtherType(packet, type, at + ETHERNET_BYTES)) addEvent(packet, 'ethernet.unknown_ethertype');
  return true;
}

/** False where the type is none that is known. */
export function decodeEtherType(packet: Packet, type: number, at: number): boolean {
  switch (type) {
    case ETHER_IPV4:
      decodeIpv4(packet, at);
      break;
    case ETHER_IPV6:
      decodeIpv6(packet, at);
      break;
    case ETHER_VLAN:
    case ETHER_QINQ:
    case ETHER_QINQ_OLD:
      decodeVlan(packet, at);
      break;
    case ETHER_MPLS_UNICAST:
    case ETHER_MPLS_MULTICAST:
      decodeMpls(packet, at);
      break;
    case ETHER_PPPOE_SESSION:
      decodePppoe(packet, at);
      break;
    case ETHER_PPPOE_DISCOVERY:
      notePppoeDiscovery(packet, at);
      break;
    case ETHER_BACKBONE:
      decodeBackbone(packet, at);
      break;
    case ETHER_DCE:
      if (packet.end - at < DCE_BYTES + ETHERNET_BYTES) refuse(packet, 'dce.pkt_too_small');
      else decodeEthernet(packet, at + DCE_BYTES);
      break;
    case ETHER_VNTAG:
      decodeVntag(packet, at);
      break;
    case ETHER_NSH:
      decodeNsh(packet, at);
      break;
    default:
      return type === ETHER_ARP;
  }
  return true;
}

/** False where it is no tag. */
export function decodeVlan(packet: Packet, at: number): boolean {
  if (packet.vlanCount === MAX_VLANS) return fails(packet, 'vlan.too_many_layers');
  if (packet.end - at < VLAN_BYTES) return fails(packet, 'vlan.header_too_small');
  if (!enterLayer(packet)) return false;
  addVlan(packet, be16(packet.bytes, at) & VLAN_ID_MASK);
  return decodeEtherType(packet, be16(packet.bytes, at + 2), at + VLAN_BYTES) || fails(packet, 'vlan.unknown_type');
}

function fails(packet: Packet, event: DecodeEvent): false {
  refuse(packet, event);
  return false;
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
  if (!enterLayer(packet)) return;
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
  if (bytes[at]! >> 4 === 0) {
    decodeEthernet(packet, at + MPLS_BYTES);
    return;
  }
  if (!decodeByVersion(packet, at)) refuse(packet, 'mpls.unknown_payload_type');
}

/** Service chains: what is under a header of a fixed length (1) or of options (2). */
function decodeNsh(packet: Packet, at: number): undefined {
  const { bytes, end } = packet;
  if (end - at < NSH_BYTES) return refuse(packet, 'nsh.header_too_small');
  if (!enterLayer(packet)) return;
  const head = be16(bytes, at);
  if (head >> 14 !== 0) return addEvent(packet, 'nsh.unsupported_version');
  const length = (head & 0x3f) * 4;
  if (length >= end - at) return refuse(packet, 'nsh.bad_header_length');
  const kind = bytes[at + 2]!;
  if (kind === 0 || kind === NSH_EXPERIMENT) return addEvent(packet, 'nsh.reserved_type');
  if (kind > NSH_OPTIONS) return addEvent(packet, 'nsh.unsupported_type');
  if (kind === NSH_FIXED && length !== NSH_FIXED_BYTES) return refuse(packet, 'nsh.bad_header_length');
  switch (bytes[at + 3]) {
    case 1:
      return decodeIpv4(packet, at + length);
    case 2:
      return decodeIpv6(packet, at + length);
    case 3:
      decodeEthernet(packet, at + length);
      return;
    case 5:
      return decodeMpls(packet, at + length);
    default:
      addEvent(packet, 'nsh.unknown_payload');
  }
}

function decodeVntag(packet: Packet, at: number): undefined {
  if (packet.end - at < VNTAG_BYTES) return refuse(packet, 'vntag.header_too_small');
  if (!enterLayer(packet)) return;
  if (!decodeEtherType(packet, be16(packet.bytes, at + 4), at + VNTAG_BYTES)) refuse(packet, 'vntag.unknown_type');
}

function decodeBackbone(packet: Packet, at: number): undefined {
  if (packet.end - at < BACKBONE_BYTES) return refuse(packet, 'ieee8021ah.header_too_small');
  decodeEtherType(packet, be16(packet.bytes, at + BACKBONE_BYTES - 2), at + BACKBONE_BYTES);
}

/** IP of either version; false where it is neither. */
export function decodeByVersion(packet: Packet, at: number): boolean {
  const version = packet.bytes[at]! >> 4;
  if (version === 4) decodeIpv4(packet, at);
  else if (version === 6) decodeIpv6(packet, at);
  else return false;
  return true;
}
