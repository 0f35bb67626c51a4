/** What is recognised and read where bytes are missing, or come after that was noticed; expected is what Suricata 7.0.10 says. */
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { CLIENT_HELLO, SERVER_HELLO } from './hellos.ts';
import { ACK, alertsIn, FIN, PUSH, Scene } from './scene.ts';

const ANY = 'any any -> any any';
const DATA = PUSH | ACK;
const [C, S] = [CLIENT_HELLO.length, SERVER_HELLO.length];

t.test(
  'a hello whose first bytes come after they were acknowledged is heard with the server’s, and forgotten with it',
  async (t) => {
    const scene = new Scene(443)
      .handshake()
      .segment(0, DATA, 10, 0, CLIENT_HELLO.slice(10))
      .segment(1, ACK, 0, 10)
      .segment(0, DATA, 0, 0, CLIENT_HELLO.slice(0, 10))
      .segment(1, DATA, 0, C, SERVER_HELLO)
      .segment(0, ACK, C, S)
      .segment(1, DATA, S, C, SERVER_HELLO)
      .segment(0, ACK, C, 2 * S)
      .segment(1, ACK, 2 * S, C)
      .segment(0, DATA, C, 2 * S, CLIENT_HELLO)
      .segment(1, ACK, 2 * S, 2 * C)
      .segment(0, ACK, 2 * C, 2 * S)
      .segment(1, ACK, 2 * S, 2 * C);
    const rules = [
      `alert tls ${ANY} (tls.sni; content:"example";)`,
      `alert tls ${ANY} (ssl_state:client_hello;)`,
      `alert tls ${ANY} (tls.random; bsize:32;)`,
      `alert tcp ${ANY} (app-layer-protocol:tls;)`,
      `alert tls ${ANY} (ssl_version:tls1.2;)`,
      `alert tls ${ANY} (ssl_state:server_hello;)`,
    ];
    t.same(alertsIn(scene, rules), ['14>', '13< 14>', '10> 13<', '9<', '11< 14>', '10> 11<']);
  },
);

t.test('a certificate is kept of TLS alone', async (t) => {
  const scene = new Scene(443).handshake().say(0, CLIENT_HELLO).say(1, SERVER_HELLO);
  t.same(alertsIn(scene, [`alert ip ${ANY} (tls.store;)`, `alert ip ${ANY} (flow:not_established; tls.store;)`]), [
    '5< 6< 7> -> -<',
    '',
  ]);
});

t.test(
  'the head of a record of keys is read by itself, so that what is missing of its body ends the parsing with it',
  async (t) => {
    const keys = `\0\0\0\x43\x04\x14${'\0'.repeat(16)}\0\0\0\x04none${'\0'.repeat(41)}`;
    const talk = (): Scene => new Scene(22).handshake().say(1, 'SSH-2.0-a\n').segment(1, DATA, 0, 0, keys.slice(0, 22));
    const rules = [`alert ssh ${ANY} (ssh.hassh.server; bsize:32;)`];
    const late = talk()
      .segment(1, DATA, 30, 0, keys.slice(30))
      .segment(0, ACK, 0, 30)
      .segment(1, DATA, 22, 0, keys.slice(22, 30));
    t.same(alertsIn(late, rules), ['']);
    const whole = talk().segment(1, DATA, 22, 0, keys.slice(22)).segment(0, ACK, 0, keys.length);
    t.same(alertsIn(whole, rules), ['-<']);
  },
);

t.test('what waits before bytes that never came is passed over with them', async (t) => {
  const scene = new Scene(443)
    .handshake()
    .say(0, CLIENT_HELLO)
    .say(1, '\x17\x03\x03\x00\x02ab')
    .segment(0, DATA, 0, 0, '\x16\x03\x03\x00\x0cabcdefghij')
    .segment(1, ACK, 0, 16)
    .segment(0, DATA, 30, 0, 'xx')
    .segment(0, FIN | ACK, 40, 0)
    .segment(1, FIN | ACK, 0, 41)
    .segment(0, ACK, 41, 1);
  t.same(alertsIn(scene, [`alert tls ${ANY} ()`]), ['5< 6< 7> 8> 9< 10> 11> 12< 13> -> -<']);
});

t.test('a command without its end is left at the end of a session', async (t) => {
  const ftp = new Scene(21)
    .handshake()
    .say(1, '220 FTP hi\r\n')
    .say(0, 'USER a\r\n')
    .say(1, '250 a\r\n')
    .say(0, 'USER');
  ftp
    .segment(0, FIN | ACK, 0, 0)
    .segment(1, FIN | ACK, 0, 1)
    .segment(0, ACK, 1, 1);
  t.same(alertsIn(ftp, [`alert ftp ${ANY} ()`]), ['7< 8< 9> 10> 11< 12> 13< 14> ->']);
});

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

t.test('a body whose first bytes are missing is a file with a gap', async (t) => {
  const head = 'POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n';
  const scene = (lost: number): Scene =>
    new Scene(80)
      .handshake()
      .segment(0, DATA, 0, 0, head)
      .segment(0, DATA, head.length + lost, 0, 'abcdefgh'.slice(lost))
      .segment(1, ACK, 0, head.length + 8);
  const rules = [
    `alert http ${ANY} (flow:to_server; filesize:<100;)`,
    `alert http ${ANY} (http.request_body; content:"gh";)`,
  ];
  t.same(
    [0, 3].map((lost) => alertsIn(scene(lost), rules)),
    [
      ['->', '->'],
      ['', '->'],
    ],
  );
});

t.test('of an answer without a request its status line alone is no news', async (t) => {
  const scene = new Scene(80)
    .handshake()
    .say(0, GET)
    .say(1, `${OK}HTTP/1.1 404 No\r\n`)
    .say(0, GET)
    .say(1, 'Server: a\r\n');
  t.same(alertsIn(scene.say(0, GET), [`alert http ${ANY} (http.stat_code; content:"404";)`]), ['13<']);
});

t.test('headers that end the parsing are no news of their answer', async (t) => {
  const scene = new Scene(80)
    .handshake()
    .say(0, GET)
    .say(1, 'HTTP/1.1 200 OK\r\nServer: a\r\n')
    .say(1, 'Content-Length: x\r\n\r\n')
    .segment(0, FIN | ACK, 0, 0)
    .segment(1, FIN | ACK, 0, 1);
  t.same(alertsIn(scene, [`alert http ${ANY} (content:"Server"; http.stat_code; content:"2";)`]), ['']);
});

t.test('files are let go where the parser gives up', async (t) => {
  const scene = new Scene(80).handshake().say(0, 'GET /a\r\n').say(1, OK).say(0, GET);
  const rules = ['http.response_body; content:"ok";', 'flow:to_client; file.data; content:"ok";', 'filesize:>0;'];
  t.same(
    alertsIn(
      scene,
      rules.map((rule) => `alert http ${ANY} (${rule})`),
    ),
    ['', '', ''],
  );
});

t.test('files that were told with a packet of the other direction are let go with the next of their own', async (t) => {
  const failed = (): Scene =>
    new Scene(80)
      .handshake()
      .say(0, GET)
      .say(1, 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nxxokxx')
      .segment(1, PUSH | ACK, 10, 0, 'more')
      .segment(0, ACK, 0, 14);
  const rules = ['http.response_body; content:"ok";', 'flow:to_client; file.data; content:"ok";', 'filesize:>0;'];
  const alerts = (scene: Scene): string[] =>
    alertsIn(
      scene,
      rules.map((rule) => `alert http ${ANY} (${rule})`),
    );
  t.same(alerts(failed()), ['-<', '-<', '-<']);
  t.same(alerts(failed().segment(1, ACK, 14, 0)), ['', '', '10<']);
  t.same(alerts(failed().segment(1, PUSH | ACK, 14, 0, 'x')), ['', '', '10<']);
  t.same(
    alerts(
      failed()
        .segment(0, PUSH | ACK, 0, 14, 'x')
        .segment(1, ACK, 14, 1),
    ),
    ['', '', '11<'],
  );
});

t.test('a gap in a body that is in no coding, whatever its headers say, is one of its file', async (t) => {
  const gapped = (coding: string, body: string, lost: number): Scene =>
    new Scene(80)
      .handshake()
      .say(0, GET)
      .say(1, `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\n\r\n${body}`)
      .segment(1, PUSH | ACK, lost, 0, 'more')
      .segment(0, ACK, 0, lost + 4);
  const zipped = gzipSync('0123456789ok').toString('latin1');
  const sizes = Array.from({ length: 60 }, (_, size) => `alert http ${ANY} (flow:to_client; filesize:>${size};)`);
  const sizeIn = (scene: Scene): number => alertsIn(scene, sizes).filter((alerts) => alerts !== '').length;
  t.equal(sizeIn(gapped('gzip', 'xxokxx', 10)), 15);
  t.equal(sizeIn(gapped('deflate, gzip', 'xxokxx', 10)), 15);
  t.equal(sizeIn(gapped('gzip', zipped, 10)), 12);
  t.equal(sizeIn(gapped('gzip', zipped.slice(0, -12), 10)), 9);
  t.equal(sizeIn(gapped('deflate, gzip', zipped, 10)), 12);
});

t.test('what the other side said before a gap that ends the parsing is still known', async (t) => {
  const scene = new Scene(22)
    .segment(0, ACK, 0, 0)
    .segment(0, DATA, 1, 0, 'SH-2.0-libss')
    .segment(1, ACK, 0, 1)
    .segment(0, DATA, 0, 0, 'S')
    .segment(0, DATA, 13, 0, 'h_0.9\rq\0')
    .segment(0, DATA, 78, 0, 'abcdefg')
    .segment(1, DATA, 0, 85, 'SSH-2-OpenSSH_9.2p1')
    .segment(0, FIN | ACK, 85, 300);
  const rules = [`alert ssh ${ANY} (ssh.proto; content:"2.0";)`];
  t.same(alertsIn(scene, rules, '', true), ['8>']);
});

t.test('of a chunk’s length that comes in pieces and is none, the pieces before the last are no body', async (t) => {
  const start = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nxxxx\r\n';
  const scene = (...pieces: string[]) =>
    pieces.reduce((before, piece) => before.say(1, piece), new Scene(80).handshake().say(0, GET));
  const rules = [11, 16, 25].map((size) => `alert http ${ANY} (flow:to_client; filesize:${size};)`);
  t.same(alertsIn(scene(start, 'HTTP/', ' zz\r\n\r\n'), rules), ['-<', '', '']);
  t.same(alertsIn(scene(`${start}\r\nHTTP/`, ' zz\r\n\r\n'), rules), ['', '-<', '']);
  t.same(alertsIn(scene(start, '\r\nQTTP/', ' zz\r\n\r\nab'), rules), ['', '', '-<']);
});
