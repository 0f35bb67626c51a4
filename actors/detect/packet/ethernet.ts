/** From a frame's EtherType to IP: tags, labels and sessions that stand between are counted and passed over. */
import { addEvent, refuse } from './decode-events.ts';
import {
  ETHER_IPV4,
  ETHER_IPV6,
  ETHER_MPLS_MULTICAST,
  ETHER_MPLS_UNICAST,
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
    default:
      addEvent(packet, 'ethernet.unknown_ethertype');
  }
}

function decodeVlan(packet: Packet, at: number): undefined {
  if (packet.end - at < VLAN_BYTES) return refuse(packet, 'vlan.header_too_small');
  if (packet.vlanCount === MAX_VLANS) return refuse(packet, 'vlan.too_many_layers');
  addVlan(packet, be16(packet.bytes, at) & VLAN_ID_MASK);
  decodeEtherType(packet, be16(packet.bytes, at + 2), at + VLAN_BYTES);
}

export function addVlan(packet: Packet, id: number): undefined {
  if (packet.vlanCount === MAX_VLANS) return;
  if (packet.vlanCount === 0) packet.vlan0 = id;
  else if (packet.vlanCount === 1) packet.vlan1 = id;
  else packet.vlan2 = id;
  packet.vlanCount++;
}

/** What stands under the labels is told by its first half byte. */
function decodeMpls(packet: Packet, start: number): undefined {
  let at = start;
  let isBottom = false;
  while (!isBottom) {
    if (packet.end - at < MPLS_BYTES) return refuse(packet, 'mpls.header_too_small');
    isBottom = (packet.bytes[at + 2]! & MPLS_BOTTOM) !== 0;
    at += MPLS_BYTES;
  }
  if (at < packet.end) decodeByVersion(packet, at);
}

function decodePppoe(packet: Packet, at: number): undefined {
  if (packet.end - at < PPPOE_BYTES) return refuse(packet, 'pppoe.pkt_too_small');
  const protocol = be16(packet.bytes, at + 6);
  if (protocol === PPP_IPV4) decodeIpv4(packet, at + PPPOE_BYTES);
  else if (protocol === PPP_IPV6) decodeIpv6(packet, at + PPPOE_BYTES);
}

/** IP of either version; false where it is neither. */
export function decodeByVersion(packet: Packet, at: number): boolean {
  const version = packet.bytes[at]! >> 4;
  if (version === 4) decodeIpv4(packet, at);
  else if (version === 6) decodeIpv6(packet, at);
  else return false;
  return true;
}
