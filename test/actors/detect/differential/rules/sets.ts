/** Rules that put what a buffer has into a set, and rules that look it up there. */
import { wordsOf } from './contents.ts';
import type { Making } from './making.ts';
import { way } from './way.ts';

const BUFFERS: Readonly<Record<string, readonly string[]>> = {
  http: [
    'http.uri',
    'http.method',
    'http.user_agent',
    'http.host',
    'http.stat_code',
    'http.request_body',
    'http.header',
  ],
  dns: ['dns.query'],
  mqtt: ['mqtt.publish.topic', 'mqtt.publish.message', 'mqtt.connect.clientid', 'mqtt.subscribe.topic'],
  tls: ['tls.sni', 'tls.cert_subject', 'tls.cert_serial', 'tls.random_bytes'],
  ssh: ['ssh.software', 'ssh.proto'],
  smtp: ['file.data', 'file.name'],
};
const HASHES = [
  ['md5', 'to_md5'],
  ['sha256', 'to_sha256'],
] as const;

/** Two of them; without their sids. */
export function setRules(making: Making): string[] {
  const { dice, dialogue, name } = making;
  const message = dice.pick(dialogue.messages);
  const buffers = BUFFERS[dialogue.protocol] ?? [];
  const isAddress = buffers.length === 0 || dice.chance(0.2);
  const hashed = !isAddress && dice.chance(0.2) ? dice.pick(HASHES) : null;
  const type = isAddress ? dice.pick(['ipv4', 'ip']) : (hashed?.[0] ?? 'string');
  const word = dice.pick(wordsOf(message.bytes));
  const one = (action: string): string => {
    const buffer = isAddress ? dice.pick(['ip.src', 'ip.dst']) : dice.pick(buffers);
    const before = isAddress
      ? ''
      : dice.weighted([
          [5, ''],
          [1, `content:"${word}"; `],
          [1, 'bsize:>2; '],
          [1, 'pcre:"/[a-z]/"; '],
        ]);
    const after = !isAddress && hashed === null && dice.chance(0.2) ? ` content:"${word.slice(0, 1)}";` : '';
    const size = dice.pick(['', '', '', ', memcap 10mb', ', hashsize 512, memcap 1mb']);
    const flow = dice.pick(['', '', 'flow:established; ', 'flow:to_server; ']);
    const header = isAddress ? (dialogue.transport === 'odd' ? 'ip' : dialogue.transport) : dialogue.protocol;
    const options = `${buffer}; ${hashed === null ? before : `${hashed[1]}; `}`;
    return `alert ${header} ${way(making, message)} (${flow}${options}dataset:${action},${name}${type},type ${type}${size};${after}`;
  };
  return [
    one(dice.pick(['set', 'set', 'set', 'unset', 'isset'])),
    one(dice.pick(['isset', 'isset', 'isnotset', 'unset', 'set'])),
  ];
}
