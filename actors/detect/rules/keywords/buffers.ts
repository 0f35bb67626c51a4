/** Sticky buffers, the legacy modifiers that name one of them, and transforms. */
import { checkRegex } from '../regex-syntax.ts';
import { shown, wrong } from '../rule-mistake.ts';
import type { Subject } from '../subject.ts';
import type { KeywordRow } from './row.ts';

interface StickyBuffer {
  readonly name: string;
  readonly subject: Subject;
  readonly since?: 8;
  readonly aliases?: readonly string[];
  /** The legacy modifier that moves a content here. */
  readonly legacy?: string;
  readonly only?: 'to_server' | 'to_client';
  /** The sticky form turns the rule this way; the legacy one does not. */
  readonly turns?: 'to_client';
  /** A transaction can have several of it; each time the keyword is written one is meant. */
  readonly isMany?: boolean;
}

const http = (name: string, rest: Omit<StickyBuffer, 'name' | 'subject'> = {}): StickyBuffer => ({
  name: `http.${name}`,
  subject: 'http',
  ...rest,
});
const of = (subject: Subject, ...names: readonly string[]): StickyBuffer[] => names.map((name) => ({ name, subject }));

const mail = (...names: readonly string[]): StickyBuffer[] =>
  names.map((name) => ({ name, since: 8, subject: 'smtp', only: 'to_server' }));

const STICKY_BUFFERS: readonly StickyBuffer[] = [
  http('uri', { only: 'to_server', legacy: 'http_uri' }),
  http('uri.raw', { only: 'to_server', legacy: 'http_raw_uri' }),
  http('method', { only: 'to_server', legacy: 'http_method' }),
  http('header', { legacy: 'http_header' }),
  http('header.raw', { legacy: 'http_raw_header' }),
  http('cookie', { legacy: 'http_cookie' }),
  http('user_agent', { only: 'to_server', legacy: 'http_user_agent' }),
  http('host', { only: 'to_server', legacy: 'http_host' }),
  http('host.raw', { only: 'to_server', legacy: 'http_raw_host' }),
  http('stat_code', { only: 'to_client', legacy: 'http_stat_code' }),
  http('stat_msg', { only: 'to_client', legacy: 'http_stat_msg' }),
  http('request_body', { only: 'to_server', legacy: 'http_client_body' }),
  http('response_body', { turns: 'to_client', legacy: 'http_server_body', isMany: true }),
  http('request_line', { only: 'to_server', aliases: ['http_request_line'] }),
  http('response_line', { only: 'to_client', aliases: ['http_response_line'] }),
  http('protocol', { aliases: ['http_protocol'] }),
  http('start', { aliases: ['http_start'] }),
  http('header_names', { aliases: ['http_header_names'] }),
  http('accept', { only: 'to_server', aliases: ['http_accept'] }),
  http('accept_lang', { only: 'to_server', aliases: ['http_accept_lang'] }),
  http('accept_enc', { only: 'to_server', aliases: ['http_accept_enc'] }),
  http('connection', { aliases: ['http_connection'] }),
  http('content_len', { aliases: ['http_content_len'] }),
  http('content_type', { aliases: ['http_content_type'] }),
  http('referer', { only: 'to_server', aliases: ['http_referer'] }),
  http('location', { only: 'to_client' }),
  http('server', { only: 'to_client' }),
  http('request_header', { only: 'to_server', isMany: true }),
  http('response_header', { only: 'to_client', isMany: true }),
  { name: 'file.data', subject: 'file', aliases: ['file_data'], isMany: true },
  { name: 'file.name', subject: 'file', isMany: true },
  { name: 'file.magic', subject: 'file', isMany: true },
  { name: 'dns.query', subject: 'dns', only: 'to_server', aliases: ['dns_query'], isMany: true },
  { name: 'dns.queries.rrname', since: 8, subject: 'dns', aliases: ['dns.query.name'], isMany: true },
  { name: 'dns.answers.rrname', since: 8, subject: 'dns', aliases: ['dns.answer.name'], isMany: true },
  { name: 'dns.authorities.rrname', since: 8, subject: 'dns', isMany: true },
  { name: 'dns.additionals.rrname', since: 8, subject: 'dns', isMany: true },
  { name: 'dns.response.rrname', since: 8, subject: 'dns', only: 'to_client', isMany: true },
  { name: 'tls.sni', subject: 'tls', only: 'to_server', aliases: ['tls_sni'] },
  { name: 'tls.cert_issuer', subject: 'tls', aliases: ['tls_cert_issuer'] },
  { name: 'tls.cert_subject', subject: 'tls', aliases: ['tls_cert_subject'], isMany: true },
  { name: 'tls.cert_serial', subject: 'tls', aliases: ['tls_cert_serial'] },
  { name: 'tls.cert_fingerprint', subject: 'tls', aliases: ['tls_cert_fingerprint'] },
  { name: 'tls.certs', subject: 'tls', isMany: true },
  ...of('tls', 'tls.random', 'tls.random_time', 'tls.random_bytes', 'ja3s.hash', 'ja3s.string', 'ja4.hash'),
  { name: 'ja3.hash', subject: 'tls', only: 'to_server', aliases: ['ja3_hash'] },
  { name: 'ja3.string', subject: 'tls', only: 'to_server', aliases: ['ja3_string'] },
  { name: 'tls.alpn', since: 8, subject: 'tls', isMany: true },
  { name: 'tls.subjectaltname', since: 8, subject: 'tls', isMany: true },
  { name: 'ssh.proto', subject: 'ssh', aliases: ['ssh_proto'] },
  { name: 'ssh.software', subject: 'ssh', aliases: ['ssh_software'] },
  ...of('ssh', 'ssh.hassh', 'ssh.hassh.string', 'ssh.hassh.server', 'ssh.hassh.server.string'),
  { name: 'mqtt.connect.protocol_string', since: 8, subject: 'mqtt', aliases: ['mqtt.connect.protocolstring'] },
  ...of('mqtt', 'mqtt.connect.clientid', 'mqtt.connect.username', 'mqtt.connect.password'),
  ...of('mqtt', 'mqtt.connect.willtopic', 'mqtt.connect.willmessage', 'mqtt.publish.topic', 'mqtt.publish.message'),
  { name: 'mqtt.subscribe.topic', subject: 'mqtt', isMany: true },
  { name: 'mqtt.unsubscribe.topic', subject: 'mqtt', isMany: true },
  { name: 'ftp.command', since: 8, subject: 'ftp', only: 'to_server' },
  { name: 'ftp.command_data', since: 8, subject: 'ftp', only: 'to_server' },
  { name: 'ftp.reply', since: 8, subject: 'ftp', only: 'to_client', isMany: true },
  { name: 'ftp.completion_code', since: 8, subject: 'ftp', only: 'to_client', isMany: true },
  ...mail('smtp.helo', 'smtp.mail_from', 'email.from', 'email.to', 'email.cc', 'email.subject', 'email.date'),
  ...mail('email.message_id', 'email.x_mailer'),
  ...mail('smtp.rcpt_to', 'email.received', 'email.url').map((row) => ({ ...row, isMany: true })),
  ...of('snmp', 'snmp.community', 'snmp.usm'),
  { name: 'dnp3.data', subject: 'dnp3', aliases: ['dnp3_data'] },
  ...of('packet', 'ip.src', 'ip.dst', 'ipv4.hdr', 'ipv6.hdr', 'tcp.hdr', 'udp.hdr', 'icmpv4.hdr', 'icmpv6.hdr'),
];

/** The transforms that take no value. */
const PLAIN_TRANSFORMS = [
  'compress_whitespace',
  'strip_whitespace',
  'strip_pseudo_headers',
  'to_md5',
  'to_sha1',
  'to_sha256',
  'dotprefix',
  'url_decode',
  'header_lowercase',
  'to_lowercase',
  'to_uppercase',
] as const;

export const BUFFERS: readonly KeywordRow[] = [
  ...STICKY_BUFFERS.map(
    ({ name, subject, aliases, isMany, only, turns, since }): KeywordRow => ({
      name,
      subject,
      ...(since === undefined ? {} : { since }),
      ...(only === undefined ? {} : { only }),
      ...(turns === undefined ? {} : { turns }),
      value: 'none',
      ...(aliases === undefined ? {} : { aliases }),
      read: (draft, _value, keyword) => draft.stick(keyword, name, isMany === true),
    }),
  ),
  ...STICKY_BUFFERS.flatMap(({ name, subject, legacy, only }): KeywordRow[] => {
    if (legacy === undefined) return [];
    const way = only === undefined ? {} : { only };
    return [{ name: legacy, subject, value: 'none', ...way, read: (draft) => draft.move(legacy, name) }];
  }),
  { name: 'pkt_data', subject: 'payload', value: 'none', read: (draft) => draft.stick('pkt_data', 'payload', false) },
  ...PLAIN_TRANSFORMS.map(
    (name): KeywordRow => ({
      name,
      subject: 'payload',
      value: 'none',
      read: (draft) => draft.transform({ name, value: null }),
    }),
  ),
  {
    name: 'xor',
    subject: 'payload',
    value: 'needed',
    quotes: 'needed',
    read: (draft, { text }) => {
      if (!/^(?:[0-9a-fA-F]{2}){1,255}$/.test(text)) wrong('xor', `the key "${shown(text)}" is not whole bytes`);
      draft.transform({ name: 'xor', value: text.toLowerCase() });
    },
  },
  {
    name: 'pcrexform',
    subject: 'payload',
    value: 'needed',
    quotes: 'needed',
    read: (draft, { text }) => {
      if (checkRegex('pcrexform', text, '').captures !== 1) wrong('pcrexform', 'it needs exactly one group');
      draft.transform({ name: 'pcrexform', value: text });
    },
  },
];
