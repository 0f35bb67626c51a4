/** What is odd about an ICMP message: its type, its code, and the packet that an error quotes. */
import { addEvent, spoil } from './decode-events.ts';
import type { Packet } from './packet.ts';

const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const QUOTE_AT = 8;

/** Of ICMPv4 the highest code of each type, and whether it quotes a packet. */
const V4: Readonly<Record<number, readonly [code: number, quotes: boolean]>> = {
  0: [0, false],
  3: [15, true],
  4: [0, true],
  5: [3, true],
  8: [0, false],
  9: [0, false],
  11: [1, true],
  12: [0, true],
  13: [0, false],
  14: [0, false],
  15: [0, false],
  16: [0, false],
  17: [0, false],
  18: [0, false],
};

/** Requests and answers of times: with less they are told as a packet that is cut off. */
const TIMES: ReadonlySet<number> = new Set([13, 14]);
const TIMES_BYTES = 20;

export function noteIcmpv4(packet: Packet, at: number, end: number): undefined {
  const known = V4[packet.icmpType];
  if (known === undefined) return addEvent(packet, 'icmpv4.unknown_type');
  if (packet.icmpCode > known[0]) return addEvent(packet, 'icmpv4.unknown_code');
  if (TIMES.has(packet.icmpType) && end - at < TIMES_BYTES) return addEvent(packet, 'icmpv4.ipv4_trunc_pkt');
  if (!known[1] || end - at <= QUOTE_AT) return;
  if (end - at - QUOTE_AT < IPV4_BYTES) addEvent(packet, 'icmpv4.ipv4_trunc_pkt');
  else if (packet.bytes[at + QUOTE_AT]! >> 4 !== 4) addEvent(packet, 'icmpv4.ipv4_unknown_ver');
}

const V6: Readonly<Record<number, readonly [code: number, quotes: boolean]>> = {
  1: [7, true],
  2: [0, true],
  3: [1, true],
  4: [2, true],
};
const LISTENERS_FROM = 130;
const LISTENERS_TO = 132;
const RENUMBERING = 138;
const NODE_INFORMATION = [139, 140];
const EXPERIMENTS = [100, 101, 200, 201];
/** Of each type whatever its code. */
const WITHOUT_CODE = [150, 151, 152, 153];
const ROUTING = 155;
const RESERVED = 127;
const LAST_ASSIGNED = 159;

/** The highest code of a destination that cannot be reached whose header is read. */
const REJECTED_ROUTE = 6;
const ECHO = 128;
const ECHO_REPLY = 129;

/** Of others Suricata takes the second half of the header for the payload, and leaves eight bytes at its end away. */
export function isReadIcmpv6({ icmpType: type, icmpCode: code }: Packet): boolean {
  if (type === ECHO || type === ECHO_REPLY) return code === 0;
  return type in V6 && code <= V6[type]![0] && code <= REJECTED_ROUTE;
}

export function noteIcmpv6(packet: Packet, at: number, end: number): undefined {
  const { icmpType: type, icmpCode: code } = packet;
  const error = V6[type];
  if (error !== undefined) {
    if (code > error[0]) return addEvent(packet, 'icmpv6.unknown_code');
    if (end - at - QUOTE_AT < IPV6_BYTES) spoil(packet, 'icmpv6.ipv6_trunc_pkt');
    else if (packet.bytes[at + QUOTE_AT]! >> 4 !== 6) spoil(packet, 'icmpv6.ipv6_unknown_version');
    return;
  }
  if (EXPERIMENTS.includes(type)) return addEvent(packet, 'icmpv6.experimentation_type');
  if (type === RESERVED) return addEvent(packet, 'icmpv6.unknown_type');
  if (type < RESERVED || type > LAST_ASSIGNED) return addEvent(packet, 'icmpv6.unassigned_type');
  if (isUnknownCode(type, code)) addEvent(packet, 'icmpv6.unknown_code');
  if (type >= LISTENERS_FROM && type <= LISTENERS_TO && packet.ttl !== 1)
    addEvent(packet, 'icmpv6.mld_message_with_invalid_hl');
}

function isUnknownCode(type: number, code: number): boolean {
  if (WITHOUT_CODE.includes(type)) return false;
  if (type === RENUMBERING) return code > 2 && code !== 255;
  if (NODE_INFORMATION.includes(type)) return code > 2;
  if (type === ROUTING) return (code > 3 && code < 128) || code > 132;
  return code !== 0;
}
