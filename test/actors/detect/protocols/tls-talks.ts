/** Generated TLS handshakes with certificates of a hand-written DER, whole and broken, cut into records at any place. */
import { bytesOf, n16, n32 } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const NONE = new Uint8Array(0);
const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');
const n24 = (value: number): Uint8Array => n32(value).slice(1);

function der(tag: number, ...parts: readonly (number | Uint8Array)[]): Uint8Array {
  const content = bytesOf(...parts);
  const { length } = content;
  const size =
    length < 128 ? Uint8Array.of(length) : length < 256 ? Uint8Array.of(0x81, length) : bytesOf(0x82, n16(length));
  return bytesOf(tag, size, content);
}

const RSA = der(0x30, der(6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11), der(5));
const KEY = der(
  0x30,
  der(0x30, der(6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1), der(5)),
  der(3, 0, der(0x30, der(2, 7), der(2, 3))),
);

/** Country, locality, organisation, unit, name, e-mail. */
const TYPES: readonly Uint8Array[] = [6, 7, 10, 11, 3].map((last) => der(6, 0x55, 4, last));
const EMAIL = der(6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1);

function name(dice: Dice): Uint8Array {
  const values = ['DE', 'Kiel', 'Stadtwerke', 'Netz é', 'example.org', 'a, b=c'];
  const attributes = TYPES.filter(() => dice.happens(0.6)).map((type) =>
    der(0x31, der(0x30, type, der(12, text(dice.pick(values))))),
  );
  if (dice.happens(0.2)) attributes.push(der(0x31, der(0x30, EMAIL, der(0x16, text('a@b.example')))));
  return der(0x30, ...attributes, der(0x31, der(0x30, TYPES[4]!, der(12, text(dice.pick(values))))));
}

const utc = (year: number): Uint8Array => der(0x17, text(`${String(year % 100).padStart(2, '0')}0506070809Z`));

function certificate(dice: Dice): Uint8Array {
  const serial = der(2, dice.below(128), ...dice.times(6, () => dice.below(256)));
  const names = der(0x30, der(0x82, text('www.example.org')), der(0x82, text('b.example')));
  const extensions = der(0xa3, der(0x30, der(0x30, der(6, 0x55, 0x1d, 0x11), der(4, names))));
  const body = der(
    0x30,
    der(0xa0, der(2, 2)),
    serial,
    RSA,
    name(dice),
    der(0x30, utc(2020 + dice.below(5)), utc(2026 + dice.below(9))),
    name(dice),
    KEY,
    dice.happens(0.7) ? extensions : NONE,
  );
  return der(0x30, body, RSA, der(3, 0, 1, 2, 3));
}

const extension = (type: number, ...parts: readonly (number | Uint8Array)[]): Uint8Array => {
  const content = bytesOf(...parts);
  return bytesOf(n16(type), n16(content.length), content);
};
const counted = (content: Uint8Array): Uint8Array => bytesOf(n16(content.length), content);
const words = (values: readonly number[]): Uint8Array => bytesOf(...values.map(n16));
const random = (dice: Dice): Uint8Array => Uint8Array.from({ length: 32 }, () => dice.below(256));

function clientHello(dice: Dice, is13: boolean): Uint8Array {
  const host = text(dice.pick(['example.org', 'a.b', 'www.city.example', 'é.example']));
  const all = [
    extension(0, n16(host.length + 3), dice.happens(0.97) ? 0 : 1, counted(host)),
    extension(10, counted(words([0x1a1a, 29, 23]))),
    extension(11, 1, 0),
    extension(13, counted(words([0x0403, 0x0804]))),
    extension(16, counted(bytesOf(2, text('h2'), 8, text('http/1.1')))),
    extension(0x2a2a, 0),
    extension(23),
    extension(35, dice.happens(0.2) ? text('ticket') : NONE),
    ...(is13 ? [extension(43, 6, words([0x3a3a, 0x0304, 0x0303]))] : []),
  ].filter((_, index) => dice.happens(index === 8 ? 1 : 0.7));
  const session = dice.happens(0.3) ? random(dice) : NONE;
  const ciphers = dice.pick([[0x1301, 0xc02f], [0x0a0a, 0xc02f, 0x0035], [0x0005]]);
  const extensions = dice.happens(0.9) ? counted(bytesOf(...all)) : NONE;
  return bytesOf(
    n16(dice.pick([0x0303, 0x0303, 0x0301])),
    random(dice),
    session.length,
    session,
    counted(words(ciphers)),
    1,
    0,
    extensions,
  );
}

function serverHello(dice: Dice, is13: boolean): Uint8Array {
  const all = [
    ...(is13 ? [extension(43, n16(0x0304))] : []),
    extension(0xff01, 0),
    extension(16, counted(bytesOf(2, text('h2')))),
  ];
  const extensions = dice.happens(0.8) || is13 ? counted(bytesOf(...all)) : NONE;
  return bytesOf(
    n16(dice.pick([0x0303, 0x0303, 0x0301])),
    random(dice),
    0,
    n16(dice.pick([0x1301, 0xc02f, 0x0035])),
    0,
    extensions,
  );
}

const message = (type: number, body: Uint8Array): Uint8Array => bytesOf(type, n24(body.length), body);
const record = (type: number, version: number, body: Uint8Array): Uint8Array =>
  bytesOf(type, n16(version), n16(body.length), body);

/** Handshake messages in records, which may end inside of a message. */
function handshake(dice: Dice, messages: readonly Uint8Array[]): Uint8Array {
  const all = bytesOf(...messages);
  const cut = dice.happens(0.3) ? 5 + dice.below(all.length - 5) : all.length;
  return bytesOf(record(22, 0x0303, all.slice(0, cut)), cut < all.length ? record(22, 0x0303, all.slice(cut)) : NONE);
}

function chain(dice: Dice): Uint8Array {
  const certificates = Array.from({ length: 1 + dice.below(3) }, () => dice.spoil(certificate(dice), 0.03));
  const all = bytesOf(...certificates.map((one) => bytesOf(n24(one.length), one)));
  return message(11, bytesOf(n24(all.length), all));
}

export function tlsTalk(dice: Dice): Talk {
  const is13 = dice.happens(0.3);
  const hello = record(22, 0x0301, message(1, clientHello(dice, is13)));
  const answer = handshake(dice, [
    message(2, serverHello(dice, is13)),
    ...(is13 ? [] : [chain(dice), ...(dice.happens(0.5) ? [message(12, text('keys'))] : []), message(14, NONE)]),
  ]);
  const end = bytesOf(record(20, 0x0303, Uint8Array.of(1)), record(22, 0x0303, random(dice)));
  const data = record(23, 0x0303, random(dice));
  const keys = record(22, 0x0303, message(16, text('keys')));
  const all: Part[] = [
    [0, hello],
    [1, dice.spoil(answer, 0.05)],
    [0, bytesOf(is13 ? NONE : keys, end)],
    [1, is13 ? data : end],
    [0, data],
    [1, dice.happens(0.3) ? record(21, 0x0303, Uint8Array.of(dice.pick([1, 2]), 0)) : data],
  ];
  const parts = all.slice(0, dice.happens(0.8) ? all.length : 1 + dice.below(all.length));
  return {
    transport: 'tcp',
    serverPort: dice.pick([443, 8443]),
    parts: parts.flatMap(([way, bytes]): Part[] => {
      const cut = dice.happens(0.3) ? 6 + dice.below(Math.max(1, bytes.length - 6)) : bytes.length;
      const pieces: Part[] = [
        [way, bytes.slice(0, cut)],
        [way, bytes.slice(cut)],
      ];
      return pieces.filter(([, { length }]) => length > 0);
    }),
  };
}

/** Without those that hold at some moments of a handshake and not at others, or again at each packet. */
export const TLS_RULES = [
  'tls.sni; content:"example";',
  'tls.cert_subject; content:"CN=example.org";',
  'tls.cert_subject; content:"C=DE";',
  'tls.cert_issuer; content:"Stadtwerke";',
  'tls.cert_serial; content:":0";',
  'tls.certs; content:"example.org";',
  'tls.certs; content:"b.example";',
  'tls.random; content:"a";',
  'tls.random_time; content:"a";',
  'tls.cert_chain_len:>1;',
  'tls.cert_chain_len:1;',
  'tls.subject:"CN=example";',
  'tls.subject:!"CN=example";',
  'tls.issuerdn:"C=DE";',
  'ja3.string; content:"771,";',
  'ja3s.string; content:"769,";',
  'ja4.hash; content:"t13";',
];
