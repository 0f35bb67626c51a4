/** Rules that capture texts, and rules that ask for them. */
import { wordsOf } from './contents.ts';
import type { Making } from './making.ts';
import { way } from './way.ts';

const BUFFERS: Readonly<Record<string, readonly string[]>> = {
  http: ['http.uri', 'http.header', 'http.user_agent', 'http.host', 'http.stat_msg', 'file.data'],
  dns: ['dns.query'],
  mqtt: ['mqtt.publish.topic', 'mqtt.connect.clientid'],
  tls: ['tls.sni', 'tls.cert_subject'],
  ssh: ['ssh.software'],
};

/** Two of them; without their sids. */
export function textRules(making: Making): string[] {
  const { dice, dialogue, name } = making;
  const message = dice.pick(dialogue.messages);
  const word = dice.pick(wordsOf(message.bytes).filter((one) => !/^\d/.test(one))) ?? 'zzz';
  const isFlow = dice.chance(0.65);
  const kind = isFlow ? 'flow' : 'pkt';
  const group = dice.pick([word, `${word.slice(0, 2)}\\w*`, '[a-z]+', '\\w{2,6}', `${word}|other`]);
  const buffers = BUFFERS[dialogue.protocol] ?? [];
  const isPayload = buffers.length === 0 || dice.chance(0.4);
  const buffer = isPayload ? '' : `${dice.pick(buffers)}; `;
  const expression = dice.pick([
    `pcre:"/(?P<${kind}_${name}>${group})/";`,
    `pcre:"/(${group})/, ${kind}:${name}";`,
    `pcre:"/(${group})(.)?/s, ${kind}:${name}, flow:${name}more";`,
    `pcre:"/(\\w)(${group})/i, pkt:key, pkt:value, ${kind}:${name}";`,
  ]);
  const more = dice.chance(0.25) ? ` content:"${dice.pick(wordsOf(message.bytes)).slice(0, 3)}";` : '';
  // Suricata ends where a packet without a flow has a text for one: such rules are kept from it.
  const needsFlow = isPayload ? 'flow:stateless; ' : '';
  const header = isPayload ? dialogue.transport : dialogue.protocol;
  const asked = dice.pick([word.slice(0, 1), word.slice(0, 2), word, word.slice(1), 'e']);
  const ask = `${isFlow ? 'flowvar' : 'pktvar'}:${name},"${asked}";`;
  const asking = dice.weighted([
    [4, ask],
    [2, `${ask} content:"${dice.pick(wordsOf(message.bytes)).slice(0, 2)}";`],
    [1, `${ask} flow:to_client;`],
    [1, `${ask} flowbits:set,${name}f;`],
  ]);
  return [
    `alert ${header === 'odd' ? 'ip' : header} ${way(making, message)} (${needsFlow}${buffer}${expression}${more}`,
    `alert ${dice.chance(0.5) || dialogue.transport === 'odd' ? 'ip' : dialogue.transport} ${way(making, message)} (${asking}`,
  ];
}
