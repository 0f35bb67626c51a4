/** Requests and responses of HTTP/1, most of them plain: bodies of every framing and coding, forms with files, odd lines. */
import { deflateSync, gzipSync } from 'node:zlib';
import { bytesOf } from '../../frames.ts';
import type { Dice } from '../dice.ts';
import type { Message } from './message.ts';
import { payload, text, WORDS } from './words.ts';

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'];
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);
const AGENTS = ['curl/7.68.0', 'Mozilla/5.0 (X11; Linux x86_64)', 'sqlmap/1.5', 'Nikto'];
const NONE = new Uint8Array();

export function httpMessages(dice: Dice): Message[] {
  const messages: Message[] = [];
  const exchanges = dice.int(1, 3);
  const isPipelined = dice.chance(0.08);
  const answers: Message[] = [];
  for (let i = exchanges; i > 0; i -= 1) {
    const method = dice.pick(METHODS);
    messages.push({ direction: 0, bytes: request(dice, method) });
    if (dice.chance(0.06)) messages.push({ direction: 1, bytes: text('HTTP/1.1 100 Continue\r\n\r\n') });
    if (dice.chance(0.92)) answers.push({ direction: 1, bytes: response(dice, method) });
    if (!isPipelined) messages.push(...answers.splice(0));
  }
  return [...messages, ...answers];
}

const percent = (word: string): string =>
  [...word].map((char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');

function encoded(dice: Dice, word: string): string {
  return dice.weighted<() => string>([
    [14, () => word],
    [4, () => percent(word)],
    [1, () => percent(percent(word))],
    [1, () => [...word].map((char) => `%u00${char.charCodeAt(0).toString(16)}`).join('')],
    [1, () => `${word}%2`],
  ])();
}

function target(dice: Dice): string {
  const parts = [...WORDS, '..', '.', 'a+b', '', 'caf%C3%A9', 'index.php', 'x;y=1'];
  const path = Array.from({ length: dice.int(1, 4) }, () => encoded(dice, dice.pick(parts))).join('/');
  const query = dice.chance(0.5) ? `?${dice.pick(WORDS)}=${encoded(dice, dice.pick(WORDS))}` : '';
  const before = dice.weighted([
    [20, ''],
    [1, 'http://Host.example:81'],
    [1, '\\'],
  ]);
  return `${before}/${path}${query}${dice.chance(0.03) ? '#part' : ''}`;
}

function request(dice: Dice, method: string): Uint8Array {
  const headers = [`Host: ${dice.pick(['example.com', 'WWW.Example.org', '10.0.0.1:80', 'a.b.'])}`];
  const add = (share: number, line: () => string): void => {
    if (dice.chance(share)) headers.push(line());
  };
  add(0.8, () => `User-Agent: ${dice.pick(AGENTS)}`);
  add(0.4, () => `Cookie: session=${dice.pick(WORDS)}; id=${dice.int(1, 99)}`);
  add(0.3, () => `Referer: http://${dice.pick(WORDS)}.test/`);
  add(0.4, () => `Accept: ${dice.pick(['*/*', 'text/html', 'application/json'])}`);
  add(0.2, () => `Accept-Language: ${dice.pick(['en', 'de-DE,de;q=0.9'])}`);
  add(0.2, () => `Accept-Encoding: ${dice.pick(['gzip', 'gzip, deflate'])}`);
  add(0.2, () => `X-${dice.pick(WORDS)}:  ${dice.pick(WORDS)}`);
  add(0.1, () => `X-Forwarded-For: 10.9.${dice.int(0, 9)}.1`);
  add(0.2, () => `Connection: ${dice.pick(['close', 'keep-alive', 'Keep-Alive, TE'])}`);
  add(0.04, () => `x-folded: ${dice.pick(WORDS)}\r\n ${dice.pick(WORDS)}`);
  add(0.04, () => `user-agent:${dice.pick(AGENTS)}`);
  add(0.03, () => `Host: ${dice.pick(['other.example', ''])}`);
  add(0.03, () => `${dice.pick(WORDS)} without colon`);
  const isForm = WITH_BODY.has(method) && dice.chance(0.2);
  const body = isForm ? form(dice) : WITH_BODY.has(method) ? payload(dice, 12) : NONE;
  if (isForm) headers.push('Content-Type: multipart/form-data; boundary=Bound4ry');
  else if (body.length > 0)
    headers.push(`Content-Type: ${dice.pick(['text/plain', 'application/x-www-form-urlencoded', 'image/png'])}`);
  const isChunked = body.length > 0 && dice.chance(0.15);
  if (isChunked) headers.push('Transfer-Encoding: chunked');
  else if (body.length > 0) headers.push(`Content-Length: ${body.length}`);
  const version = dice.pick(['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0']);
  const gap = dice.chance(0.03) ? '  ' : ' ';
  const end = dice.chance(0.03) ? '\n' : '\r\n';
  const head = `${method}${gap}${target(dice)} ${version}${end}${headers.join(end)}${end}${end}`;
  return bytesOf(text(head), isChunked ? chunked(dice, body) : body);
}

function form(dice: Dice): Uint8Array {
  const parts = Array.from({ length: dice.int(1, 3) }, () => {
    const isFile = dice.chance(0.7);
    const name = isFile ? `; filename="${dice.pick(WORDS)}.${dice.pick(['txt', 'exe', 'PNG'])}"` : '';
    const type = isFile ? 'Content-Type: application/octet-stream\r\n' : '';
    const head = `--Bound4ry\r\nContent-Disposition: form-data; name="${dice.pick(WORDS)}"${name}\r\n${type}\r\n`;
    return bytesOf(text(head), payload(dice, 8), text('\r\n'));
  });
  return bytesOf(...parts, text('--Bound4ry--\r\n'));
}

function chunked(dice: Dice, body: Uint8Array): Uint8Array {
  const cut = dice.int(0, body.length);
  const extension = dice.chance(0.1) ? ';x=y' : '';
  const chunk = (part: Uint8Array): Uint8Array =>
    part.length === 0 ? NONE : bytesOf(text(`${part.length.toString(16)}${extension}\r\n`), part, text('\r\n'));
  return bytesOf(chunk(body.subarray(0, cut)), chunk(body.subarray(cut)), text('0\r\n\r\n'));
}

const STATUSES = [
  ['200', 'OK'],
  ['200', 'OK'],
  ['200', 'OK'],
  ['404', 'Not Found'],
  ['302', 'Found'],
  ['500', 'Internal Error'],
  ['204', 'No Content'],
  ['304', 'Not Modified'],
  ['200', ''],
] as const;

function response(dice: Dice, method: string): Uint8Array {
  const [status, reason] = dice.pick(STATUSES);
  const isEmpty = method === 'HEAD' || status === '204' || status === '304';
  const plain = isEmpty ? NONE : payload(dice, dice.chance(0.05) ? 600 : 20);
  const headers = [`Server: ${dice.pick(['nginx', 'Apache/2.4', 'lighttpd'])}`];
  if (dice.chance(0.6))
    headers.push(`Content-Type: ${dice.pick(['text/html', 'application/octet-stream', 'text/plain; charset=utf-8'])}`);
  if (status === '302') headers.push('Location: http://example.com/next');
  if (dice.chance(0.3)) headers.push(`Set-Cookie: id=${dice.pick(WORDS)}`);
  if (dice.chance(0.1)) headers.push(`Content-Disposition: attachment; filename="${dice.pick(WORDS)}.bin"`);
  if (dice.chance(0.1)) headers.push('Connection: close');
  const coding = dice.weighted([
    [12, 'none'],
    [2, 'gzip'],
    [1, 'deflate'],
    [1, 'denied'],
  ] as const);
  const isCoded = !isEmpty && coding !== 'none';
  if (isCoded) headers.push(`Content-Encoding: ${coding === 'deflate' ? 'deflate' : 'gzip'}`);
  const body = !isCoded || coding === 'denied' ? plain : coding === 'gzip' ? gzipSync(plain) : deflateSync(plain);
  if (isEmpty) {
    if (dice.chance(0.5)) headers.push(`Content-Length: ${status === '200' ? 17 : 0}`);
    return text(`HTTP/1.1 ${status} ${reason}\r\n${headers.join('\r\n')}\r\n\r\n`);
  }
  const framing = dice.weighted([
    [6, 'length'],
    [3, 'chunked'],
    [1, 'close'],
  ] as const);
  if (framing === 'chunked') headers.push('Transfer-Encoding: chunked');
  if (framing === 'length') headers.push(`Content-Length: ${body.length}`);
  const head = text(`HTTP/1.1 ${status} ${reason}\r\n${headers.join('\r\n')}\r\n\r\n`);
  return bytesOf(head, framing === 'chunked' ? chunked(dice, body) : body);
}
