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
  'ltnull.pkt_too_small',
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
  'gre.wrong_version',
  'too_many_layers',
  'ipv4.opt_invalid',
  'ipv4.opt_invalid_len',
  'ipv4.opt_malformed',
  'ipv4.opt_pad_required',
  'ipv4.opt_eol_required',
  'ipv4.opt_duplicate',
  'ipv4.opt_unknown',
  'ipv4.icmpv6',
  'icmpv4.unknown_type',
  'icmpv4.unknown_code',
  'icmpv4.ipv4_trunc_pkt',
  'icmpv4.ipv4_unknown_ver',
  'icmpv6.unknown_type',
  'icmpv6.unknown_code',
  'icmpv6.ipv6_unknown_version',
  'icmpv6.ipv6_trunc_pkt',
  'icmpv6.mld_message_with_invalid_hl',
  'icmpv6.unassigned_type',
  'icmpv6.experimentation_type',
  'ipv6.exthdr_useless_fh',
  'ipv6.exthdr_dupl_rh',
  'ipv6.exthdr_dupl_hh',
  'ipv6.exthdr_dupl_dh',
  'ipv6.exthdr_dupl_ah',
  'ipv6.exthdr_invalid_optlen',
  'ipv6.exthdr_ah_res_not_null',
  'ipv6.hopopts_unknown_opt',
  'ipv6.hopopts_only_padding',
  'ipv6.dstopts_unknown_opt',
  'ipv6.dstopts_only_padding',
  'ipv6.rh_type_0',
  'ipv6.zero_len_padn',
  'ipv6.fh_non_zero_reserved_field',
  'ipv6.data_after_none_header',
  'ipv6.unknown_next_header',
  'ipv6.icmpv4',
  'ipv6.frag_invalid_length',
  'ipv6.ipv4_in_ipv6_too_small',
  'ipv6.ipv4_in_ipv6_wrong_version',
  'ipv6.ipv6_in_ipv6_too_small',
  'ipv6.ipv6_in_ipv6_wrong_version',
  'ppp.ip4_pkt_too_small',
  'ppp.ip6_pkt_too_small',
  'ppp.wrong_type',
  'ppp.unsup_proto',
  'pppoe.wrong_code',
  'pppoe.malformed_tags',
  'gre.version0_recur',
  'gre.version0_flags',
  'gre.version0_hdr_too_big',
  'gre.version0_malformed_sre_hdr',
  'gre.version1_chksum',
  'gre.version1_route',
  'gre.version1_ssr',
  'gre.version1_recur',
  'gre.version1_flags',
  'gre.version1_no_key',
  'gre.version1_wrong_protocol',
  'gre.version1_hdr_too_big',
  'vlan.unknown_type',
  'mpls.pkt_too_small',
  'mpls.bad_label_router_alert',
  'mpls.bad_label_implicit_null',
  'mpls.bad_label_reserved',
  'mpls.unknown_payload_type',
  'udp.hlen_too_small',
  'esp.pkt_too_small',
  'ltnull.unsupported_type',
  'chdlc.pkt_too_small',
  'dce.pkt_too_small',
  'vntag.header_too_small',
  'vntag.unknown_type',
  'ieee8021ah.header_too_small',
  'nsh.header_too_small',
  'nsh.unsupported_version',
  'nsh.bad_header_length',
  'nsh.reserved_type',
  'nsh.unsupported_type',
  'nsh.unknown_payload',
  'ppp.pkt_too_small',
  'ppp.vju_pkt_too_small',
  'vxlan.unknown_payload_type',
  'geneve.unknown_payload_type',
  'ipv4.frag_pkt_too_large',
  'ipv6.frag_pkt_too_large',
  'ipv4.frag_overlap',
  'ipv6.frag_overlap',
  'ipv4.frag_ignored',
  'ipv6.frag_ignored',
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

/** As many layers as this are an attack on the decoder. */
export const MAX_LAYERS = 16;

/** One more header; false where there are too many. */
export function enterLayer(packet: Packet): boolean {
  packet.layers += 1;
  if (packet.layers < MAX_LAYERS) return true;
  refuse(packet, 'too_many_layers');
  return false;
}

/** A part of it is not as it should be; it is taken further all the same. */
export function spoil(packet: Packet, event: DecodeEvent): undefined {
  addEvent(packet, event);
  packet.isSpoilt = true;
}

/** The packet ends here: what follows cannot be read. */
export function refuse(packet: Packet, event: DecodeEvent): undefined {
  addEvent(packet, event);
  packet.isInvalid = true;
}
