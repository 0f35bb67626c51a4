/** What rules see of HTTP and DNS where messages are cut short, by the end of the flow or by what comes in their place; expected is what Suricata 7.0.10 says. */
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { ACK, alertsIn, FIN, RST, Scene } from './scene.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nServer: x\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n';
const NEXT = 'HTTP/1.1 304 NM\r\n\r\n';

const http = (...rules: readonly string[]): string[] => rules.map((rule) => `alert http any any -> any any (${rule})`);
const answered = (rules: readonly string[], ...pieces: readonly string[]): string[] => {
  const scene = new Scene(80).handshake().say(0, GET);
  for (const piece of pieces) scene.say(1, piece);
  return alertsIn(scene, rules);
};

t.test('a chunked answer is over with its flow, wherever that is', async (t) => {
  const rules = http('flow:to_client; filesize:<100;', 'http.response_body; content:"2|3b|z";');
  const ends = ['2;z', '2;z\r\n', '5\r\nz', '2\r\nzz', '2\r\nzz\r\n', '2\r\nzz\r\n2;z'];
  t.same(
    ends.map((end) => answered(rules, `${OK}${CHUNKED}${end}`)),
    [
      ['-<', '-<'],
      ['', ''],
      ['-<', ''],
      ['-<', ''],
      ['-<', ''],
      ['-<', '-<'],
    ],
  );
});

t.test('what follows where a coding is over ends the parsing', async (t) => {
  const rules = http('flow:to_client; filesize:<100;', 'http.response_body; content:"hello";');
  const coded = gzipSync('hello').toString('latin1');
  const head = `${OK}Content-Encoding: gzip\r\n`;
  const chunk = `${head}${CHUNKED}${coded.length.toString(16)}\r\n${coded}\r\n`;
  const whole = `${head}Content-Length: ${coded.length}\r\n\r\n${coded}`;
  t.same(
    [chunk, `${chunk}2;z`, whole, `${whole}zz`].map((text) => answered(rules, text)),
    [
      ['-<', '-<'],
      ['', '-<'],
      ['-<', '-<'],
      ['', '-<'],
    ],
  );
});

t.test('the block of headers has what came of a trailer, and what an interim answer is followed by', async (t) => {
  const raw = (...texts: readonly string[]): string[] =>
    http(...texts.map((text) => `flow:to_client; http.header.raw; content:"${text}";`));
  t.same(answered(raw('y|3a|', 'zz'), `${OK}${CHUNKED}2\r\nzz\r\n0\r\ny: a`), ['-<', '']);
  const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
  t.same(answered(raw('xu', 'yo'), interim, 'xunk\r\nyore'), ['-<', '-<']);
  t.same(answered(raw('|0d 0a 0d 0a|HTTP'), interim, '\r\n\r\n', `${OK}Content-Length: 0\r\n\r\n`), ['-<']);
});

t.test('a header of an answer that could still have been continued when its flow ends is none', async (t) => {
  const rules = http('http.server; content:"x";', 'http.server; content:"y";');
  const ends = ['', 'Via: y', ' y', '\r\n'];
  t.same(
    ends.map((end) => answered(rules, `${OK}${end}`)),
    [
      ['-<', ''],
      ['-<', ''],
      ['', ''],
      ['-<', ''],
    ],
  );
});

t.test('a header that is cut short is a body behind a line that was one, and else ends the parsing', async (t) => {
  const rules = http('http.response_body; content:"Host";', 'flow:to_client; http.header_names; content:"Server";');
  t.same(answered(rules, `${OK}Host: x`), ['', '']);
  t.same(answered(rules, `x y\r\n\r\n${OK}Host: x`), ['-<', '-<']);
});

t.test('an answer that fails as its flow is closed is asked about until nothing more comes', async (t) => {
  const rules = http('http.stat_code; content:!"A";', 'flow:to_server;', 'flow:to_client; http.server; content:"x";');
  const cut = (): Scene => new Scene(80).handshake().say(0, GET).say(1, `${OK}Via: y\r`);
  const closed = (): Scene =>
    cut()
      .segment(1, FIN | ACK, 0, 0)
      .segment(0, FIN | ACK, 0, 1);
  t.same(alertsIn(closed().segment(1, ACK, 1, 1), rules), ['8< 10< -<', '7> 9>', '8<']);
  t.same(alertsIn(closed().segment(1, RST, 1, 1), rules), ['8< 10< -<', '7> 9> ->', '8<']);
  t.same(alertsIn(cut().segment(1, RST | ACK, 0, 0), rules), ['8< -<', '7> ->', '8<']);
});

t.test('with the end of a flow trailers are read as far as they came, and no request begins', async (t) => {
  const post = 'POST /p HTTP/1.1\r\nHost: a\r\n';
  const asked = (rule: string, text: string): string[] =>
    alertsIn(new Scene(80).handshake().say(0, GET).say(1, NEXT).say(0, text), http(rule));
  const raw = 'flow:to_server; http.header.raw; content:"y|3a|";';
  const trailer = `${post}${CHUNKED}2\r\nzz\r\n0\r\ny: a`;
  t.same(asked(raw, trailer), ['->']);
  t.same(asked('flow:to_server; http.header_names; content:"y";', `${trailer}\r\n`), ['->']);
  t.same(asked('http.uri; content:"/b";', `${post}Content-Length: 2\r\n\r\nzzyyy\r\nGET /b`), ['']);
});

t.test(
  'a message of DNS whose questions are cut short is one all the same, and one with a name that cannot be is none',
  (t) => {
    const header = '\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00';
    const rules = ['alert dns any any -> any any (flow:to_server;)'];
    const told = (question: string): string[] => [
      ...alertsIn(new Scene(53).datagram(0, header + question).datagram(1, header + question), rules),
      ...alertsIn(
        new Scene(53).handshake().say(0, `\0${String.fromCharCode(12 + question.length)}${header}${question}`),
        rules,
      ),
    ];
    for (const question of ['\x03www\x09exam', '\x03www\0\0', '\x03www\xc0']) t.same(told(question), ['1> 2>', '->']);
    for (const question of ['\x03www\x80aaa', '\xc0\x0caaaa', '\xc3\xff\0\x01\0\x01']) t.same(told(question), ['', '']);
    t.end();
  },
);
