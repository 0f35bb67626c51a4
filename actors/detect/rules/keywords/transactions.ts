/** Keywords about what an application protocol carries, other than buffers. */
import { boundedTest, printTest, whole } from '../numbers.ts';
import { shown, wrong } from '../rule-mistake.ts';
import { condition } from './condition-row.ts';
import { DNS_RCODES, DNS_TYPES } from './dns-numbers.ts';
import { modbus } from './modbus.ts';
import { bitNames, compared, named, number, type Reader, several, words } from './readers.ts';
import type { KeywordRow } from './row.ts';

const urilen: Reader = (keyword, text) => {
  const match = /^(.*?)\s*(?:,\s*(raw|norm)\s*)?$/s.exec(text)!;
  const test = boundedTest(keyword, match[1]!, 65_535);
  return { type: 'fields', fields: { length: printTest(test), of: match[2] ?? 'norm' } };
};

const MQTT_TYPES = {
  UNASSIGNED: 0,
  CONNECT: 1,
  CONNACK: 2,
  PUBLISH: 3,
  PUBACK: 4,
  PUBREC: 5,
  PUBREL: 6,
  PUBCOMP: 7,
  SUBSCRIBE: 8,
  SUBACK: 9,
  UNSUBSCRIBE: 10,
  UNSUBACK: 11,
  PINGREQ: 12,
  PINGRESP: 13,
  DISCONNECT: 14,
  AUTH: 15,
};
/** Names of Suricata 8. */
const SNMP_PDUS = {
  get_request: 0,
  get_next_request: 1,
  response: 2,
  set_request: 3,
  trap_v1: 4,
  get_bulk_request: 5,
  inform_request: 6,
  trap_v2: 7,
  report: 8,
};
const MQTT_FLAGS = { retain: 1, dup: 8 };
const CONNECT_FLAGS = { username: 0x80, password: 0x40, will: 4, will_retain: 0x20, clean_session: 2 };

const between =
  (min: number, max: number): Reader =>
  (keyword, text) =>
    number({ is: 'equal', value: whole(keyword, text, min, max), high: null });

const isPresent: Reader = (keyword, text) => {
  if (!/^(?:true|yes|false|no)$/.test(text)) return wrong(keyword, 'it is true or false');
  return { type: 'words', words: [/^(?:true|yes)$/.test(text) ? 'true' : 'false'] };
};

const transferCommand: Reader = (keyword, text) => {
  const command = text.trim();
  return command === 'stor' || command === 'retr' ? words(command) : wrong(keyword, 'it is stor or retr');
};

const ftpMode: Reader = (keyword, text) => {
  const mode = text.toLowerCase();
  return mode === 'active' || mode === 'passive'
    ? { type: 'words', words: [mode] }
    : wrong(keyword, 'it is active or passive');
};

const isReceived: Reader = (keyword, text) => {
  if (!/^(?:true|yes|1|on|false|no|0|off)$/i.test(text)) return wrong(keyword, 'it is yes or no');
  return { type: 'words', words: [/^(?:true|yes|1|on)$/i.test(text) ? 'yes' : 'no'] };
};

const sshVersion: Reader = (keyword, text) => {
  if (text === '2_compat') return { type: 'words', words: [text] };
  if (!/^\d[\d.-]*$/.test(text)) return wrong(keyword, `"${shown(text)}" is no protocol version`);
  return { type: 'words', words: [text] };
};

const sshSoftware: Reader = (keyword, text) => {
  if (!/^[\w:.+\s-]+$/.test(text)) return wrong(keyword, `"${shown(text)}" is no software version`);
  return { type: 'words', words: [text.trim()] };
};

const TLS_VERSIONS = ['1.0', '1.1', '1.2', '1.3'];
const tlsVersion: Reader = (keyword, text) => {
  if (!TLS_VERSIONS.includes(text) && !/^0x[0-9a-fA-F]{4}$/.test(text))
    return wrong(keyword, `"${shown(text)}" is no version of TLS`);
  return { type: 'words', words: [text.toLowerCase()] };
};

const SSL_VERSIONS = ['sslv2', 'sslv3', 'tls1.0', 'tls1.1', 'tls1.2', 'tls1.3'];
/** Either all of them have `!`, or none. */
const sslVersions: Reader = (keyword, text) => {
  const words = text
    .toLowerCase()
    .split(',')
    .map((part) => part.trim());
  const isNegated = words[0]!.startsWith('!');
  for (const word of words) {
    if (!SSL_VERSIONS.includes(word.replace(/^!\s*/, '')) || word.startsWith('!') !== isNegated)
      wrong(keyword, `"${shown(word)}" is not known, or is negated where others are not`);
  }
  return { type: 'words', words: words.map((word) => word.replace(/^!\s*/, '!')) };
};

const SSL_STATES = ['client_hello', 'server_hello', 'client_keyx', 'server_keyx', 'unknown'];
const sslStates: Reader = (keyword, text) => {
  const words = text.split(/[,|]/).map((part) => part.trim());
  for (const word of words)
    if (!SSL_STATES.includes(word.replace(/^!\s*/, ''))) wrong(keyword, `"${shown(word)}" is not known`);
  return { type: 'words', words: words.map((word) => word.replace(/^!\s*/, '!')) };
};

/** What of a distinguished name Suricata takes. */
const NAME = /^[A-z0-9\s_\-.=,*@]+$/;

/** A text that a certificate has, in quotes, `!` before them: has not. */
const certificateText = (name: string, form: RegExp): KeywordRow => ({
  name,
  subject: 'tls',
  value: 'needed',
  quotes: 'needed',
  negation: true,
  read: (draft, { text, isNegated }) => {
    if (!form.test(text)) wrong(name, `"${shown(text)}" is none`);
    if (name === 'tls.fingerprint' && draft.buffer !== 'payload')
      wrong(name, `it cannot stand behind the buffer ${draft.buffer}`);
    draft.condition({ keyword: name, value: { type: 'words', words: [`${isNegated ? '!' : ''}${text}`] } });
  },
});

export const TRANSACTIONS: readonly KeywordRow[] = [
  condition('http', 'urilen', urilen, { only: 'to_server' }),
  condition('dns', 'dns.opcode', compared(255)),
  condition('dns', 'dns.rcode', named(DNS_RCODES, 65_535), { since: 8 }),
  condition('dns', 'dns.rrtype', several(DNS_TYPES, 65_535), { since: 8 }),
  condition('tls', 'tls.version', tlsVersion),
  condition('tls', 'ssl_version', sslVersions),
  condition('tls', 'ssl_state', sslStates),
  certificateText('tls.subject', NAME),
  certificateText('tls.issuerdn', NAME),
  certificateText('tls.fingerprint', /^(?:[0-9a-fA-F]{2}:){19}[0-9a-fA-F]{2}$/),
  condition('tls', 'tls.cert_chain_len', compared(0xffff_ffff)),
  condition('ssh', 'ssh.protoversion', sshVersion, { quotes: 'optional' }),
  condition('ssh', 'ssh.softwareversion', sshSoftware, { quotes: 'optional' }),
  condition('mqtt', 'mqtt.type', several(MQTT_TYPES, 255)),
  condition('mqtt', 'mqtt.flags', bitNames(MQTT_FLAGS, 255)),
  condition('mqtt', 'mqtt.qos', between(0, 2)),
  condition('mqtt', 'mqtt.protocol_version', compared(255)),
  condition('mqtt', 'mqtt.reason_code', several({}, 255), { aliases: ['mqtt.connack.return_code'] }),
  condition('mqtt', 'mqtt.connect.flags', bitNames(CONNECT_FLAGS, 255)),
  condition('mqtt', 'mqtt.connack.session_present', isPresent),
  condition('modbus', 'modbus', modbus),
  condition('ftp', 'ftpbounce', () => ({ type: 'none' }), { value: 'none', only: 'to_server' }),
  condition('ftp-data', 'ftpdata_command', transferCommand),
  condition('ftp', 'ftp.dynamic_port', compared(65_535), { since: 8 }),
  condition('ftp', 'ftp.mode', ftpMode, { since: 8 }),
  condition('ftp', 'ftp.reply_received', isReceived, { since: 8, only: 'to_client' }),
  condition('dhcp', 'dhcp.leasetime', compared(Number.MAX_SAFE_INTEGER)),
  condition('dhcp', 'dhcp.renewal_time', compared(Number.MAX_SAFE_INTEGER)),
  condition('dhcp', 'dhcp.rebinding_time', compared(Number.MAX_SAFE_INTEGER)),
  condition('snmp', 'snmp.version', compared(0xffff_ffff)),
  condition('snmp', 'snmp.pdu_type', named(SNMP_PDUS, 0xffff_ffff)),
];
