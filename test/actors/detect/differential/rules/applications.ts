/** Rules about transactions of the protocols: of HTTP in a file of its own, of the others from lists with words of their messages. */
import { DNS_RULES } from '../../protocols/dns-talks.ts';
import { MODBUS_RULES } from '../../protocols/modbus-talks.ts';
import { MQTT_RULES } from '../../protocols/mqtt-talks.ts';
import { SMTP_RULES } from '../../protocols/smtp-talks.ts';
import { SSH_RULES } from '../../protocols/ssh-talks.ts';
import { TLS_RULES } from '../../protocols/tls-talks.ts';
import type { Message } from '../dialogues/message.ts';
import { contents, wordsOf } from './contents.ts';
import { dnp3 } from './dnp3.ts';
import { enip } from './enip.ts';
import { eventOption } from './events.ts';
import { httpOptions } from './http.ts';
import type { Making } from './making.ts';

export function applicationOptions(making: Making, message: Message): string[] {
  const { dice, dialogue } = making;
  if (dice.chance(0.03)) return [eventOption(making)];
  switch (dialogue.protocol) {
    case 'http':
      return httpOptions(making, message);
    case 'dns':
      return dns(making, message);
    case 'mqtt':
      return mqtt(making, message);
    case 'modbus':
      return modbus(making, message);
    case 'dnp3':
      return dnp3(making, message);
    case 'enip':
      return enip(making, message);
    case 'ssh':
      return ssh(making, message);
    case 'tls':
      return tls(making, message);
    case 'smtp':
      return smtp(making, message);
    default:
      return contents(making, message.bytes, 2);
  }
}

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

function dns(making: Making, { bytes }: Message): string[] {
  const { dice } = making;
  // Behind the header the first name of a plain message begins, its labels behind their lengths.
  const name = Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^A-Za-z0-9]+/g, '.')
    .replace(/^\.|\.$/g, '');
  const labels = wordsOf(bytes);
  return dice.weighted<() => string[]>([
    [4, () => ['dns.query;', `content:"${dice.pick(labels)}"${dice.chance(0.3) ? '; nocase' : ''};`]],
    [2, () => ['dns.query;', ...contents(making, text(dice.pick(labels)), 2)]],
    [2, () => [`dns.opcode:${dice.pick(['0', '0', '!0', '2', '4', '!2'])};`]],
    [1, () => ['dns.query;', 'dotprefix;', `content:".${dice.pick(labels)}";`]],
    [1, () => ['dns.query;', `bsize:${dice.pick(['>8', '<20', String(name.length), '<12'])};`]],
    [1, () => ['dns.query;', `pcre:"/${dice.pick(labels).slice(0, 3)}/i";`]],
    [2, () => [dice.pick(DNS_RULES)]],
  ])();
}

const MQTT_TYPES = [
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'SUBSCRIBE',
  'SUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
];
const MQTT_BUFFERS: Readonly<Record<number, readonly string[]>> = {
  1: ['connect.clientid', 'connect.username', 'connect.password', 'connect.willtopic', 'connect.willmessage'],
  3: ['publish.topic', 'publish.message'],
  8: ['subscribe.topic'],
  10: ['unsubscribe.topic'],
};
const TYPE_NAMES = [
  '',
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'PUBREC',
  'PUBREL',
  'PUBCOMP',
  'SUBSCRIBE',
  'SUBACK',
  'UNSUBSCRIBE',
  'UNSUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
  'AUTH',
];

function mqtt(making: Making, { bytes }: Message): string[] {
  const { dice } = making;
  const type = (bytes[0] ?? 0) >> 4;
  const flags = (bytes[0] ?? 0) & 15;
  const buffers = MQTT_BUFFERS[type];
  const words = wordsOf(bytes);
  const condition = (): string[] =>
    dice.weighted<() => string[]>([
      [
        3,
        () => [
          `mqtt.type:${dice.pick([TYPE_NAMES[type] || 'CONNECT', TYPE_NAMES[type] || 'CONNECT', dice.pick(MQTT_TYPES)])};`,
        ],
      ],
      [1, () => [`mqtt.qos:${dice.pick([(flags >> 1) & 3, dice.int(0, 2)]) % 3};`]],
      [1, () => [`mqtt.flags:${dice.pick([flags & 1 ? 'retain' : '!retain', 'retain', '!retain,!dup', 'dup'])};`]],
      [1, () => [`mqtt.protocol_version:${dice.pick(['4', '5', '>3', '3'])};`]],
      [1, () => [`mqtt.reason_code:${dice.pick([0, 0, 5, 16])};`]],
      [
        1,
        () => [
          `mqtt.connect.flags:${dice.pick(['username', 'clean_session', '!username,clean_session', 'will', '!will'])};`,
        ],
      ],
      [0.5, () => [`mqtt.connack.session_present:${dice.pick(['true', 'false'])};`]],
      [2, () => [dice.pick(MQTT_RULES)]],
    ])();
  if (buffers === undefined || dice.chance(0.4)) return [...condition(), ...(dice.chance(0.1) ? condition() : [])];
  const asked = [
    `mqtt.${dice.pick(buffers)};`,
    ...(dice.chance(0.7) ? [`content:"${dice.pick(words)}";`] : contents(making, text(dice.pick(words)), 2)),
  ];
  return dice.chance(0.15) ? [`mqtt.type:${TYPE_NAMES[type]};`, ...asked] : asked;
}

function modbus({ dice }: Making, { bytes }: Message): string[] {
  const [unit = 0, code = 3, high = 0, low = 0] = bytes.subarray(6);
  const start = (high << 8) | low;
  const known = code & 127;
  return [
    dice.weighted<() => string>([
      [3, () => `modbus: function ${Math.max(1, dice.pick([known, known, 3]))};`],
      [2, () => `modbus: unit ${dice.pick([String(unit), `>${Math.max(0, unit - 1)}`, `<${unit + 1}`])};`],
      [2, () => `modbus: access ${dice.pick(['read', 'write'])};`],
      [
        2,
        () =>
          `modbus: access ${dice.pick(['read coils', 'read holding', 'write coils', 'read input'])}, address ${dice.pick([String(start), `<${start + 3}`, `>${Math.max(0, start - 1)}`])};`,
      ],
      [1, () => `modbus: function ${dice.pick(['assigned', 'public', '!public', 'all', 'user', '!reserved'])};`],
      [1, () => `modbus: unit ${unit}, function ${Math.max(1, known)};`],
      [1, () => dice.pick(MODBUS_RULES)],
    ])(),
  ];
}

function ssh(making: Making, { bytes }: Message): string[] {
  const { dice } = making;
  const [, proto = '', software = ''] = Buffer.from(bytes)
    .toString('latin1')
    .split(/[\r\n]/)[0]!
    .split('-');
  const orWord = (value: string): Uint8Array => text(value === '' ? dice.pick(wordsOf(bytes)) : value);
  return dice.weighted<() => string[]>([
    [2, () => ['ssh.proto;', ...contents(making, orWord(proto), 1)]],
    [3, () => ['ssh.software;', ...contents(making, orWord(software), 2)]],
    [1, () => [`ssh.protoversion:${dice.pick(['2.0', '1.99', '2_compat', '1.5'])};`]],
    [1, () => [`ssh.softwareversion:"${dice.pick(['OpenSSH_8.4', 'libssh2', 'dropbear', 'PuTTY_0.7'])}";`]],
    [2, () => [dice.pick(SSH_RULES)]],
  ])();
}

function smtp(making: Making, { bytes }: Message): string[] {
  const { dice } = making;
  return dice.weighted<() => string[]>([
    [4, () => [dice.pick(SMTP_RULES)]],
    [2, () => ['file.data;', `content:"${dice.pick(wordsOf(bytes)).slice(0, 40)}";`]],
    [1, () => [dice.pick(SMTP_RULES), ...contents(making, bytes, 1)]],
    [2, () => contents(making, bytes, 2)],
  ])();
}

function tls(making: Making, { bytes }: Message): string[] {
  const { dice } = making;
  const words = wordsOf(bytes);
  const buffers = [
    'tls.sni',
    'tls.cert_subject',
    'tls.cert_issuer',
    'tls.certs',
    'tls.cert_serial',
    'tls.cert_fingerprint',
    'ja3.string',
    'ja3s.string',
    'ja3.hash',
    'ja3s.hash',
    'ja4.hash',
    'tls.random_bytes',
  ];
  return dice.weighted<() => string[]>([
    [4, () => [`${dice.pick(buffers.slice(0, 4))};`, `content:"${dice.pick(words)}";`]],
    [
      1,
      () => [`${dice.pick(buffers)};`, `content:${dice.pick(['', '!'])}"${dice.pick(['a', '1', '771', 'example'])}";`],
    ],
    [1, () => [`${dice.pick(buffers)};`, `bsize:${dice.pick(['32', '>5', '<40', '11', '59'])};`]],
    [1, () => [`tls.version:${dice.pick(['1.2', '1.3', '1.0'])};`]],
    [1, () => [`ssl_version:${dice.pick(['tls1.2', 'tls1.3', 'tls1.0,tls1.2', '!sslv3'])};`]],
    [
      1,
      () => [
        `ssl_state:${dice.pick(['client_hello', 'server_hello', 'client_hello,server_hello', '!client_hello', 'client_keyx', 'unknown'])};`,
      ],
    ],
    [
      1,
      () => [
        dice.pick([
          'tls_cert_expired;',
          'tls_cert_valid;',
          'tls_cert_notafter:>2027;',
          'tls_cert_notbefore:<2022-01-01;',
          'tls.store;',
        ]),
      ],
    ],
    [5, () => [dice.pick(TLS_RULES)]],
  ])();
}
