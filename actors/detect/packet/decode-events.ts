/**
 * What may be wrong with a packet, by the names that rules use (`decode-event:`). A packet's codes are places in this
 * list; new names go to its end.
 */
import type { Packet } from './packet.ts';

export const DECODE_EVENTS = [
  'ethernet.pkt_too_small',
  'ethernet.unknown_ethertype',
  'sll.pkt_too_small',
  'sll2.pkt_too_small',
  'null.pkt_too_small',
  'vlan.header_too_small',
  'vlan.too_many_layers',
  'mpls.header_too_small',
  'pppoe.pkt_too_small',
  'ipraw.invalid_ip_version',
  'ipv4.pkt_too_small',
  'ipv4.wrong_ip_version',
  'ipv4.hlen_too_small',
  'ipv4.iplen_smaller_than_hlen',
  'ipv4.trunc_pkt',
  'ipv6.pkt_too_small',
  'ipv6.wrong_ip_version',
  'ipv6.trunc_pkt',
  'ipv6.trunc_exthdr',
  'ipv6.exthdr_dupl_fh',
  'ipv6.too_many_headers',
  'tcp.pkt_too_small',
  'tcp.hlen_too_small',
  'tcp.invalid_optlen',
  'tcp.opt_invalid_len',
  'tcp.opt_duplicate',
  'udp.pkt_too_small',
  'udp.len_invalid',
  'icmpv4.pkt_too_small',
  'icmpv6.pkt_too_small',
  'sctp.pkt_too_small',
  'gre.pkt_too_small',
  'gre.version_wrong',
  'too_many_layers',
] as const;

export type DecodeEvent = (typeof DECODE_EVENTS)[number];

const CODES: ReadonlyMap<string, number> = new Map(DECODE_EVENTS.map((name, code) => [name, code]));

/** Code of a name; undefined for one that no packet can have here. */
export function decodeEventCode(name: string): number | undefined {
  return CODES.get(name);
}

/** A packet that has more events than there is room for keeps the first. */
export function addEvent(packet: Packet, event: DecodeEvent): undefined {
  if (packet.eventCount < packet.events.length) packet.events[packet.eventCount++] = CODES.get(event)!;
}

/** The packet ends here: what follows cannot be read. */
export function refuse(packet: Packet, event: DecodeEvent): undefined {
  addEvent(packet, event);
  packet.isInvalid = true;
}
