/**
 * Rules about a generated flow: most of what they ask is taken from its messages, so that many hold, and some of it is
 * changed, so that many do not. They ask for whatever Suricata's language has, not only for what is supported here.
 */

import type { Dialogue, Message } from '../dialogues/message.ts';
import type { Dice } from '../dice.ts';
import type { Kind } from '../kind.ts';
import { applicationOptions } from './applications.ts';
import type { Making } from './making.ts';
import { memoryOptions, thresholdLine } from './memory.ts';
import { payloadOptions } from './payload.ts';
import { tornRule } from './torn.ts';
import { way } from './way.ts';
import { wideRule } from './wide.ts';

export interface MadeRules {
  readonly rules: readonly string[];
  /** Of threshold.config. */
  readonly thresholds: readonly string[];
}

export interface RuleTopic {
  readonly dice: Dice;
  readonly dialogue: Dialogue;
  /** They restrict the rules to its flow. */
  readonly addresses: readonly [client: string, server: string];
  readonly kind: Kind;
}

const RULES_OF: Readonly<Record<Kind, readonly [number, number]>> = { plain: [1, 4], wide: [2, 6], torn: [4, 6] };
/** Of a case's rules so many are of its kind. */
const SHARE_OF_KIND = 0.75;
const KINDS = { wide: wideRule, torn: tornRule };

/** Rules of one case. */
export function rulesOf({ dice, dialogue, addresses: [client, server], kind }: RuleTopic, firstSid: number): MadeRules {
  const making: Making = { dice, dialogue, name: `b${firstSid}`, client, server };
  const rules: string[] = [];
  const thresholds: string[] = [];
  const isWide = kind === 'wide';
  const count = dice.int(...RULES_OF[kind]);
  for (let i = 0; i < count; i += 1) {
    const sid = firstSid + i;
    const made = kind !== 'plain' && dice.chance(SHARE_OF_KIND) ? KINDS[kind](making) : rule(making);
    rules.push(`${made} ${labels(dice)}sid:${sid};)`);
    if (dice.chance(isWide ? 0.15 : 0.06)) thresholds.push(thresholdLine(making, sid));
  }
  return { rules, thresholds };
}

function rule(making: Making): string {
  const { dice, dialogue } = making;
  const { protocol } = dialogue;
  const message = dice.pick(dialogue.messages);
  const own =
    protocol !== 'raw' && protocol !== 'icmp' && protocol !== 'odd' && protocol !== 'foreign' && dice.chance(0.65);
  const isOwn = own && dice.chance(0.8);
  const options = isOwn ? applicationOptions(making, message) : payloadOptions(making, message);
  const action = dice.weighted([
    [20, 'alert'],
    [1, 'drop'],
    [1, 'pass'],
    [1, 'reject'],
  ] as const);
  const memory = dice.chance(0.26) ? memoryOptions(making) : [];
  const parts = [...flow(making, message), ...options, ...memory];
  // A rule about transactions may also stand under the transport's name.
  const header = own && !(isOwn && dice.chance(0.12)) ? protocol : headerProtocol(making);
  return `${action} ${header} ${way(making, message)} (${parts.join(' ')}`;
}

function headerProtocol({ dice, dialogue, client }: Making): string {
  const { transport, protocol } = dialogue;
  if (transport === 'odd') return dice.pick(['ip', 'ip', 'tcp', 'udp', 'icmp', 'sctp']);
  const ip = dice.pick(['ip', 'ip', client.includes(':') ? 'ipv6' : 'ipv4']);
  if (transport === 'icmp')
    return dice.weighted([
      [6, 'icmp'],
      [2, ip],
      [1, client.includes(':') ? 'icmpv6' : 'icmpv4'],
    ]);
  if (protocol === 'foreign' && dice.chance(0.2)) return dialogue.serverPort === 25 ? 'smtp' : 'ftp';
  return dice.weighted([
    [8, transport],
    [1, ip],
    [1, transport === 'tcp' ? dice.pick(['tcp-pkt', 'tcp-stream']) : transport],
    [0.1, 'pkthdr'],
  ]);
}

function flow({ dice }: Making, { direction }: Message): string[] {
  if (dice.chance(0.42)) return [];
  const towards = (direction === 0) === dice.chance(0.93) ? 'to_server' : 'to_client';
  return [
    `flow:${dice.weighted([
      [5, towards],
      [5, `established,${towards}`],
      [2, 'established'],
      [2, 'stateless'],
      [0.7, 'not_established'],
      [1, `${towards},only_stream`],
      [1, `${towards},no_stream`],
      [0.3, `${towards},no_frag`],
      [0.2, `${towards},only_frag`],
      [0.3, direction === 0 ? 'from_client' : 'from_server'],
    ])};`,
  ];
}

/** They change nothing but how it is told, and the order of the rules. */
function labels(dice: Dice): string {
  if (dice.chance(0.85)) return '';
  return dice.pick([
    'msg:"generated\\; rule"; ',
    'rev:3; ',
    'classtype:trojan-activity; ',
    'priority:1; ',
    'priority:4; ',
    'reference:url,example.org/a; ',
    'metadata:policy balanced, created_at 2024_01_01; ',
    'gid:1; ',
    'target:dest_ip; ',
  ]);
}
