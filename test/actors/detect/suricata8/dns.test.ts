/** What rules of Suricata 8 ask of DNS, as its documentation says it: names of all sections, types as a list. */
import t from 'tap';
import { alertsIn, Scene } from '../sensor/scene.ts';

const word = (value: number): string => String.fromCharCode(value >> 8, value & 255);
const name = (text: string): string =>
  `${text
    .split('.')
    .map((label) => String.fromCharCode(label.length) + label)
    .join('')}\0`;
const A = 1;
const NS = 2;
const CNAME = 5;
const SOA = 6;
const PTR = 12;
const MX = 15;
const TXT = 16;

type Answer = readonly [string, number, string];
const question = (asked: string, type: number): string => `${name(asked)}${word(type)}${word(1)}`;
const answer = ([of, type, data]: Answer): string =>
  `${name(of)}${word(type)}${word(1)}\0\0\0\x3c${word(data.length)}${data}`;

function message(flags: number, questions: readonly string[], ...sections: readonly (readonly Answer[])[]): string {
  const counts = [questions.length, ...[0, 1, 2].map((i) => sections[i]?.length ?? 0)].map(word).join('');
  return `${word(7)}${word(flags)}${counts}${questions.join('')}${sections.flat().map(answer).join('')}`;
}

const REQUEST = message(0x0100, [question('city.example', A), question('mail.example', MX)]);
const RESPONSE = message(
  0x8183,
  [question('city.example', A)],
  [
    ['city.example', CNAME, name('alias.example')],
    ['alias.example', A, '\x0a\0\0\x01'],
    ['mail.example', MX, `\0\x0a${name('exchange.example')}`],
    ['1.0.0.10.in-addr.arpa', PTR, name('pointer.example')],
    ['text.example', TXT, '\x06secret'],
  ],
  [
    ['zone.example', NS, name('server.example')],
    ['zone.example', SOA, `${name('primary.example')}${name('hostmaster.example')}${'\0'.repeat(20)}`],
  ],
  [['extra.example', A, '\x0a\0\0\x02']],
);
const scene = (): Scene => new Scene(53).datagram(0, REQUEST).datagram(1, RESPONSE);
const dns = (options: string): string => `alert dns any any -> any any (${options})`;

function check(
  t: { equal(found: unknown, wanted: unknown, message: string): unknown },
  cases: readonly (readonly [string, string])[],
): void {
  const found = alertsIn(
    scene(),
    cases.map(([options]) => dns(options)),
  );
  for (const [i, [options, packets]] of cases.entries()) t.equal(found[i], packets, options);
}

t.test('names are found in the section that the rule names', async (t) => {
  check(t, [
    ['dns.queries.rrname; content:"city";', '1> 2<'],
    ['dns.query.name; content:"mail";', '1>'],
    ['dns.answers.rrname; content:"alias";', '2<'],
    ['dns.answers.rrname; content:"exchange";', ''],
    ['dns.answers.rrname; content:"zone";', ''],
    ['dns.authorities.rrname; content:"zone";', '2<'],
    ['dns.additionals.rrname; content:"extra";', '2<'],
    ['dns.additionals.rrname; content:"zone";', ''],
    // Two of one transaction.
    ['dns.answers.rrname; content:"alias"; dns.answers.rrname; content:"text";', '2<'],
    ['dns.answers.rrname; content:"alias"; dns.answers.rrname; content:"zone";', ''],
  ]);
});

t.test('dns.response.rrname is every name of a response', async (t) => {
  check(t, [
    ...['city', 'alias', 'mail', 'exchange', 'pointer', 'zone', 'server', 'primary', 'extra', 'text'].map(
      (text) => [`dns.response.rrname; content:"${text}.example"; bsize:${text.length + 8};`, '2<'] as const,
    ),
    ['dns.response.rrname; content:"hostmaster";', ''],
    ['dns.response.rrname; content:"secret";', ''],
  ]);
});

t.test('types are those of the questions of a request and of the answers of a response', async (t) => {
  check(t, [
    ['dns.rrtype:A;', '1> 2<'],
    ['dns.rrtype:mx;', '1> 2<'],
    ['dns.rrtype:CNAME;', '2<'],
    ['dns.rrtype:NS;', ''],
    ['dns.rrtype:!A,all;', ''],
    ['dns.rrtype:<16,all;', '1>'],
    ['dns.rrtype:A,0;', '1>'],
    ['dns.rrtype:TXT,-1;', '2<'],
    ['dns.rrtype:A,nb1;', '1> 2<'],
    ['dns.rrtype:count >2;', '2<'],
    ['dns.rrtype:99,oob_or 2;', '1>'],
    ['dns.rrtype:PTR,any,1:-1;', '2<'],
  ]);
});

t.test('opcode and rcode are compared as numbers, and rcode by its name', async (t) => {
  check(t, [
    ['dns.opcode:0;', '1> 2<'],
    ['dns.opcode:!1-4;', '1> 2<'],
    ['dns.opcode:>1;', ''],
    ['dns.rcode:nxdomain;', '2<'],
    ['dns.rcode:!NXDOMAIN;', '1>'],
    ['dns.rcode:2-4;', '2<'],
    ['dns.rcode:&0x2=2;', '2<'],
    ['dns.rcode:&0x2!=2;', '1>'],
  ]);
});
