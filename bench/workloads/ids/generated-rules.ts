/**
 * Rules from a seed, made as public rule sets are: most look for what is not in the traffic, and some have a fast pattern
 * that is there beside contents that are not. However many they are, the same few match: a greater set tells no more.
 */
import { Dice } from '../../../test/actors/detect/differential/dice.ts';
import { WORDS } from './city-traffic.ts';

const SYLLABLES = [
  'ka',
  'zo',
  'mi',
  'tru',
  'vex',
  'lor',
  'qui',
  'shad',
  'bot',
  'ryn',
  'pax',
  'dro',
  'fy',
  'gul',
  'wix',
];

const MATCHING = 30;

export function generatedRules(seed: number, count: number): string {
  const dice = new Dice(seed);
  return Array.from({ length: count }, (_, i) => `${rule(dice, i + 1, i < MATCHING)}\n`).join('');
}

function rule(dice: Dice, sid: number, isThere: boolean): string {
  const [header, options] = dice.weighted<() => readonly [string, readonly string[]]>([
    [40, () => request(dice, isThere)],
    [10, () => response(dice, isThere)],
    [15, () => dns(dice, isThere)],
    [18, () => payload(dice, isThere)],
    [5, () => ['udp any any -> any [1024:65535,!5353]', contents(dice, isThere)]],
    [7, () => mqtt(dice, isThere)],
    [
      3,
      () => ['tls $HOME_NET any -> $EXTERNAL_NET any', ['tls.sni;', `content:"${strange(dice)}.test";`, 'endswith;']],
    ],
    [2, () => ['ssh any any -> $HOME_NET any', ['ssh.software;', `content:"${strange(dice)}";`]]],
  ])();
  const limit = isThere && dice.chance(0.5) ? ' threshold:type limit, track by_src, count 1, seconds 60;' : '';
  return `alert ${header} (msg:"generated ${sid}"; ${options.join(' ')}${limit} classtype:trojan-activity; sid:${sid}; rev:1;)`;
}

const strange = (dice: Dice): string =>
  Array.from({ length: dice.int(3, 5) }, () => dice.pick(SYLLABLES)).join('') + dice.int(0, 99);

/** What the traffic has where `isThere`, else seldom and never alone. */
function sought(dice: Dice, isThere: boolean): string {
  return isThere ? `${dice.pick(WORDS)}/${dice.pick(WORDS)}` : strange(dice);
}

function request(dice: Dice, isThere: boolean): readonly [string, readonly string[]] {
  const options = ['flow:established,to_server;'];
  if (dice.chance(0.6)) options.push('http.method;', `content:"${dice.pick(['GET', 'POST'])}";`);
  options.push('http.uri;');
  if (!isThere && dice.chance(0.2)) options.push(`content:"/${dice.pick(WORDS)}/${dice.pick(WORDS)}"; fast_pattern;`);
  options.push(`content:"/${sought(dice, isThere)}"; nocase;`);
  if (isThere) return ['http $HOME_NET any -> any any', options];
  if (dice.chance(0.3)) options.push(`content:"${dice.pick(WORDS)}="; distance:0;`);
  if (dice.chance(0.3)) options.push(`pcre:"/\\/${strange(dice)}\\.(?:php|aspx?)\\?[a-z]{1,4}=\\d+/i";`);
  if (dice.chance(0.2)) options.push('http.user_agent;', `content:"${strange(dice)}"; startswith;`);
  if (dice.chance(0.2)) options.push('http.header;', `content:"X-${strange(dice)}|3a 20|";`);
  if (dice.chance(0.2)) options.push('http.host;', `content:"${strange(dice).toLowerCase()}.test";`);
  if (dice.chance(0.1)) options.push('http.request_body;', `content:"${strange(dice)}="; depth:40;`);
  return ['http $HOME_NET any -> $EXTERNAL_NET any', options];
}

function response(dice: Dice, isThere: boolean): readonly [string, readonly string[]] {
  const options = ['flow:established,to_client;'];
  if (dice.chance(0.3)) options.push('http.stat_code;', 'content:"200";');
  options.push('file_data;', `content:"${isThere ? `${dice.pick(WORDS)} ${dice.pick(WORDS)}` : strange(dice)}";`);
  if (!isThere && dice.chance(0.3)) options.push(`content:"${strange(dice)}"; distance:0; within:200;`);
  return ['http any any -> $HOME_NET any', options];
}

function dns(dice: Dice, isThere: boolean): readonly [string, readonly string[]] {
  const name = isThere
    ? `${dice.pick(WORDS)}.example`
    : `${strange(dice)}.${dice.pick(['test', 'example', 'invalid'])}`;
  const isWhole = dice.chance(0.5);
  return [
    'dns $HOME_NET any -> any any',
    isWhole
      ? ['dns.query;', 'dotprefix;', `content:".${name}";`, 'nocase; endswith;']
      : ['dns.query;', `content:"${name}";`, `nocase; bsize:${name.length};`],
  ];
}

function payload(dice: Dice, isThere: boolean): readonly [string, readonly string[]] {
  const ports = dice.pick(['any', '$HTTP_PORTS', '[21,25,110]', '1024:', '445', '[80,8080,1883]', '!80']);
  const way = dice.pick(['to_server', 'to_client']);
  const header =
    way === 'to_server' ? `tcp any any -> $HOME_NET ${isThere ? 'any' : ports}` : `tcp $HOME_NET ${ports} -> any any`;
  return [header, [`flow:established,${way};`, ...contents(dice, isThere)]];
}

function contents(dice: Dice, isThere: boolean): string[] {
  if (isThere) return [`content:"${dice.pick(WORDS)}"; content:"${dice.pick(WORDS)}"; distance:0;`];
  const bytes = Array.from({ length: dice.int(2, 6) }, () => dice.int(0, 255).toString(16).padStart(2, '0'));
  const options = [`content:"${dice.chance(0.3) ? `|${bytes.join(' ')}|` : ''}${strange(dice)}";`];
  if (dice.chance(0.3)) options.push(`depth:${dice.int(40, 200)};`);
  if (dice.chance(0.4)) options.push(`content:"|${bytes.join(' ')}|"; distance:${dice.int(0, 8)}; within:40;`);
  if (dice.chance(0.2)) options.push(`byte_test:2,>,${dice.int(10, 900)},2,relative;`);
  if (dice.chance(0.15)) options.push(`isdataat:${dice.int(4, 60)},relative;`);
  if (dice.chance(0.2)) options.push(`pcre:"/${strange(dice)}[^\\r\\n]{${dice.int(4, 20)},}/R";`);
  if (dice.chance(0.1)) options.push('dsize:>100;');
  return options;
}

function mqtt(dice: Dice, isThere: boolean): readonly [string, readonly string[]] {
  const header = 'mqtt any any -> any any';
  if (isThere) return [header, ['mqtt.publish.topic;', `content:"city/${dice.pick(WORDS)}/";`]];
  return dice.pick<readonly [string, readonly string[]]>([
    [header, ['mqtt.publish.topic;', `content:"${strange(dice)}/";`]],
    [header, ['mqtt.type:PUBLISH;', 'mqtt.publish.message;', `content:"${strange(dice)}";`]],
    [header, ['mqtt.connect.clientid;', `content:"${strange(dice)}"; startswith;`]],
    [header, ['mqtt.type:SUBSCRIBE;', 'mqtt.subscribe.topic;', `content:"${strange(dice)}/#";`]],
  ]);
}
