/** What Suricata 7.0.10 makes of places, numbers, names and directions in a rule where one would not guess it. */
import t from 'tap';
import { alertsIn, Scene } from './scene.ts';

const ANY = 'any any -> any any';
const PAYLOAD = `xabcdef${'\xff'.repeat(8)}`;

const holds = (options: string): boolean =>
  alertsIn(new Scene(9005).datagram(0, PAYLOAD), [`alert udp ${ANY} (${options})`])[0] !== '';

/** Those that do not answer as Suricata does. */
const wrong = (answers: readonly (readonly [string, boolean])[]): string[] =>
  answers.flatMap(([options, answer]) => (holds(options) === answer ? [] : [options]));

t.test('a content without bytes is nowhere, and a part without bytes is never looked for', async (t) => {
  const answers: [string, boolean][] = [
    ['content:"||";', false],
    ['content:!"||";', true],
    ['content:"abc"; content:"||";', false],
    ['content:"abc"; content:!"||";', true],
    ['content:"abc"; content:"||"; distance:1; within:3;', false],
    ['content:"abc"; content:!"||"; endswith;', true],
    ['content:"abc"; fast_pattern:0,0;', false],
    ['content:!"abx"; fast_pattern:0,0;', true],
    ['content:!"abc"; fast_pattern:0,0;', false],
  ];
  t.same(wrong(answers), []);
});

t.test('a number to compare with has 64 bits, is read as in C, and may be negative', async (t) => {
  const answers: [string, boolean][] = [
    ['byte_test:8,=,-1,7;', true],
    ['byte_test:8,>,-2,7;', true],
    ['byte_test:8,=,18446744073709551615,7;', true],
    ['byte_test:8,<,0xffffffffffffffff,7;', false],
    ['byte_test:1,=,+255,7;', true],
    ['byte_test:1,=,0170,0;', true],
    ['byte_test:1,=,120abc,0;', true],
    ['byte_test:1,=,0,0,bitmask 0x0;', true],
    ['byte_test:1,!=,1,0,bitmask 0;', true],
  ];
  t.same(wrong(answers), []);
});

t.test('a name that is set twice is the first byte_extract, else the first byte_math', async (t) => {
  const math = (offset: number): string => `byte_math:bytes 1,offset ${offset},oper +,rvalue 0,result v;`;
  const answers: [string, boolean][] = [
    ['byte_extract:1,0,v; byte_extract:1,1,v; byte_test:1,=,v,0;', true],
    ['byte_extract:1,0,v; byte_extract:1,1,v; byte_test:1,=,v,1;', false],
    // They share a place.
    [`byte_extract:1,0,v; ${math(1)} byte_test:1,=,v,1;`, true],
    [`${math(0)} ${math(1)} byte_test:1,=,v,0;`, true],
    [`${math(0)} byte_extract:1,1,v; byte_test:1,=,v,0;`, false],
    [`${math(0)} byte_extract:1,1,v; byte_test:1,=,v,1;`, true],
    ['byte_extract:1,0,120; byte_test:1,=,120,0;', true],
  ];
  t.same(wrong(answers), []);
});

t.test('dsize bounds the places of contents, also by the size that must not be', async (t) => {
  const answers: [string, boolean][] = [
    ['dsize:!4; content:"abc";', true],
    ['dsize:!3; content:"abc";', false],
    ['dsize:!4; content:"bcd";', false],
    ['dsize:!4; content:!"bcd";', true],
    // It takes the place of the first variable.
    ['dsize:<20; byte_extract:1,0,v; content:"cde"; depth:v;', false],
    ['dsize:>10; byte_extract:1,0,v; content:"cde"; depth:v;', true],
    ['dsize:<20; byte_extract:1,0,v; content:!"cde"; depth:v;', true],
  ];
  t.same(wrong(answers), []);
});

t.test('a content that is to end the buffer bounds the places of the others', async (t) => {
  const answers: [string, boolean][] = [
    ['content:"|ff|"; depth:15; isdataat:!1,relative; content:!"f|ff|";', false],
    ['content:"|ff|"; depth:9; endswith; content:"e";', false],
    ['content:"x"; depth:3; content:"|ff|"; within:14; endswith; content:"f"; offset:2;', true],
  ];
  t.same(wrong(answers), []);
});

const POST = 'POST /up HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ';
const FORM = '--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nneedle\r\n--b--\r\n';

t.test('http_server_body is file.data both ways, http.response_body turns the rule', async (t) => {
  const scene = new Scene(80)
    .handshake()
    .say(0, `${POST}${FORM.length}\r\n\r\n${FORM}`)
    .say(1, 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nneedle')
    .say(0, '');
  const rules = [
    'content:"needle"; http_server_body;',
    'http.response_body; content:"needle";',
    'flow:to_server; http.response_body; content:"needle";',
    'http.response_body; content:"needle"; flow:to_server;',
    'flow:established,to_server; http.response_body; content:"needle";',
  ];
  t.same(
    alertsIn(
      scene,
      rules.map((options) => `alert http ${ANY} (${options})`),
    ),
    ['7> 9<', '9<', '9<', '7> 9<', ''],
  );
});

t.test('what stands before or behind what Suricata looks for in a value says nothing', async (t) => {
  const answers: [string, boolean][] = [
    ['fragbits:D!;', false],
    ['pcre:x,"/abc/";', true],
    ['flowbits:isnotset,a,b;', true],
    ['content:"abc"; fast_pattern:0,9,1,1;', true],
  ];
  t.same(wrong(answers), []);
});

t.test('a rule may name the greatest size that is exact', async (t) => {
  t.same(alertsIn(new Scene(80).handshake(), [`alert http ${ANY} (filesize:>4194304gb;)`]), ['']);
});

t.test(
  'of bits of addresses those of hostbits are set before they are asked for, those of xbits are not',
  async (t) => {
    const alerts = (bits: (action: string) => string): string[] =>
      alertsIn(
        new Scene(9005).datagram(0, PAYLOAD),
        ['isset', 'set'].map((action) => `alert udp ${ANY} (content:"abc"; ${bits(action)})`),
      );
    t.same(
      alerts((action) => `hostbits:${action},b,dst;`),
      ['1>', '1>'],
    );
    t.same(
      alerts((action) => `xbits:${action},b,track ip_dst;`),
      ['', '1>'],
    );
  },
);

t.test('more bits of a fragment than those that are named are asked for by a plus', async (t) => {
  const scene = new Scene(9005).fragmented(0, PAYLOAD, 16);
  const rules = ['fragbits:M;', 'fragbits:+M;', 'fragbits:*M;'].map((options) => `alert ip ${ANY} (${options})`);
  t.same(alertsIn(scene, rules), ['1', '', '1']);
});

t.test('what an option reaches beyond its header in is no packet in Teredo', async (t) => {
  const inner = (length: number): string =>
    `\x60\0\0\0\0\x0e\0\x40${'\x20'.repeat(32)}\x80\0\x9f${String.fromCharCode(length)}${'q'.repeat(10)}`;
  const rule = `alert ip 2020::/16 any -> any any ()`;
  const alerts = (length: number): string[] => alertsIn(new Scene(9005).to(3544, inner(length)), [rule]);
  t.same([alerts(0xc6), alerts(4)], [[''], ['-']]);
});

t.test('an ICMP error that quotes no packet is none in Teredo', async (t) => {
  const error = (type: string, quote: string): string =>
    `\x60\0\0\0\0${String.fromCharCode(8 + quote.length)}\x3a\x40${'\x20'.repeat(32)}${type}\x01\0\0\0\0\0\0${quote}`;
  const rule = 'alert icmp 2020::/16 any -> any any ()';
  const alerts = (type: string, quote: string): string[] =>
    alertsIn(new Scene(9005).to(3544, error(type, quote)), [rule]);
  const whole = `\x60${'\0'.repeat(47)}`;
  t.same([alerts('\x01', 'q'.repeat(8)), alerts('\x01', 'q'.repeat(48)), alerts('\x01', whole)], [[''], [''], ['->']]);
  t.same(alerts('\x80', 'q'.repeat(8)), ['->']);
});

t.test('a segment with an option that cannot be, and what carries nothing, is no packet in Teredo', async (t) => {
  const within = (next: number, payload: string): string =>
    `\x60\0\0\0\0${String.fromCharCode(payload.length, next)}\x40${'\x20'.repeat(32)}${payload}`;
  const found = (next: number, payload: string): string =>
    alertsIn(new Scene(9005).to(3544, within(next, payload)), ['alert ip 2020::/16 any -> any any ()'])[0]!;
  const syn = (options: string): string =>
    found(6, `\x10\x20\x30\x40${'\0'.repeat(8)}\x60\x02\xff\xff\0\0\0\0${options}`);
  // A kind that is not known, and is longer than its header; kinds with a wrong length of their own; one that is as it should be.
  t.same(['\xd2\x47LL', '\xd2\x01LL', '\x13\x04LL', '\x1d\x03LL', '\xd2\x04LL'].map(syn), ['', '', '', '', '->']);
  // Lengths of options that do not spoil the segment.
  t.same(['\x02\x03LL', '\x04\x04LL', '\x08\x04LL', '\x01\x01\x01\x02'].map(syn), ['->', '->', '->', '->']);
  const datagram = (port: number, payload: string): string =>
    `\x20\x20${String.fromCharCode(port >> 8, port & 0xff)}\0${String.fromCharCode(8 + payload.length)}\0\0${payload}`;
  const vxlan = (type: string): string => `\x08${'\0'.repeat(7)}${'\x02'.repeat(12)}${type}`;
  t.same([found(17, datagram(4789, vxlan('\x12\x34'))), found(17, datagram(4789, vxlan('\x08\x06')))], ['', '->']);
  t.same([found(17, datagram(6081, '\0\0\x12\x34\0\0\0\0')), found(41, 'q'), found(4, 'q')], ['', '', '']);
  t.same([found(41, 'q'.repeat(40)), found(4, 'q'.repeat(20))], ['-', '-']);
});

t.test('ip_proto behind a header of IP stands for the protocol before it, and two leave none', async (t) => {
  const scene = new Scene(80).handshake().say(0, 'abc').ping(0, 'abcdefgh').ping(1, 'abcdefgh');
  scene.datagram(0, 'abc').datagram(1, 'abc');
  const header = 'ipv4.hdr; content:"|45|"; startswith;';
  const rules = [
    `alert udp any any -> any any (${header} ip_proto:6;)`,
    `alert tcp any any -> any any (${header} ip_proto:!6;)`,
    `alert icmp any any -> any any (icmpv4.hdr; content:"|08|"; startswith; ip_proto:!17;)`,
    `alert udp any 4000 -> any any (${header} ip_proto:!1; pkt_data; content:"abc";)`,
    `alert udp any any -> any any (udp.hdr; content:"|00|"; ${header} ip_proto:!1;)`,
    `alert udp any any -> any any (${header} ip_proto:!6; ip_proto:!1;)`,
    'alert ipv4 any any -> any any (ip_proto:>6; ip_proto:<20;)',
    'alert ip any any -> any any (ip_proto:!6; l3_proto:ipv4; ip_proto:!1; ttl:>1;)',
    `alert ip any any -> any any (ip_proto:!6; ip_proto:!1; ${header})`,
  ];
  const found = ['1> 2< 3> 4> 5<', '6> 7< 8> 9<', '6>', '4> 8>', '8> 9<', '', '', '', '8> 9<'];
  t.same(alertsIn(scene, rules), found);
  for (const refused of [`udp any any -> any any (ip_proto:17; ${header})`, 'udp any any -> any any (ip_proto:17;)'])
    t.throws(() => alertsIn(scene, [`alert ${refused}`]), /ip_proto: it goes with ip alone/);
});

t.test(
  'a keyword about files or transactions ends the buffer before it: what follows is about the payload',
  async (t) => {
    const form = '--B\r\nContent-Disposition: form-data; name="f"; filename="Eicar.TXT"\r\n\r\nAlphaBody\r\n--B--\r\n';
    const head =
      'POST /a HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 89\r\n\r\n';
    const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    const scene = new Scene(80).handshake().say(0, `${head}${form}`).say(1, ok).say(0, '');
    const rules = [
      'http.uri; content:"/a"; filename:"eicar"; content:"POST";',
      'http.uri; content:"/a"; filename:"eicar"; content:"/a"; endswith;',
      'http.uri; content:"/a"; fileext:"txt"; content:"Host";',
      'http.uri; content:"/a"; filesize:>3; content:"Host"; http_header;',
      'http.uri; content:"/a"; filename:"eicar"; isdataat:30;',
      'file.name; content:"Eicar"; fileext:"txt"; content:"POST";',
      'http.uri; content:"/a"; urilen:<9; content:"POST";',
      'http.uri; content:"/a"; urilen:2,raw; content:"POST";',
      'http.uri; content:"/a"; flowbits:isnotset,x; content:"POST";',
    ].map((rule) => `alert http any any -> any any (${rule})`);
    t.same(alertsIn(scene, rules), ['7>', '', '7>', '7>', '7>', '7>', '', '7>', '']);
    const query = 'alert dns any any -> any any (dns.query; content:"com"; dns.opcode:0; content:"|01 00 00 01|";)';
    const dns = '\x2d\x33\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04evil\x03com\x00\x00\x01\x00\x01';
    t.same(alertsIn(new Scene(53).datagram(0, dns), [query]), ['1>']);
  },
);
