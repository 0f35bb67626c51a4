/** One capture with something for every keyword: conversations of each protocol, odd packets, strange sessions. */
import { gzipSync } from 'node:zlib';
import { pcapOf, type SimplePacket } from '../captures.ts';
import { Dice } from '../protocols/dice.ts';
import { dnsTalk } from '../protocols/dns-talks.ts';
import { CONNECTIONS } from '../protocols/http/connections.ts';
import { modbusTalk } from '../protocols/modbus-talks.ts';
import { mqttTalk } from '../protocols/mqtt-talks.ts';
import { sshTalk } from '../protocols/ssh-talks.ts';
import { type Part, packetsOf, type Talk } from '../protocols/suricata.ts';
import { tlsTalk } from '../protocols/tls-talks.ts';
import { oddFrames } from './odd-frames.ts';
import { ODD_TLS } from './odd-tls.ts';

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const tcp = (serverPort: number, ...parts: readonly (readonly [0 | 1, string | Uint8Array])[]): Talk => ({
  transport: 'tcp',
  serverPort,
  parts: parts.map(([way, data]): Part => [way, typeof data === 'string' ? latin1(data) : data]),
});
const udp = (serverPort: number, ...parts: readonly (readonly [0 | 1, string])[]): Talk => ({
  ...tcp(serverPort, ...parts),
  transport: 'udp',
});

const TALKS_A_PROTOCOL = 12;
const generated = (make: (dice: Dice) => Talk, seed: number, left: readonly number[] = []): Talk[] =>
  Array.from({ length: TALKS_A_PROTOCOL }, (_, i) => seed + i)
    .filter((one) => !left.includes(one))
    .map((one) => make(new Dice(one)));

/** Where what follows is hidden, Suricata inspects two packets of its own, of which there are none here. */
const HIDING_SSH: readonly number[] = [400, 403, 405, 407];

const reply = (type: string, body: string, more = ''): string =>
  `HTTP/1.1 200 OK\r\nServer: nginx/1.2\r\nContent-Type: ${type}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const BOUNDARY = 'xYzZy';
const part = (name: string, body: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\nContent-Type: text/plain\r\n\r\n${body}\r\n`;
const form = (...parts: readonly string[]): string => {
  const body = `${parts.join('')}--${BOUNDARY}--\r\n`;
  return `POST /upload?x=1 HTTP/1.1\r\nHost: files.example\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};
const packed = gzipSync(Buffer.from('MZ this program cannot be run in DOS mode '.repeat(50)));

const WRITTEN: readonly Talk[] = [
  tcp(
    80,
    [0, form(part('Invoice.PDF', '%PDF-1.4 abc'), part('b.exe', 'MZ\x90 cannot be run'))],
    [1, reply('text/plain', 'ok')],
  ),
  tcp(
    80,
    [0, 'GET /a/setup.EXE HTTP/1.1\r\nHost: d.example\r\n\r\n'],
    [
      1,
      reply(
        'application/x-dosexec',
        `MZ${'A'.repeat(4000)}`,
        'Content-Disposition: attachment; filename="Setup.exe"\r\n',
      ),
    ],
  ),
  tcp(
    80,
    [0, 'GET /b.gif HTTP/1.1\r\nHost: d.example\r\n\r\n'],
    [1, reply('image/gif', `GIF89a${'\0'.repeat(30)}`)],
    [0, 'GET /c HTTP/1.1\r\nHost: d.example\r\n\r\n'],
    [1, reply('text/html', '<html>U2VjcmV0IHRleHQ=</html>')],
  ),
  tcp(
    80,
    [0, 'GET /z HTTP/1.1\r\nHost: d.example\r\nAuthorization: Basic dXNlcjpwYXNzd29yZA==\r\n\r\n'],
    [
      1,
      Buffer.concat([
        latin1(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`),
        packed,
      ]),
    ],
  ),
  tcp(
    23,
    [1, '\xff\xfd\x18\xff\xfd\x20login: '],
    [0, 'root\r\n'],
    [1, 'Password: '],
    [0, 'xc3511\r\n'],
    [1, 'BusyBox v1.2\r\n# '],
    [0, 'cat /proc/mounts\r\n'],
  ),
  tcp(9999, [0, 'aaaaaaaaSGVsbG8gV29ybGQ= tail'], [1, 'x=SGVsbG8gV29ybGR6;y=']),
  tcp(
    9998,
    [0, 'HELLO there user=alice; pass=secret;'],
    [1, '250 OK alice'],
    [0, 'LATER user=bob; pass=alice;'],
    [1, 'alice again'],
  ),
  tcp(80, [1, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'], [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n']),
  tcp(80, [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'], [1, 'SSH-2.0-OpenSSH_9.0\r\n']),
  tcp(
    8080,
    [0, 'unknown words of a client, long enough to be sure'],
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ),
  tcp(7777, [0, 'nothing that is known at all, and more of it'], [1, 'nor here, and more of it, and more']),
  udp(7000, [0, 'SGVsbG8gV29ybGQ='], [1, 'V29ybGQ'], [0, 'abcd SGVs!bG8gV29y']),
  udp(5683, [0, '\x40\x01\x12\x34\xb4temp'], [1, '\x60\x45\x12\x34\xff22']),
];

/** As there behind a CONNECT that was granted. */
const CONNECTING: readonly string[] = ['connect'];

export const TALKS: readonly Talk[] = [
  ...WRITTEN,
  ...CONNECTIONS.filter(({ name }) => !CONNECTING.includes(name)).map(({ steps }) => tcp(80, ...steps)),
  ...generated(dnsTalk, 100),
  ...generated(mqttTalk, 200),
  ...generated(tlsTalk, 300),
  ...generated(sshTalk, 400, HIDING_SSH),
  ...generated(modbusTalk, 500),
  ...ODD_TLS,
];

const START_US = 1_700_000_000_000_000;
const GAP_US = 1000;

export function corpus(): SimplePacket[] {
  const packets = packetsOf(TALKS);
  let timeUs = START_US + packets.length * GAP_US;
  for (const { bytes, afterUs = GAP_US } of oddFrames()) {
    timeUs += afterUs;
    packets.push({ bytes, timeUs, linkType: 1, wireLength: bytes.length });
  }
  return packets;
}

export const corpusFile = (): Uint8Array => pcapOf(corpus(), { isBig: false, isNano: false });
