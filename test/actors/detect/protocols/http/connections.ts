/** Connections that show each of HTTP's oddities, and what parses them as a capture would have them parsed. */
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';

export type Step = readonly [direction: 0 | 1, data: string | Buffer];

export interface Connection {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Lengths of the segments, over and over; not given: as long as they may be. */
  readonly segments?: readonly number[];
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok';
const get = (line: string, headers = 'Host: a.com\r\n'): string => `${line}\r\n${headers}\r\n`;
const one = (name: string, req: string | Buffer, res: string | Buffer = ok): Connection => ({
  name,
  steps: [
    [0, req],
    [1, res],
  ],
});
const text = 'hello world '.repeat(3000);
const gz = gzipSync(Buffer.from(text));
const withBody = (h: string, b: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${h}Content-Length: ${b.length}\r\n\r\n`), b]);
const named = (body: Buffer): Buffer => {
  const plain = gzipSync(body);
  return Buffer.concat([
    plain.subarray(0, 3),
    Buffer.from([8]),
    plain.subarray(4, 10),
    Buffer.from('a.txt\0'),
    plain.subarray(10),
  ]);
};
const chunkedGzip = (body: string): Buffer => {
  const packed = gzipSync(Buffer.from(body));
  const half = packed.length >> 1;
  const chunk = (bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  return Buffer.concat([
    Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n'),
    chunk(packed.subarray(0, half)),
    chunk(packed.subarray(half)),
    Buffer.from('0\r\n\r\n'),
  ]);
};
export const CONNECTIONS: readonly Connection[] = [
  one(
    'plain',
    get(
      'GET /index.html?a=b HTTP/1.1',
      'Host: www.Example.COM:8080\r\nUser-Agent: curl/7.0\r\nAccept: */*\r\nReferer: http://x/\r\nCookie: a=b; c=d\r\nAccept-Language: en\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\nX-Forwarded-For: 1.2.3.4\r\n',
    ),
  ),
  one(
    'response headers',
    get('GET / HTTP/1.1'),
    'HTTP/1.1 302 Found  here\r\nServer: nginx\r\nSet-Cookie: x=1\r\nSet-Cookie: y=2\r\nLocation: http://b/\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
  ),
  one('percent', get('GET /a%20b/%2e%2e/c//d\\e/./f/%u0041%uff21?q=%41+%20%zz%u0041#frag%41 HTTP/1.1')),
  one('utf8', get('GET /caf%C3%A9/%C4%80/%E2%82%AC/%c0%af/%ff/%e2%82 HTTP/1.1')),
  one('dots', get('GET /a/b/../../../c/./d/..  HTTP/1.1')),
  one('dots2', get('GET ../x/./y/.. HTTP/1.1')),
  one('dots3', get('GET /a/. HTTP/1.1')),
  one('absolute', get('GET http://User:pw@WWW.h.com.:81/p/../q?x#y HTTP/1.1', 'Host: other.com\r\n')),
  one('absolute ip6', get('GET http://[::1]:81/p HTTP/1.1', '')),
  one('spaces in uri', get('GET /a b c HTTP/1.1')),
  one('tabs', get('GET\t/a\tHTTP/1.1')),
  one('no protocol with header', get('GET /a')),
  one('http09', 'GET /a\r\n', 'hello'),
  one('leading space', get('  GET /a HTTP/1.1')),
  one('unknown method', 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nFOO /a HTTP/1.1\r\nHost: b\r\n\r\n', ok + ok),
  one('empty lines before', `${get('GET / HTTP/1.1')}\r\n\r\n${get('GET /2 HTTP/1.1')}`, ok + ok),
  one('folded', get('GET / HTTP/1.1', 'Host: a\r\nX: a\r\n b\r\n\tc: d\r\nY: z\r\n')),
  one('folded 1.0', get('GET / HTTP/1.0', 'Host: a\r\nX: a\r\n b\r\n\tc: d\r\nY: z\r\n')),
  one('folded first', get('GET / HTTP/1.1', ' Host: a\r\nX: a\r\n')),
  one('repeated', get('GET / HTTP/1.1', 'Host: a\r\nX: a\r\nx: b\r\nX: c\r\nCookie: 1\r\nCookie: 2\r\n')),
  one(
    'odd headers',
    get('GET / HTTP/1.1', 'Host : a\r\nNoColon\r\n: empty\r\nB@d: x\r\nV:   spaced \t \r\nE:\r\nNul: a\0b\r\n'),
  ),
  one(
    'odd response headers',
    get('GET / HTTP/1.1'),
    'HTTP/1.1 200\r\nNoColon here\r\n: empty\r\nV:   spaced \t \r\nE:\r\nNul: a\0b\r\nContent-Length: 0\r\n\r\n',
  ),
  one('lf only', 'GET /lf HTTP/1.1\nHost: a\nX: y\n\n', 'HTTP/1.1 200 OK\nServer: x\nContent-Length: 2\n\nok'),
  one(
    'chunked',
    `${get('POST /up HTTP/1.1', 'Host: a\r\nTransfer-Encoding: chunked\r\n')}5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nTrail: er\r\n\r\n`,
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: v\r\n\r\n',
  ),
  one(
    'chunk bad',
    get('GET / HTTP/1.1'),
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzzzzzzzzzzzz this is no chunk\r\nabc',
  ),
  one('chunk bad short', get('GET / HTTP/1.1'), 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\nabc'),
  one(
    'post form',
    `${get('POST /f HTTP/1.1', 'Host: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n')}a=b&c=d`,
  ),
  one('put', `${get('PUT /file.txt HTTP/1.1', 'Host: a\r\nContent-Length: 7\r\n')}1234567`),
  one(
    'multipart',
    (() => {
      const b =
        '--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n--xyz\r\nContent-Disposition: form-data; name="f"; filename="evil.exe"\r\nContent-Type: application/octet-stream\r\n\r\nMZ1234567890\r\n--xyz\r\nContent-Disposition: form-data; name="g"; filename="two.txt"\r\n\r\nabc\r\n--xyz--\r\n';
      return (
        get(
          'POST /m HTTP/1.1',
          `Host: a\r\nContent-Type: multipart/form-data; boundary=xyz\r\nContent-Length: ${b.length}\r\n`,
        ) + b
      );
    })(),
  ),
  one('gzip', get('GET / HTTP/1.1'), withBody('Content-Encoding: gzip\r\n', gz)),
  one('gzip small', get('GET / HTTP/1.1'), withBody('Content-Encoding: gzip\r\n', gzipSync(Buffer.from('small body')))),
  one(
    'deflate raw',
    get('GET / HTTP/1.1'),
    withBody('Content-Encoding: deflate\r\n', deflateRawSync(Buffer.from('raw deflate body'))),
  ),
  one(
    'deflate zlib',
    get('GET / HTTP/1.1'),
    withBody('Content-Encoding: deflate\r\n', deflateSync(Buffer.from('zlib deflate body'))),
  ),
  one(
    'gzip not',
    get('GET / HTTP/1.1'),
    withBody('Content-Encoding: gzip\r\n', Buffer.from('this is not gzip at all')),
  ),
  one(
    'gzip truncated',
    get('GET / HTTP/1.1'),
    withBody(
      'Content-Encoding: gzip\r\n',
      gzipSync(Buffer.from(`${'abcdefgh'.repeat(10) + Math.PI}xyzzy`)).subarray(0, 30),
    ),
  ),
  one(
    'gzip twice',
    get('GET / HTTP/1.1'),
    withBody('Content-Encoding: gzip, gzip\r\n', gzipSync(gzipSync(Buffer.from('twice packed')))),
  ),
  one(
    'gzip,deflate',
    get('GET / HTTP/1.1'),
    withBody('Content-Encoding: deflate, gzip\r\n', gzipSync(deflateRawSync(Buffer.from('twice packed')))),
  ),
  one('br', get('GET / HTTP/1.1'), withBody('Content-Encoding: br\r\n', Buffer.from('brotli?'))),
  one(
    'gzip junk after',
    get('GET / HTTP/1.1'),
    withBody('Content-Encoding: gzip\r\n', Buffer.concat([gzipSync(Buffer.from('body')), Buffer.from('junk')])),
  ),
  one(
    'gzip request',
    Buffer.concat([
      Buffer.from(
        `POST /z HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: ${gzipSync(Buffer.from('request body')).length}\r\n\r\n`,
      ),
      gzipSync(Buffer.from('request body')),
    ]),
  ),
  one(
    'pipelined',
    get('GET /1 HTTP/1.1') + get('GET /2 HTTP/1.1') + get('GET /3 HTTP/1.1'),
    ok + ok.replace('ok', 'OK') + ok,
  ),
  one(
    '100 continue',
    `${get('POST / HTTP/1.1', 'Host: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n')}abc`,
    'HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n',
  ),
  one('head', get('HEAD / HTTP/1.1'), 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'),
  one('304', get('GET / HTTP/1.1'), 'HTTP/1.1 304 Not Modified\r\nX: y\r\n\r\n'),
  one('until close', get('GET / HTTP/1.0'), 'HTTP/1.0 200 OK\r\n\r\nbody until close'),
  one('no status line', get('GET / HTTP/1.1'), 'junk here\r\nmore junk\r\n'),
  one(
    'content-length twice same',
    `${get('POST / HTTP/1.1', 'Host: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n')}abc`,
  ),
  one(
    'content-length twice differ',
    `${get('POST / HTTP/1.1', 'Host: a\r\nContent-Length: 3\r\nContent-Length: 5\r\n')}abcde`,
  ),
  one('content-length odd', `${get('POST / HTTP/1.1', 'Host: a\r\nContent-Length: x3y\r\n')}abc`),
  one('content-length bad', `${get('POST / HTTP/1.1', 'Host: a\r\nContent-Length: xyz\r\n')}abc`),
  one('te identity', `${get('POST / HTTP/1.1', 'Host: a\r\nTransfer-Encoding: identity\r\n')}abc`),
  one('extra body', `${get('GET / HTTP/1.1')}some junk body\r\n`, `${ok}extra stuff\r\n`),
  one('host odd', get('GET / HTTP/1.1', 'Host:  a_b.Com. : 99 \r\n')),
  one('host ip6', get('GET / HTTP/1.1', 'Host: [FE80::1]:99\r\n')),
  one('host bad', get('GET / HTTP/1.1', 'Host: [FE80::1\r\n')),
  one('host port 0', get('GET / HTTP/1.1', 'Host: Abc:0\r\n')),
  one('host empty', get('GET / HTTP/1.1', 'Host:\r\n')),
  one(
    'disposition',
    get('GET /x HTTP/1.1'),
    'HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename="a b.exe"; x=y\r\nContent-Length: 2\r\n\r\nMZ',
  ),
  one('connect', get('CONNECT proxy.com:443 HTTP/1.1', 'Host: proxy.com:443\r\n'), 'HTTP/1.1 200 OK\r\n\r\n'),
  one(
    'upgrade',
    get('GET /ws HTTP/1.1', 'Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'),
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  ),
  {
    name: 'response first',
    steps: [
      [1, ok],
      [0, get('GET /late HTTP/1.1')],
    ],
  },
  { name: 'response only', steps: [[1, ok]] },
  { name: 'request only', steps: [[0, get('GET /only HTTP/1.1')]] },
  { name: 'request unfinished', steps: [[0, 'GET /only HTTP/1.1\r\nHost: a\r\nX: y']] },
  { name: 'request line unfinished', steps: [[0, 'GET /only HTTP/1.1']] },
  {
    name: 'response unfinished',
    steps: [
      [0, get('GET / HTTP/1.1')],
      [1, 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: y\r\n\r\nabc'],
    ],
  },
  {
    name: 'status early',
    steps: [
      [0, 'GET /slow HTTP'],
      [1, 'HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n'],
    ],
  },
  one('big body', get('GET /big HTTP/1.1'), withBody('', Buffer.alloc(150000, 'abcdefghij'))),
  one(
    'big post',
    Buffer.concat([
      Buffer.from(get('POST /bigpost HTTP/1.1', 'Host: a\r\nContent-Length: 150000\r\n')),
      Buffer.alloc(150000, 'abcdefghij'),
    ]),
  ),
  one('response folded', get('GET / HTTP/1.1'), 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\tc: d\r\nContent-Length: 0\r\n\r\n'),
  one('nul in names', get('GET / HTTP/1.1', 'Host: a\r\nN\0ame: x\r\nT: y \0 \r\n')),
  one('host with dots', get('GET / HTTP/1.1', 'Host: aBc.com..\r\n')),
  one(
    'gzip with a name',
    get('GET / HTTP/1.1'),
    withBody('Content-Encoding: gzip\r\n', named(Buffer.from('named body'))),
  ),
  one(
    'x-gzip in capitals',
    get('GET / HTTP/1.1'),
    withBody('Content-Encoding: X-GZIP\r\n', gzipSync(Buffer.from('abc'))),
  ),
  one('chunked gzip', get('GET / HTTP/1.1'), chunkedGzip('chunk after chunk '.repeat(50))),
  one('status odd', get('GET / HTTP/1.1'), 'HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\nok'),
  one('status text', get('GET / HTTP/1.1'), 'HTTP/1.1 abc What\r\nContent-Length: 2\r\n\r\nok'),
  one('put without body', get('PUT /x HTTP/1.1')),
  one('delete with body', `${get('DELETE /x HTTP/1.1', 'Host: a\r\nContent-Length: 3\r\n')}abc`),
  one(
    'content-type in capitals',
    get('GET / HTTP/1.1'),
    'HTTP/1.1 200 OK\r\nContent-Type: Text/HTML ; a=b\r\nContent-Length: 2\r\n\r\nok',
  ),
  one('redirects', get('GET / HTTP/1.1'), 'HTTP/1.1 301 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n'),
  one('307', get('GET / HTTP/1.1'), 'HTTP/1.1 307 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n'),
  one('303', get('GET / HTTP/1.1'), 'HTTP/1.1 303 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n'),
  one(
    'content range',
    get('GET /r HTTP/1.1'),
    'HTTP/1.1 206 Part\r\nContent-Range: bytes 0-1/4\r\nContent-Length: 2\r\n\r\nok',
  ),
];

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** The end comes in the middle of a response: what there is of a line is a body's. */
export const CUT_SHORT: readonly Connection[] = [
  {
    name: 'answered before more than an empty line of it came',
    steps: [
      [0, get('GET / HTTP/1.1')],
      [0, '\r\n'],
      [1, ok + ok],
    ],
  },
  one('chunk length cut', get('GET / HTTP/1.1'), `${CHUNKED}2;x`),
  one('first line where a chunk length should be', get('GET / HTTP/1.1'), `${CHUNKED}2\r\nok\r\nHTTP/1.1 2`),
  one('chunk cut', get('GET / HTTP/1.1'), `${CHUNKED}2\r\no`),
  one('chunk without end of line', get('GET / HTTP/1.1'), `${CHUNKED}2\r\nok\r`),
  one('second chunk length cut', get('GET / HTTP/1.1'), `${CHUNKED}2\r\nok\r\n3`),
  one('first line of a trailer', get('GET / HTTP/1.1'), `${CHUNKED}0\r\nHTTP/1.1 2`),
  one('header cut behind a body', get('GET / HTTP/1.1'), 'junk\r\n\r\nHTTP/1.1 204 OK\r\nServer: li'),
  one(
    'interim response, body, header cut',
    get('GET / HTTP/1.1'),
    'HTTP/1.1 100 Continue\r\n\r\njunk\r\n\r\nHTTP/1.1 304 OK\r\nServer: li',
  ),
];

/** The segments decide what comes of it. */
export const SPOILT_CODINGS: readonly Connection[] = [
  // Read as the other coding there would be a byte or two of it before the fault.
  one('gzip not, and other', get('GET / HTTP/1.1'), withBody('Content-Encoding: gzip\r\n', Buffer.from('3844select='))),
  one(
    'gzip spoilt',
    get('GET / HTTP/1.1'),
    withBody('Content-Encoding: gzip\r\n', Buffer.concat([gz.subarray(0, 30), Buffer.alloc(30, 0xff)])),
  ),
];

/** Where it is the segment that decides, as in Suricata: whether something else follows in it. */
export const CUT_COUNTS = new Set([
  'no status line',
  'no protocol with header',
  'unknown method',
  'empty lines before',
  'extra body',
  'content-length twice differ',
  'request unfinished',
  'response folded',
  'multipart',
  // Of a chunk’s length that is none the pieces before the last are no body.
  'chunk bad',
  'chunk bad short',
  // A coding is tried otherwise from the piece on that denies it.
  'deflate zlib',
  'gzip not',
  'gzip not, and other',
]);
