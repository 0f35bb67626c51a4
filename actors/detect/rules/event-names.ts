/**
 * Names of what Suricata notices about packets, streams and transactions. Those that nothing here looks for are named,
 * too: a rule about one of them is refused, and not silent.
 */
import { DECODE_EVENTS } from '../packet/index.ts';

const list = (text: string): string[] => text.trim().split(/\s+/);

/** Suricata has no place that notices them where packets are read from a file, or nobody sees them: such a rule never alerts. */
const SILENT_PACKET_EVENTS: readonly string[] = list(`afpacket.trunc_pkt erspan.header_too_small
  erspan.too_many_vlan_layers erspan.unsupported_version gre.version1_malformed_sre_hdr ipv6.exthdr_dupl_eh
  ipv6.pkt_too_small udp.hlen_invalid`);

const PACKET_EVENTS: ReadonlySet<string> = new Set([...DECODE_EVENTS, ...SILENT_PACKET_EVENTS]);
export const isPacketEvent = (name: string): boolean => PACKET_EVENTS.has(name);

/** Of packets of TCP and their streams. Never told are: `3whs_ack_data_inject`, `3whs_ack_in_wrong_dir`, `3whs_synack_resend_with_diff_seq`,
 * `est_ack_zwp_data`, `reassembly_insert_invalid`, `reassembly_insert_limit`, `reassembly_no_segment`, `reassembly_segment_before_base_seq`,
 * `reassembly_urgent_oob_limit_reached` and `wrong_thread`: Suricata has no place that notices them where it stands beside the
 * traffic with one thread and its own settings. */
const STREAM_EVENTS: ReadonlySet<string> = new Set(
  list(`3whs_ack_data_inject 3whs_ack_in_wrong_dir 3whs_async_wrong_seq 3whs_right_seq_wrong_ack_evasion 3whs_syn_flood
    3whs_syn_resend_diff_seq_on_syn_recv 3whs_syn_toclient_on_syn_recv 3whs_synack_flood
    3whs_synack_in_wrong_direction 3whs_synack_resend_with_diff_ack 3whs_synack_resend_with_diff_seq
    3whs_synack_tfo_data_ignored 3whs_synack_toserver_on_syn_recv 3whs_synack_with_wrong_ack 3whs_wrong_seq_wrong_ack
    4whs_invalid_ack 4whs_synack_with_wrong_ack 4whs_synack_with_wrong_syn 4whs_wrong_seq closewait_ack_out_of_window
    closewait_fin_out_of_window closewait_invalid_ack closewait_pkt_before_last_ack closing_ack_wrong_seq
    closing_invalid_ack est_ack_zwp_data est_invalid_ack est_packet_out_of_window est_pkt_before_last_ack
    est_syn_resend est_syn_resend_diff_seq est_syn_toclient est_synack_resend est_synack_resend_with_diff_ack
    est_synack_resend_with_diff_seq est_synack_toserver fin1_ack_wrong_seq fin1_fin_wrong_seq fin1_invalid_ack
    fin2_ack_wrong_seq fin2_fin_wrong_seq fin2_invalid_ack fin_but_no_session fin_invalid_ack fin_out_of_window fin_syn
    lastack_ack_wrong_seq lastack_invalid_ack pkt_bad_window_update pkt_broken_ack pkt_invalid_ack
    pkt_invalid_timestamp pkt_retransmission pkt_spurious_retransmission reassembly_depth_reached
    reassembly_insert_invalid reassembly_insert_limit reassembly_insert_memcap reassembly_no_segment
    reassembly_overlap_different_data reassembly_segment_before_base_seq reassembly_seq_gap
    reassembly_urgent_oob_limit_reached rst_but_no_session rst_invalid_ack rst_with_data shutdown_syn_resend
    suspected_rst_inject timewait_ack_wrong_seq timewait_invalid_ack wrong_thread`),
);
export const isStreamEvent = (name: string): boolean => STREAM_EVENTS.has(name);

interface ApplicationEvents {
  readonly raised: readonly string[];
  readonly unraised: readonly string[];
}

/** What Suricata 7.0.10 has names for and its parser never notices, as it is configured and with libhtp 0.5.50. */
const NEVER_IN_HTTP = `unknown_error invalid_transfer_encoding_value_in_response invalid_server_port_in_request
  invalid_authority_port response_field_too_long request_server_port_tcp_port_mismatch request_header_repetition
  response_header_repetition double_encoded_uri request_line_invalid lzma_memlimit_reached`;

/** It has no place that notices these. */
const NEVER_IN_TLS = 'invalid_tls_header heartbeat_message certificate_invalid_validity certificate_invalid_x509name';

const APPLICATION_EVENTS: Readonly<Record<string, ApplicationEvents>> = {
  http: {
    raised: list(`gzip_decompression_failed request_field_missing_colon response_field_missing_colon
      invalid_request_chunk_len invalid_response_chunk_len invalid_transfer_encoding_value_in_request
      invalid_content_length_field_in_request invalid_content_length_field_in_response 100_continue_already_seen
      unable_to_match_response_to_request request_header_invalid response_header_invalid missing_host_header
      host_header_ambiguous invalid_request_field_folding invalid_response_field_folding request_header_host_invalid
      uri_delim_non_compliant method_delim_non_compliant request_line_leading_whitespace too_many_encoding_layers
      abnormal_ce_header response_multipart_byteranges response_abnormal_transfer_encoding response_chunked_old_proto
      response_invalid_protocol response_invalid_status request_line_incomplete request_body_unexpected
      request_uri_host_invalid request_auth_unrecognized request_too_many_headers response_too_many_headers
      multipart_no_filedata multipart_generic_error multipart_invalid_header range_invalid
      request_field_too_long
      duplicate_content_length_field_in_request duplicate_content_length_field_in_response request_chunk_extension
      too_many_warnings file_name_too_long ${NEVER_IN_HTTP}`),
    unraised: list(`compression_bomb failed_protocol_change request_line_missing_protocol`),
  },
  dns: {
    raised: list(`malformed_data not_request not_response z_flag_set invalid_opcode name_too_long infinite_loop
      too_many_labels`),
    unraised: [],
  },
  tls: {
    raised: list(`invalid_sslv2_header invalid_record_version invalid_record_type invalid_record_length
      invalid_handshake_message invalid_certificate handshake_invalid_length multiple_sni_extensions invalid_sni_type
      invalid_sni_length error_message_encountered invalid_ssl_record invalid_heartbeat_message
      overflow_heartbeat_message dataleak_heartbeat_mismatch too_many_records_in_packet
      certificate_invalid_length certificate_invalid_version certificate_invalid_serial
      certificate_invalid_algorithmidentifier certificate_invalid_date certificate_invalid_extensions
      certificate_invalid_der certificate_invalid_subject certificate_invalid_issuer ${NEVER_IN_TLS}`),
    unraised: [],
  },
  ssh: { raised: list('invalid_banner long_banner invalid_record long_kex_record'), unraised: [] },
  mqtt: {
    raised: list(`missing_connect missing_publish missing_subscribe missing_unsubscribe double_connect
      unintroduced_message invalid_qos_level unassigned_msg_type too_many_transactions malformed_traffic
      missing_msg_id`),
    unraised: [],
  },
  modbus: {
    raised: list(`invalid_protocol_id unsolicited_response invalid_length invalid_function_code invalid_value
      invalid_exception_code value_mismatch flooded`),
    unraised: [],
  },
  dnp3: {
    // Suricata has no place that notices `malformed`: a frame whose checks are right can be taken apart.
    raised: list('flooded len_too_small bad_link_crc bad_transport_crc malformed unknown_object'),
    unraised: [],
  },
  enip: { raised: [], unraised: [] },
  telnet: { raised: [], unraised: [] },
  ftp: {
    raised: list('request_command_too_long response_command_too_long too_many_transactions'),
    unraised: [],
  },
  'ftp-data': { raised: [], unraised: [] },
  smtp: {
    raised: list(`invalid_reply invalid_pipelined_sequence bdat_chunk_len_exceeded no_server_welcome_message
      tls_rejected data_command_rejected failed_protocol_change mime_parse_failed mime_malformed_msg mime_invalid_base64
      mime_invalid_qp mime_long_line mime_long_enc_line mime_long_header_name mime_long_header_value mime_long_boundary
      mime_long_filename duplicate_fields unparsable_content truncated_line unable_to_match_reply_with_request
      max_command_line_len_exceeded max_reply_line_len_exceeded`),
    unraised: [],
  },
  dhcp: { raised: ['truncated_options', 'malformed_options'], unraised: [] },
  ntp: { raised: list('malformed_data not_request not_response'), unraised: [] },
  snmp: { raised: list('malformed_data unknown_security_model version_mismatch'), unraised: [] },
};

/** undefined: no such event, or no such protocol. */
export function isApplicationEventRaised(protocol: string, event: string): boolean | undefined {
  const events = APPLICATION_EVENTS[protocol];
  if (events === undefined) return undefined;
  if (events.raised.includes(event)) return true;
  return events.unraised.includes(event) ? false : undefined;
}
