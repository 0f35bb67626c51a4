/** PPP: over a line of its own, in GRE, and over Ethernet with its discovery. What is not IP is not looked into. */
import { addEvent, enterLayer, refuse } from './decode-events.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { be16 } from './network-order.ts';
import type { Packet } from './packet.ts';

const PPPOE_BYTES = 7;
const PPPOE_DISCOVERY_BYTES = 6;
/** Of the address that HDLC puts before a protocol. */
const HDLC_ADDRESS = 0xff;
const HDLC_BYTES = 2;
/** A protocol's first byte with this bit is its only one. */
const SINGLE = 1;
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
/** Headers of TCP with the number of their connection where IP has its protocol. */
const PPP_UNCOMPRESSED = 0x002f;
/** Known, and not looked into. */
const OTHERS: ReadonlySet<number> = new Set([
  ...[0x002d, 0x002b, 0x0023, 0x0025, 0x0027, 0x0029, 0x0031, 0x0033, 0x0035, 0x0201, 0x0231, 0x0233, 0x0281, 0x0283],
  ...[0x8021, 0x8023, 0x8025, 0x8027, 0x8029, 0x802b, 0x8033, 0x8035, 0x8057, 0x8281, 0xc021, 0xc023, 0xc025, 0xc223],
]);
/** Known where PPP has a line of its own. */
const LINE_OTHERS: ReadonlySet<number> = new Set([...OTHERS, 0x80fd, 0xc029, 0x00fd]);
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;

/** False where it is not PPP, or not what it says that it carries. */
export function decodePpp(packet: Packet, at: number): boolean {
  const { bytes, end } = packet;
  const start = bytes[at] === HDLC_ADDRESS && at < end ? at + HDLC_BYTES : at;
  const isSingle = start < end && (bytes[start]! & SINGLE) !== 0;
  const inner = start + (isSingle ? 1 : 2);
  if (start >= end || inner > end) {
    refuse(packet, 'ppp.pkt_too_small');
    return false;
  }
  if (!enterLayer(packet)) return false;
  const protocol = isSingle ? bytes[start]! : be16(bytes, start);
  if (isIp(protocol)) return decodeCarried(packet, protocol, inner, isSingle);
  if (isSingle || LINE_OTHERS.has(protocol)) addEvent(packet, 'ppp.unsup_proto');
  else refuse(packet, 'ppp.wrong_type');
  return true;
}

const isIp = (protocol: number): boolean =>
  protocol === PPP_IPV4 || protocol === PPP_IPV6 || protocol === PPP_UNCOMPRESSED;

function decodeCarried(packet: Packet, protocol: number, at: number, isSingle: boolean): boolean {
  const left = packet.end - at;
  if (protocol === PPP_IPV6) {
    if (left < IPV6_BYTES) refuse(packet, 'ppp.ip6_pkt_too_small');
    else decodeIpv6(packet, at);
  } else if (left < IPV4_BYTES)
    refuse(packet, protocol === PPP_IPV4 && !isSingle ? 'ppp.ip4_pkt_too_small' : 'ppp.vju_pkt_too_small');
  else if (protocol === PPP_IPV4 || packet.bytes[at]! >> 4 === 4) decodeIpv4(packet, at);
  return packet.ipVersion !== 0;
}

export function decodePppoe(packet: Packet, at: number): undefined {
  const { bytes, end } = packet;
  if (end - at < PPPOE_BYTES) return refuse(packet, 'pppoe.pkt_too_small');
  if (be16(bytes, at + 4) === 0) return;
  const isSingle = (bytes[at + PPPOE_BYTES - 1]! & SINGLE) !== 0;
  const inner = at + PPPOE_BYTES + (isSingle ? 0 : 1);
  if (inner > end) return refuse(packet, 'pppoe.pkt_too_small');
  const protocol = isSingle ? bytes[inner - 1]! : be16(bytes, inner - 2);
  if (isIp(protocol)) decodeCarried(packet, protocol, inner, false);
  else if (OTHERS.has(protocol)) addEvent(packet, 'ppp.unsup_proto');
  else refuse(packet, 'ppp.wrong_type');
}

/** Initiation, offer, request, confirmation, end. */
const PPPOE_CODES: ReadonlySet<number> = new Set([0x09, 0x07, 0x19, 0x65, 0xa7]);

export function notePppoeDiscovery(packet: Packet, at: number): undefined {
  const { bytes } = packet;
  if (packet.end - at < PPPOE_DISCOVERY_BYTES) return refuse(packet, 'pppoe.pkt_too_small');
  if (!PPPOE_CODES.has(bytes[at + 1]!)) return refuse(packet, 'pppoe.wrong_code');
  if (be16(bytes, at + 4) > packet.end - at - PPPOE_DISCOVERY_BYTES) refuse(packet, 'pppoe.malformed_tags');
}
