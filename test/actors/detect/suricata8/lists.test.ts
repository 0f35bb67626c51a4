/** What rules look up in lists beside them, as Suricata's documentation has the files, and where they alert. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import {
  type BundleFile,
  compilingBundle,
  packBundle,
  peekBundle,
  SENSOR_DEFAULTS,
} from '../../../../actors/detect/index.ts';
import { finished } from '../../../../actors/detect/rules/finished.ts';
import { listNames, RuleLists } from '../../../../actors/detect/rules/lists.ts';
import { RuleMistake } from '../../../../actors/detect/rules/rule-mistake.ts';
import { entryIn, entryOf, type SetType } from '../../../../actors/detect/rules/sets.ts';
import { alertsIn, Scene } from '../sensor/scene.ts';

const text = (lines: readonly string[]): Uint8Array => Buffer.from(`${lines.join('\n')}\n`);
const base64 = (value: string): string => Buffer.from(value).toString('base64');
const hex = (algorithm: string, value: string): string => createHash(algorithm).update(value).digest('hex');

const BODY = 'MZ this is the whole file';
const LISTS = new Map([
  ['agents.lst', text([base64('curl/7'), base64('evil agent')])],
  ['agents-md5.lst', text([hex('md5', 'evil agent')])],
  ['agents-sha256.lst', text([hex('sha256', 'evil agent').toUpperCase()])],
  ['v4.lst', text(['10.1.0.0', '1.2.3.4'])],
  ['ip.lst', text(['::ffff:10.1.0.0', '2001:db8::1'])],
  ['scores.rep', text([`${base64('evil agent')},200`, `${base64('curl/7')}, 3`])],
  ['files.md5', text([`${hex('md5', BODY)}  setup.exe`])],
  ['files.sha1', text([hex('sha1', BODY)])],
  ['files.sha256', text(['# known', hex('sha256', 'something else')])],
  ['broken.lst', text(['%%%'])],
]);

const scene = (): Scene =>
  new Scene(80)
    .handshake()
    .say(0, 'GET /setup.exe HTTP/1.1\r\nHost: a\r\nUser-Agent: evil agent\r\n\r\n')
    .say(1, `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`)
    .segment(0, 17, 0, 0);
const asked = (...options: readonly string[]): boolean[] =>
  alertsIn(
    scene(),
    options.map((one) => `alert http any any -> any any (${one};)`),
    '',
    false,
    LISTS,
  ).map((packets) => packets !== '');

t.test('a buffer is in a set, or is not', async (t) => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['http.user_agent; dataset:isset,agents, type string, load agents.lst', true],
    ['http.user_agent; dataset:isnotset,agents, type string, load agents.lst', false],
    ['http.user_agent; to_md5; dataset:isset,hashed, type md5, load agents-md5.lst, memcap 10mb, hashsize 1024', true],
    ['http.user_agent; to_sha256; dataset:isset,longer, type sha256, load agents-sha256.lst', true],
    ['http.host; dataset:isset,agents', false],
    ['http.host; dataset:isnotset,agents', true],
    ['http.uri; content:"setup"; http.user_agent; content:"evil"; dataset:isset,agents', true],
    ['http.user_agent; datarep:scores, >, 100, load scores.rep, type string', true],
    ['http.user_agent; datarep:scores, >, 200', false],
    ['http.user_agent; datarep:scores, ==, 200', true],
    ['http.host; datarep:scores, <, 200', false],
  ];
  const found = asked(...cases.map(([options]) => options));
  for (const [i, [options, isMet]] of cases.entries()) t.equal(found[i], isMet, options);
});

t.test('rules change a set: what was not in it goes in, and what was comes out', async (t) => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['http.user_agent; dataset:set,seen, type string', true],
    ['http.user_agent; dataset:set,seen', false],
    ['http.user_agent; content:"evil"; dataset:isset,seen', true],
    ['http.host; dataset:isset,seen', false],
    ['http.host; dataset:unset,seen', false],
    ['http.user_agent; dataset:unset,seen', true],
    ['http.user_agent; dataset:isnotset,seen', true],
    // It is done whatever else the rule asks.
    ['http.uri; dataset:set,uris, type string; bsize:1', false],
    ['http.uri; dataset:isset,uris', true],
    ['http.user_agent; dataset:unset,known, type string, load agents.lst', true],
    ['http.user_agent; dataset:isset,known', false],
    ['http.user_agent; dataset:set,known', true],
    ['http.user_agent; to_md5; dataset:set,hashed, type md5', true],
    ['http.uri; to_md5; dataset:set,hashed', true],
    ['http.uri; dataset:set,hashed', false],
    // One that is full loses what came first.
    ['http.user_agent; dataset:set,small, type string, memcap 300, hashsize 3', true],
    ['http.uri; dataset:set,small', true],
    ['http.user_agent; dataset:isset,small', false],
  ];
  const found = asked(...cases.map(([options]) => options));
  for (const [i, [options, isMet]] of cases.entries()) t.equal(found[i], isMet, options);
});

t.test('addresses are looked up', async (t) => {
  const rules = [
    'ip.src; dataset:isset,v4, type ipv4, load v4.lst;',
    'ip.dst; dataset:isset,v4;',
    'ip.src; dataset:isset,any, type ip, load ip.lst;',
  ].map((options) => `alert icmp any any -> any any (itype:8; ${options})`);
  t.same(alertsIn(new Scene(1).ping(0, 'x'), rules, '', false, LISTS), ['1>', '', '1>']);
});

t.test('a whole file is known by its hash', async (t) => {
  t.same(
    asked(
      'filemd5:files.md5',
      'filemd5:!files.md5',
      'filesha1:files.sha1',
      'filesha256:files.sha256',
      'filesha256:!files.sha256',
      'filesha1:files.sha1; fileext:"gif"',
    ),
    [true, false, true, false, true, false],
  );
});

t.test('what is not there, or is not what the rule says, is refused', async (t) => {
  for (const options of [
    'http.uri; dataset:isset,a, type string, load nowhere.lst',
    'http.uri; dataset:isset,a, type string, load ../agents.lst',
    'http.uri; dataset:isset,a, type string, load /etc/passwd',
    'http.uri; dataset:isset,a, type string, load broken.lst',
    'http.uri; dataset:isset,a, type md5, load agents.lst',
    'http.uri; dataset:isset,unknown',
    'http.uri; dataset:set,a',
    'http.uri; dataset:set,a, type string, state agents.lst, save other.lst',
    'http.uri; dataset:set,a, type string, save /etc/passwd',
    'http.uri; dataset:isset,a, type string, load agents.lst, memcap 256kb',
    'dataset:isset,a, type string, load agents.lst',
    'http.uri; datarep:b, >=, 10, load scores.rep, type string',
    'filemd5:files.sha1',
  ])
    t.throws(() => asked(options), options);
});

t.test('a bundle carries the lists of its rules, and is less without them', async (t) => {
  const rule = 'alert http any any -> any any (http.host; dataset:isset,a, type string, load agents.lst; sid:1;)\n';
  const rules: BundleFile = { name: 'r.rules', kind: 'rules', bytes: Buffer.from(rule) };
  const list: BundleFile = { name: 'agents.lst', kind: 'list', bytes: LISTS.get('agents.lst')! };
  const head = { name: 'city', version: 1, rules: 1, addresses: {}, ports: {} };
  const compiled = (files: readonly BundleFile[]): number =>
    finished(compilingBundle(peekBundle(packBundle(head, files)), SENSOR_DEFAULTS.protocols)).signatures.length;
  t.equal(compiled([rules, list]), 1);
  t.throws(() => compiled([rules]), { code: 'RULES_INVALID' });
});

t.test('the lists that rules name are found in their text', async (t) => {
  const rules = `
    alert http any any -> any any (http.uri; dataset:isset,a, type string, load one.lst, memcap 1mb; sid:1;)
    alert http any any -> any any (http.uri; datarep:b, >, 1, load sub/two.rep, type string; filemd5:!three.md5; sid:2;)
    alert http any any -> any any (http.uri; dataset:isset,c, type string, load ../out.lst; filesha1:/abs; sid:3;)`;
  t.same(
    listNames(rules).map(({ name }) => name),
    ['one.lst', 'sub/two.rep', 'three.md5'],
  );
});

t.test('any bytes are a list, or are refused', async () => {
  const types: readonly SetType[] = ['string', 'md5', 'sha256', 'ipv4', 'ip'];
  const lines = fc.array(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.base64String()), { maxLength: 5 });
  fc.assert(
    fc.property(lines, fc.constantFrom(...types), (given, type) => {
      const lists = new RuleLists(new Map([['x', Buffer.from(given.join('\n'))]]));
      try {
        lists.entries('dataset', 'x', type);
      } catch (thrown) {
        if (!(thrown instanceof RuleMistake)) throw thrown;
      }
    }),
  );
});

t.test('an IPv6 address is the same in each of its spellings', async () => {
  const group = fc.integer({ min: 0, max: 0xffff });
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.nat(7), fc.nat(7), (groups, a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const parts = groups.map((value, i) => (i >= from && i <= to ? 0 : value));
      const spelt = (list: readonly number[]): string => list.map((value) => value.toString(16)).join(':');
      const short = `${spelt(parts.slice(0, from))}::${spelt(parts.slice(to + 1))}`;
      const bytes = Uint8Array.from(parts.flatMap((value) => [value >> 8, value & 255]));
      return [short, spelt(parts).toUpperCase()].every((line) => {
        return entryOf('ip', line) === entryIn('ip', bytes);
      });
    }),
  );
});
