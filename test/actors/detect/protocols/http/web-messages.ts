/** Requests and responses as nobody should send them: heads, lengths, chunks, codings and forms with a fault now and then. */
import { deflateSync, gzipSync } from 'node:zlib';
import type { Dice } from '../dice.ts';

const ODD = 0.12;

const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'CONNECT', 'PROPFIND', 'FOO', 'get'] as const;
const PATHS = [
  '/',
  '/a',
  '/a/b.html',
  '/x%20y/%2e%2e/z',
  '/caf%C3%A9',
  '/%zz',
  '/a?q=1',
  '/up%00',
  '//a\\b',
  '/%u0041',
];
const HOSTS = ['a.com', 'a.com:80', 'b..c', 'a_b:x', '', '[::1]:80', '-x', 'a.com:99999', 'A.com.', ' a.com'];
const WORDS = 'alpha bravo charlie 0 12 zz ; <x> admin HTTP/1.1 GET \t'.split(' ');

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const words = (dice: Dice, most: number): string =>
  dice.times(most, () => dice.pick(WORDS)).join(dice.pick([' ', '\r\n']));

/** Lines of a head, with the ends that they have. */
function headOf(dice: Dice, lines: readonly string[]): string {
  const end = dice.happens(0.92) ? '\r\n' : dice.pick(['\n', '\r', '\r\r\n', '\n\r']);
  return `${lines.join(end)}${end}${dice.happens(0.97) ? end : dice.pick(['', ' \r\n', '\r\n\r\n', '\n'])}`;
}

const oddHeader = (dice: Dice): string =>
  dice.pick([
    'no colon here',
    ': nameless',
    'Bad Name: x',
    'B@d: x',
    ' folded: first',
    'X: a\r\n b',
    'X: a\r\n\tc: d',
    'Nul: a\0b',
    'X-\0: a',
    'X : spaced',
    'X:',
    'Content-Length: 3',
    'Content-Length: abc',
    'Content-Length: 5, 5',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: gzip, chunked',
    'Host: other.com',
    'Expect: 100-continue',
    'Authorization: Weird x',
    'Authorization: Basic YTpi',
    'Authorization: Digest x',
    'Content-Encoding: br',
    'Content-Encoding: gzip, deflate, gzip',
    'Content-Range: bytes 0-3/10',
    'Content-Range: bytes 9-3/10',
    'X-Forwarded-For: 1.2.3.4, 5.6.7.8',
    'Cookie: a=b',
    'Set-Cookie: c=d',
  ]);

function chunked(dice: Dice, body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const length = Math.min(body.length - at, 1 + dice.below(40));
    const told = dice.happens(0.96)
      ? length.toString(16)
      : dice.pick(['zz', '', '-1', `${(length + 3).toString(16)}`, 'ffffffffff']);
    parts.push(
      bytes(
        `${dice.pick(['', '', '', '', ' ', '\r\n'])}${told}${dice.pick(['', '', '', '', ';e=1', ' '])}${dice.happens(0.95) ? '\r\n' : '\n'}`,
      ),
    );
    parts.push(body.subarray(at, at + length), bytes(dice.happens(0.96) ? '\r\n' : dice.pick(['\n', '', 'junk\r\n'])));
    at += length;
  }
  const last = dice.happens(0.9) ? '0\r\n' : dice.pick(['', '00\r\n', '0;x\r\n', '0\n']);
  const trailer = dice.happens(0.8) ? '' : dice.pick(['T: 1\r\n', 'no colon\r\n', ' x: y\r\n', 'T: 1\r\nU: 2\r\n']);
  parts.push(bytes(`${last}${trailer}${dice.happens(0.93) ? '\r\n' : ''}`));
  return Buffer.concat(parts);
}

function form(dice: Dice): Buffer {
  const part = (): string => {
    const disposition = dice.happens(0.9)
      ? `Content-Disposition: form-data; name="f"${dice.happens(0.7) ? `; filename="${dice.pick(['a.txt', 'b', '', 'c;d.exe'])}"` : ''}\r\n`
      : dice.pick(['Content-Disposition\r\n', 'nothing\r\n', ':\r\n', '']);
    const type = dice.happens(0.5) ? 'Content-Type: text/plain\r\n' : '';
    return `--BB\r\n${disposition}${type}\r\n${words(dice, 12)}${dice.happens(0.95) ? '\r\n' : ''}`;
  };
  const before = dice.happens(0.9) ? '' : 'preamble\r\n';
  const end = dice.happens(0.85) ? '--BB--\r\n' : dice.pick(['--BB--', '--BB', '--BB\r\n', '']);
  return bytes(`${before}${Array.from({ length: 1 + dice.below(3) }, part).join('')}${end}`);
}

const long = (dice: Dice): Buffer => Buffer.alloc(dice.pick([3000, 33_000, 41_000, 103_000]), 'long body ');
const plain = (dice: Dice): Buffer => (dice.happens(0.02) ? long(dice) : bytes(words(dice, 16)));

/** What is announced, and the body in that form. */
function framed(dice: Dice, body: Buffer, mayClose: boolean): readonly [lines: readonly string[], body: Buffer] {
  const kind = dice.below(10);
  if (kind < 4) {
    const length = dice.happens(0.9) ? body.length : Math.max(0, body.length + dice.below(21) - 10);
    return [[`Content-Length: ${length}`], body];
  }
  if (kind < 8)
    return [
      [dice.pick(['Transfer-Encoding: chunked', 'Transfer-Encoding: Chunked', 'transfer-encoding:chunked'])],
      chunked(dice, body),
    ];
  return mayClose ? [[], body] : [[`Content-Length: ${body.length}`], body];
}

function coded(dice: Dice, body: Buffer): readonly [lines: readonly string[], body: Buffer] {
  if (!dice.happens(0.25)) return [[], body];
  const [name, packed] = dice.pick([
    ['gzip', gzipSync(body)],
    ['deflate', deflateSync(body)],
    ['gzip', deflateSync(body)],
    ['deflate', gzipSync(body)],
    ['x-gzip', gzipSync(body)],
    ['deflate, gzip', gzipSync(deflateSync(body))],
    ['gzip', body],
    ['lzma', body],
  ] as const);
  return [[`Content-Encoding: ${name}`], Buffer.from(dice.spoil(packed, 0.1))];
}

export function request(dice: Dice): Buffer {
  const method = dice.pick(METHODS);
  const odd = (): boolean => dice.happens(ODD);
  const target = odd()
    ? dice.pick(['http://a.com:81/p', 'http://b..c/', 'http://u:p@A.com./x?y', 'a.com:443', '*', '/with space', ''])
    : method === 'CONNECT'
      ? dice.pick(['a.com:443', 'a.com', 'x..y:1', '/'])
      : dice.pick(PATHS);
  const version = odd()
    ? dice.pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 x', 'FOO', '', ' HTTP/1.1'])
    : 'HTTP/1.1';
  const gap = odd() ? dice.pick(['  ', '\t']) : ' ';
  const line = `${odd() ? dice.pick([' ', '\r\n', '\t', '']) : ''}${method}${gap}${target}${version === '' ? '' : ' '}${version}`;
  const headers = dice.happens(0.9) ? [`Host: ${odd() ? dice.pick(HOSTS) : 'a.com'}`] : [];
  headers.push(
    ...dice.times(3, () => (odd() ? oddHeader(dice) : `X-${dice.pick(['A', 'B'])}: ${dice.pick(['1', 'two'])}`)),
  );
  if (odd()) headers.push(oddHeader(dice));
  let body: Buffer = Buffer.alloc(0);
  if (dice.happens(method === 'POST' || method === 'PUT' ? 0.85 : 0.08)) {
    const isForm = dice.happens(0.4);
    const [codings, packed] = isForm ? [[], form(dice)] : coded(dice, plain(dice));
    if (isForm) headers.push('Content-Type: multipart/form-data; boundary=BB');
    const [lines, framedBody] = framed(dice, packed, false);
    headers.push(...codings, ...lines);
    body = framedBody;
  }
  return spoilt(dice, Buffer.concat([bytes(headOf(dice, [line, ...headers])), body]));
}

const STATUSES = [
  '200 OK',
  '200 OK',
  '200 OK',
  '404 Not Found',
  '302 Found',
  '204 No Content',
  '304 Not Modified',
  '206 Partial',
  '401 No',
];
const ODD_LINES = [
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 101 Switching',
  'HTTP/1.1 103 Early',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 abc',
  'HTTP/1.1',
  'HTTP',
  'junk line',
  '<html>',
  'http/1.1 200 ok',
  ' HTTP/1.1 200 OK',
  'HTTP/1.1  200  OK',
  'HTTP/9.9 200',
  'HTTP/1.1 99 x',
  'HTTP/1.1 2000 x',
  '417 Fail',
  'HTTP/1.1 417 Fail',
];

export function response(dice: Dice): Buffer {
  const line = dice.happens(ODD) ? dice.pick(ODD_LINES) : `HTTP/1.1 ${dice.pick(STATUSES)}`;
  const headers = dice.times(3, () =>
    dice.happens(ODD) ? oddHeader(dice) : `S-${dice.pick(['A', 'B'])}: ${dice.pick(['1', 'two'])}`,
  );
  headers.push(
    `Content-Type: ${dice.pick(['text/html', 'text/html; charset=x', 'multipart/byteranges; boundary=x', 'image/png', 'text/plain'])}`,
  );
  if (dice.happens(0.1)) headers.push('Content-Disposition: attachment; filename="down.bin"');
  if (dice.happens(0.05)) headers.push('Location: http://b/');
  let body: Buffer = Buffer.alloc(0);
  if (dice.happens(0.8)) {
    const [codings, packed] = coded(dice, plain(dice));
    const [lines, framedBody] = framed(dice, packed, true);
    headers.push(...codings, ...lines);
    body = framedBody;
  } else headers.push('Content-Length: 0');
  return spoilt(dice, Buffer.concat([bytes(headOf(dice, [line, ...headers])), body]));
}

const spoilt = (dice: Dice, message: Buffer): Buffer => Buffer.from(dice.spoil(message, 0.05));
