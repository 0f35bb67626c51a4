/** Keywords about what went wrong, and about the protocol of a flow. */
import type { Making } from './making.ts';

const STREAM_EVENTS = [
  'pkt_retransmission',
  'est_packet_out_of_window',
  '3whs_ack_in_wrong_dir',
  'reassembly_overlap_different_data',
  'est_invalid_ack',
  'pkt_invalid_ack',
  'shutdown_syn_resend',
];
const DECODE_EVENTS = [
  'ipv4.trunc_pkt',
  'ipv4.opt_invalid',
  'udp.hlen_invalid',
  'icmpv4.unknown_type',
  'ipv4.frag_overlap',
];
const APPLICATION_EVENTS: Readonly<Record<string, readonly string[]>> = {
  http: [
    'http.unable_to_match_response_to_request',
    'http.missing_host_header',
    'http.invalid_response_chunk_len',
    'http.request_field_missing_colon',
    'http.double_encoded_uri',
  ],
  dns: ['dns.malformed_data', 'dns.not_a_request', 'dns.z_flag_set'],
  mqtt: ['mqtt.missing_connect', 'mqtt.double_connect', 'mqtt.invalid_qos_level'],
  modbus: ['modbus.invalid_length', 'modbus.invalid_function_code', 'modbus.unsolicited_response'],
  dnp3: ['dnp3.unknown_object', 'dnp3.len_too_small', 'dnp3.bad_link_crc', 'dnp3.bad_transport_crc'],
  ssh: ['ssh.invalid_banner', 'ssh.long_banner'],
  smtp: ['smtp.no_server_welcome_message', 'smtp.invalid_pipelined_sequence', 'smtp.mime_parse_failed'],
  tls: ['tls.invalid_certificate', 'tls.invalid_record_type', 'tls.invalid_sslv2_header'],
};

export function eventOption({ dice, dialogue }: Making): string {
  const protocols = ['http', 'dns', 'mqtt', 'modbus', 'dnp3', 'ssh', 'tls', 'failed'];
  const own = APPLICATION_EVENTS[dialogue.protocol] ?? ['applayer_mismatch_protocol_both_directions'];
  return dice.weighted<() => string>([
    [
      2,
      () =>
        `app-layer-protocol:${dice.chance(0.2) ? '!' : ''}${dice.chance(0.5) && own.length > 1 ? dialogue.protocol : dice.pick(protocols)};`,
    ],
    [1, () => `stream-event:${dice.pick(STREAM_EVENTS)};`],
    [0.5, () => `decode-event:${dice.pick(DECODE_EVENTS)};`],
    [1, () => `app-layer-event:${dice.pick(own)};`],
  ])();
}
