/**
 * Rules changed a little, so that most of them are still nearly right: options left out, repeated, moved and taken from
 * other rules; numbers, operators, words, quotes and blanks of their values; what the header says.
 */
import type { Dice } from '../../differential/dice.ts';
import { Ring } from './ring.ts';

/** What other rules have. */
export interface Pool {
  readonly options: Ring;
  /** By keyword, lower case. */
  readonly values: ReadonlyMap<string, Ring>;
}

/** Before the bracket, and each option with its semicolon. */
export function partsOf(rule: string): [head: string, options: readonly string[]] {
  const at = rule.indexOf(' (') + 1;
  const options = rule.slice(at + 1, rule.lastIndexOf(')')).match(/(?:\\.|"(?:\\.|[^"])*"|[^;])+;/g) ?? [];
  return [rule.slice(0, at), options.map((one) => one.trim())];
}

export function poolOf(rules: readonly string[]): Pool {
  const options = [...new Set(rules.flatMap((rule) => partsOf(rule)[1].filter((one) => !/^sid\b/.test(one))))];
  const values = new Map<string, string[]>();
  for (const option of options) {
    const { name, value } = split(option);
    if (value !== null) values.set(name.toLowerCase(), [...(values.get(name.toLowerCase()) ?? []), value]);
  }
  const rings = [...values].map(([name, texts]) => [name, new Ring(texts)] as const);
  return { options: new Ring(options), values: new Map(rings) };
}

/** Its sid is `sid`; the rest is changed once or a few times. */
export function mutated(dice: Dice, rule: string, pool: Pool, sid: number): string {
  const [head, all] = partsOf(rule);
  let header = head.trim();
  let options = all.filter((one) => !/^sid\b/.test(one));
  const times = dice.weighted([
    [6, 1],
    [3, 2],
    [1, 3],
  ]);
  for (let i = 0; i < times; i += 1) {
    if (dice.chance(0.13)) header = changedHeader(dice, header);
    else options = changedOptions(dice, options, pool);
  }
  return `${header} (${[...options, `sid:${sid};`].join(' ')})`.replaceAll(/[\r\n]/g, ' ');
}

function changedOptions(dice: Dice, options: readonly string[], pool: Pool): string[] {
  const list = [...options];
  const at = dice.int(0, Math.max(0, list.length - 1));
  const other = pool.options.pick(dice);
  if (list.length === 0) return [other];
  dice.weighted<() => void>([
    [2, () => list.splice(at, 1)],
    [1, () => list.splice(dice.int(0, list.length), 0, list[at]!)],
    [1, () => list.splice(dice.int(0, list.length - 1), 0, ...list.splice(at, 1))],
    [4, () => list.splice(dice.int(0, list.length), 0, other)],
    [1, () => list.splice(at, 1, other)],
    [8, () => list.splice(at, 1, changedOption(dice, list[at]!, pool))],
  ])();
  return list;
}

function split(option: string): { readonly name: string; readonly value: string | null } {
  const text = option.replace(/;$/, '');
  const colon = text.indexOf(':');
  return colon === -1
    ? { name: text.trim(), value: null }
    : { name: text.slice(0, colon).trim(), value: text.slice(colon + 1) };
}

function changedOption(dice: Dice, option: string, pool: Pool): string {
  const { name, value } = split(option);
  const same = pool.values.get(name.toLowerCase());
  if (value === null) return dice.chance(0.3) ? `${name}:${dice.pick(['1', 'a', '"a"', '!a', ''])};` : option;
  const changed = dice.weighted<() => string>([
    [3, () => same?.pick(dice) ?? value],
    [4, () => changedNumber(dice, value)],
    [3, () => changedParts(dice, value)],
    [2, () => changedOperator(dice, value)],
    [1, () => changedBlanks(dice, value)],
    [1, () => (dice.chance(0.5) ? value.toUpperCase() : value.toLowerCase())],
    [1, () => changedQuotes(dice, value)],
    [2, () => changedCharacter(dice, value)],
    [0.3, () => ''],
  ])();
  if (dice.chance(0.02)) return `${name};`;
  if (dice.chance(0.01)) return `${name.toUpperCase()}:${changed};`;
  return `${name}:${changed};`;
}

const NUMBERS = [
  ...[
    '0',
    '1',
    '2',
    '3',
    '4',
    '7',
    '8',
    '9',
    '10',
    '16',
    '23',
    '24',
    '31',
    '32',
    '33',
    '64',
    '127',
    '128',
    '255',
    '256',
  ],
  ...['1000', '65534', '65535', '65536', '1048575', '1048576', '1048577', '2147483647', '2147483648', '4294967295'],
  ...['4294967296', '9007199254740993', '18446744073709551615', '18446744073709551616', '99999999999999999999999'],
  ...['-1', '-2', '-5', '+1', '00', '01', '007', '0x10', '0xff', '0x', '0xg', '1.5', '1e3', '1kb', '2MB', ''],
];

function changedNumber(dice: Dice, value: string): string {
  const numbers = [...value.matchAll(/\d+/g)];
  if (numbers.length === 0) return `${value}${dice.pick(NUMBERS)}`;
  const { index, 0: text } = dice.pick(numbers);
  const near = String(Math.max(0, Number(text) + dice.pick([-2, -1, 1, 2])));
  const put = dice.chance(0.35) ? near : dice.pick(NUMBERS);
  return value.slice(0, index) + put + value.slice(index + text.length);
}

/** Between commas. */
function changedParts(dice: Dice, value: string): string {
  const parts = value.split(',');
  const at = dice.int(0, parts.length - 1);
  dice.weighted<() => void>([
    [2, () => parts.splice(at, 1)],
    [1, () => parts.splice(at, 0, parts[at]!)],
    [1, () => parts.splice(dice.int(0, parts.length - 1), 0, ...parts.splice(at, 1))],
    [1, () => parts.splice(at, 0, dice.pick(['', ' ', 'x', '0', 'relative', '!']))],
  ])();
  return parts.join(',');
}

const OPERATORS = [
  '<',
  '>',
  '=',
  '!',
  '<=',
  '>=',
  '!=',
  '==',
  '<>',
  '-',
  '&',
  '^',
  '+',
  '*',
  '/',
  '<<',
  '>>',
  '|',
  ':',
];

function changedOperator(dice: Dice, value: string): string {
  const found = [...value.matchAll(/[<>=!&^+*/|-]+/g)];
  if (found.length > 0 && dice.chance(0.6)) {
    const { index, 0: text } = dice.pick(found);
    const put = dice.chance(0.2) ? '' : dice.pick(OPERATORS);
    return value.slice(0, index) + put + value.slice(index + text.length);
  }
  const at = dice.pick([0, value.length, dice.int(0, value.length)]);
  return value.slice(0, at) + dice.pick(OPERATORS) + value.slice(at);
}

function changedBlanks(dice: Dice, value: string): string {
  if (dice.chance(0.3)) return value.replaceAll(' ', '');
  const places = [0, value.length, ...[...value.matchAll(/[,<>=!"]/g)].flatMap(({ index }) => [index, index + 1])];
  const at = dice.pick(places);
  return value.slice(0, at) + dice.pick([' ', '  ', '\t']) + value.slice(at);
}

function changedQuotes(dice: Dice, value: string): string {
  if (!value.includes('"')) return dice.pick([`"${value}"`, `"${value}`, `!"${value}"`, `'${value}'`]);
  return dice.pick([
    () => value.replaceAll('"', ''),
    () => value.replace('"', ''),
    () => value.replace(/"([^"]*)$/, '$1'),
    () => value.replaceAll('"', "'"),
    () => `!${value}`,
    () => '""',
  ])();
}

const CHARACTERS = [...'!,|"\\:<>=&-+*/[](){}$%^_.x0aA ?#@~', '\\;'];

function changedCharacter(dice: Dice, value: string): string {
  const at = dice.int(0, value.length);
  const put = dice.pick(CHARACTERS);
  return dice.weighted<() => string>([
    [2, () => value.slice(0, at) + put + value.slice(at)],
    [2, () => value.slice(0, at) + put + value.slice(at + 1)],
    [1, () => value.slice(0, at) + value.slice(at + 1)],
  ])();
}

const ACTIONS = ['alert', 'drop', 'pass', 'reject', 'rejectsrc', 'rejectdst', 'rejectboth', 'Alert', 'log'];
const PROTOCOLS = [
  ...['ip', 'ipv4', 'ip4', 'ipv6', 'tcp', 'tcp-pkt', 'tcp-stream', 'udp', 'icmp', 'icmpv4', 'icmpv6', 'sctp', 'pkthdr'],
  ...[
    'http',
    'http1',
    'dns',
    'tls',
    'ssl',
    'ssh',
    'mqtt',
    'modbus',
    'dnp3',
    'enip',
    'telnet',
    'TCP',
    'Http',
    'file',
    'ip6',
    'icmp4',
  ],
];
const ADDRESSES = [
  ...['any', '!any', '[any]', 'Any', '$HOME_NET', '!$HOME_NET', '$EXTERNAL_NET', '[$HOME_NET,!10.1.0.0/16]', '$NONE'],
  ...['1.2.3.4', '!1.2.3.4', '[1.2.3.4,5.6.7.8]', '[!1.2.3.4,!5.6.7.8]', '1.2.3.0/24', '1.2.3.4/24', '1.2.3.4/33'],
  ...[
    '1.2.3.4/0',
    '0.0.0.0/0',
    '0.0.0.0',
    '255.255.255.255',
    '256.1.1.1',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.4/',
  ],
  ...['1.2.3.4-1.2.3.9', '1.2.3.9-1.2.3.4', '1.2.3.4 - 1.2.3.9', '1.2.3.0/255.255.255.0', '1.2.3.0/255.0.255.0'],
  ...[
    '[1.2.3.0/24,!1.2.3.4]',
    '[1.2.3.4,!1.2.3.0/24]',
    '[1.2.3.4,!1.2.3.4]',
    '![1.2.3.4,5.6.7.8]',
    '[]',
    '[,]',
    '[1.2.3.4,]',
  ],
  ...['2001:db8::1', '!2001:db8::1', '2001:db8::/32', '[2001:db8::/32,1.2.3.4]', '::', '::1', '::/0', '2001:db8::/129'],
  ...['2001:db8:::1', '::ffff:1.2.3.4', '[::1,!1.2.3.4]', '[[1.2.3.4,5.6.7.8],9.9.9.9]', '[[1.2.3.4]', '1.2.3.4]'],
  ...['[1.2.3.4, 5.6.7.8]', '[ 1.2.3.4 ]', '[1.2.3.4,1.2.3.4]', '[0.0.0.0/0,!0.0.0.0/0]', '[0.0.0.0/1,128.0.0.0/1]'],
];
const PORTS = [
  ...[
    'any',
    '!any',
    '[any]',
    '0',
    '1',
    '80',
    '65535',
    '65536',
    '-1',
    '!80',
    '[80]',
    '[80,81]',
    '[!80,!81]',
    '![80,81]',
  ],
  ...[
    '[1:100,!50]',
    '[50,!1:100]',
    '1:',
    ':100',
    ':',
    '100:1',
    '1:65535',
    '0:65535',
    '!0:65535',
    '[80,!80]',
    '[80:90,85]',
  ],
  ...[
    '$HTTP_PORTS',
    '!$HTTP_PORTS',
    '[$HTTP_PORTS,8080]',
    '$NONE',
    '080',
    '8 0',
    '[80, 81]',
    '[]',
    '[80,]',
    '[[80],81]',
  ],
  ...['1-100', 'http', '[1:10,5:20]', '[1:10,11:20,!15]', '80.', '0x50', '[!80]', '[1:65535,!1:65535]'],
];
const WAYS = ['->', '<>', '<-', '=>', '--', '>', '-> '];

function changedHeader(dice: Dice, header: string): string {
  // A list in brackets may have blanks.
  const words = header.match(/(?:\[[^\]]*\]|\S)+/g) ?? [header];
  const at = dice.int(0, Math.max(6, words.length - 1));
  const choices = [ACTIONS, PROTOCOLS, ADDRESSES, PORTS, WAYS, ADDRESSES, PORTS][at] ?? WAYS;
  if (dice.chance(0.04)) words.splice(at, 1);
  else words[at] = dice.pick(dice.chance(0.5) ? PROTOCOLS : choices);
  if (at !== 1 && PROTOCOLS.includes(words[at] ?? '')) {
    words[1] = words[at]!;
    words[at] = dice.pick(choices);
  }
  return words.join(' ');
}
