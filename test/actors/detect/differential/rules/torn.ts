/** Rules about sessions of which something is missing: what is left of each transaction, and what was noticed. */
import { applicationOptions } from './applications.ts';
import { contents, wordsOf } from './contents.ts';
import { eventOption } from './events.ts';
import type { Making } from './making.ts';
import { packetOption } from './packets.ts';
import { way } from './way.ts';

/** Buffers that a transaction has where enough of it came, so that what is asked of them is mostly there. */
const BUFFERS: Readonly<Record<string, readonly string[]>> = {
  http: [
    ...['http.uri', 'http.method', 'http.header', 'http.header.raw', 'http.request_body', 'http.request_line'],
    ...['http.stat_code', 'http.response_line', 'http.response_body', 'file.data', 'http.header_names', 'http.start'],
    ...['http.request_header', 'http.response_header', 'http.protocol', 'http.server', 'http.host'],
  ],
  dns: ['dns.query'],
  mqtt: ['mqtt.publish.topic', 'mqtt.publish.message', 'mqtt.connect.clientid', 'mqtt.subscribe.topic'],
  ssh: ['ssh.proto', 'ssh.software', 'ssh.hassh', 'ssh.hassh.server'],
  tls: ['tls.sni', 'tls.cert_subject', 'tls.cert_issuer', 'tls.certs', 'tls.random', 'ja3.hash', 'ja3s.hash'],
  smtp: ['file.data', 'file.name'],
};

const STREAM_EVENTS = [
  ...['pkt_retransmission', 'pkt_spurious_retransmission', 'reassembly_seq_gap', 'est_packet_out_of_window'],
  ...['est_pkt_before_last_ack', 'est_invalid_ack', 'pkt_invalid_ack', 'pkt_broken_ack', 'pkt_bad_window_update'],
  ...['fin_out_of_window', 'fin_invalid_ack', 'fin1_ack_wrong_seq', 'fin1_invalid_ack', 'fin2_ack_wrong_seq'],
  ...['closewait_ack_out_of_window', 'closewait_pkt_before_last_ack', 'lastack_ack_wrong_seq', 'lastack_invalid_ack'],
  ...['timewait_ack_wrong_seq', 'closing_ack_wrong_seq', 'shutdown_syn_resend', 'suspected_rst_inject'],
  ...['rst_but_no_session', 'rst_invalid_ack', 'fin_but_no_session', 'est_syn_resend', 'est_syn_resend_diff_seq'],
  ...[
    'est_synack_resend',
    'est_synack_resend_with_diff_seq',
    'est_synack_toserver',
    'reassembly_overlap_different_data',
  ],
  ...[
    '3whs_ack_data_inject',
    '3whs_wrong_seq_wrong_ack',
    '3whs_synack_with_wrong_ack',
    '3whs_right_seq_wrong_ack_evasion',
  ],
];

/** What parsers notice where bytes are missing or come twice. */
const APPLICATION_EVENTS: Readonly<Record<string, readonly string[]>> = {
  http: [
    ...['unable_to_match_response_to_request', 'request_body_unexpected', 'request_line_incomplete'],
    ...['invalid_request_chunk_len', 'invalid_response_chunk_len', 'request_header_invalid', 'response_header_invalid'],
    ...['request_field_missing_colon', 'response_field_missing_colon', 'missing_host_header'],
    ...['response_invalid_protocol', 'response_invalid_status', 'request_line_leading_whitespace'],
  ],
  dns: ['malformed_data', 'not_request', 'not_response'],
  mqtt: ['missing_connect', 'double_connect', 'unintroduced_message', 'malformed_traffic', 'missing_publish'],
  modbus: ['unsolicited_response', 'invalid_length', 'invalid_protocol_id', 'flooded'],
  ssh: ['invalid_banner', 'invalid_record'],
  tls: ['invalid_record_type', 'invalid_record_version', 'invalid_handshake_message', 'invalid_ssl_record'],
  smtp: ['invalid_reply', 'unable_to_match_reply_with_request', 'no_server_welcome_message', 'mime_parse_failed'],
};

export function tornRule(making: Making): string {
  const { dice, dialogue } = making;
  const { protocol, transport } = dialogue;
  const message = dice.pick(dialogue.messages);
  const [buffers, events] = [BUFFERS[protocol], APPLICATION_EVENTS[protocol]];
  const isOwn = protocol !== 'raw' && dice.chance(0.85);
  const short = dice.pick(wordsOf(message.bytes, 1)).slice(0, dice.int(1, 2));
  const options = dice.weighted<() => string[]>([
    [isOwn ? 3 : 0, () => applicationOptions(making, message)],
    [
      isOwn && buffers !== undefined ? 6 : 0,
      () => [`${dice.pick(buffers!)};`, `content:${dice.chance(0.1) ? '!' : ''}"${short}"; nocase;`],
    ],
    [
      isOwn && (protocol === 'http' || protocol === 'smtp') ? 1 : 0,
      () => [dice.pick(['filesize:<2000;', 'filesize:>5;', 'filestore;'])],
    ],
    [isOwn && events !== undefined ? 1 : 0, () => [`app-layer-event:${protocol}.${dice.pick(events!)};`]],
    [2, () => contents(making, message.bytes, 2)],
    [2, () => [`content:"${short}";`]],
    [transport === 'tcp' ? 1.5 : 0, () => [`stream-event:${dice.pick(STREAM_EVENTS)};`]],
    [0.4, () => [eventOption(making)]],
    [0.4, () => [packetOption(making, message.bytes)]],
  ])();
  const action = dice.weighted([
    [20, 'alert'],
    [1, 'drop'],
    [1, 'pass'],
  ]);
  const towards = message.direction === 0 ? 'to_server' : 'to_client';
  const flow = dice.weighted([
    [10, ''],
    [2, 'flow:established; '],
    [2, `flow:${towards}; `],
    [1, `flow:established,${towards}; `],
    [1, 'flow:stateless; '],
    [1, 'flow:not_established; '],
    [1, `flow:${towards},only_stream; `],
  ]);
  return `${action} ${isOwn ? protocol : transport} ${way(making, message)} (${flow}${options.join(' ')}`;
}
