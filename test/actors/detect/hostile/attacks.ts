/** Attacks made by hand, each against one part of a sensor: what it costs to look at them is the attacker's to choose, and bounded. */
import { deflateSync, gzipSync } from 'node:zlib';
import { bytesOf, type Ends, ethernet, ipv4, n16, tcpSegment, udpDatagram } from '../frames.ts';

const SEGMENT = 1400;
const [SYN, ACK] = [2, 0x10];
const SERVER = Uint8Array.of(192, 0, 2, 1);

export interface Attack {
  readonly name: string;
  readonly rules: readonly string[];
  frames(): Generator<Uint8Array>;
}

type Said = readonly [direction: 0 | 1, bytes: Uint8Array];

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const many = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));
const n24 = (value: number): Uint8Array => Uint8Array.of(value >> 16, (value >> 8) & 255, value & 255);

/** What both say over TCP, each segment acknowledged at once. */
function* session(client: number, port: number, said: Iterable<Said>, segment = SEGMENT): Generator<Uint8Array> {
  const there: Ends = { from: Uint8Array.of(10, client >> 16, (client >> 8) & 255, client & 255), to: SERVER };
  const ends = [there, { from: there.to, to: there.from }] as const;
  const ports = [4000, port] as const;
  const next: [number, number] = [1000, 5000];
  const frame = (direction: 0 | 1, flags: number, bytes: Uint8Array = new Uint8Array(0)): Uint8Array => {
    const acknowledgment = flags === SYN ? 0 : next[1 - direction]!;
    const fields = {
      fromPort: ports[direction],
      toPort: ports[1 - direction]!,
      sequence: next[direction],
      acknowledgment,
      flags,
    };
    next[direction] += bytes.length + (flags & 1) + ((flags & SYN) >> 1);
    return ethernet(0x0800, ipv4(ends[direction], 6, tcpSegment(ends[direction], fields, bytes)));
  };
  yield frame(0, SYN);
  yield frame(1, SYN | ACK);
  yield frame(0, ACK);
  for (const [direction, bytes] of said)
    for (let at = 0; at < bytes.length; at += segment) {
      yield frame(direction, ACK, bytes.subarray(at, at + segment));
      yield frame(direction === 0 ? 1 : 0, ACK);
    }
}

function* each<T>(items: Iterable<T>, of: (item: T) => Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const item of items) yield* of(item);
}

/** Expressions that go back as often as they can, in every place that has its own way to them. */
const BOMBS = ['(a+)+$', '(a|aa)+$', '(.*a){12}b', '(?:a?){30}a{30}b', '([a-z]+)*[0-9]x'] as const;
const bombs = (header: string, buffer: string, first: number): string[] =>
  BOMBS.map((one, i) => `alert ${header} (${buffer} content:"aaaa"; pcre:"/${one}/"; sid:${first + i};)`);

const A = 'a'.repeat(4000);
const page = (body: Uint8Array, headers: readonly string[] = []): Uint8Array =>
  bytesOf(text(`HTTP/1.1 200 OK\r\n${[...headers, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n`), body);
const GET: Said = [0, text('GET / HTTP/1.1\r\nHost: a\r\n\r\n')];

const mqttPacket = (first: number, body: Uint8Array): Uint8Array => {
  const length: number[] = [];
  for (let left = body.length; left > 0; left >>= 7) length.push((left & 127) | (left > 127 ? 128 : 0));
  return bytesOf(first, Uint8Array.from(length), body);
};
const CONNECT = mqttPacket(0x10, bytesOf(n16(4), text('MQTT'), 4, 2, n16(60), n16(1), text('a')));
const dnsHead = (flags: number, questions: number, answers: number): Uint8Array =>
  bytesOf(n16(1), n16(flags), n16(questions), n16(answers), n16(0), n16(0));
/** 255 bytes of name, and then pointers to it and through one another. */
const NAME = bytesOf(...many(3, () => bytesOf(63, text('b'.repeat(63)))), 61, text('c'.repeat(61)), 0);
const record = (type: number, data: Uint8Array): Uint8Array =>
  bytesOf(n16(0xc00c), n16(type), n16(1), n16(0), n16(60), n16(data.length), data);
const dnsAnswers = (count: number, type: number, data: Uint8Array): Uint8Array =>
  bytesOf(dnsHead(0x8180, 1, count), NAME, n16(1), n16(1), ...many(count, () => record(type, data)));
const tcpDns = (message: Uint8Array): Uint8Array => bytesOf(n16(message.length), message);
const tlsRecord = (type: number, body: Uint8Array): Uint8Array => bytesOf(type, 3, 1, n16(body.length), body);
const handshake = (type: number, body: Uint8Array): Uint8Array => bytesOf(type, n24(body.length), body);
const hello = (ciphers: number, extensions: number): Uint8Array => {
  const list = bytesOf(...many(extensions, (i) => bytesOf(n16(i), n16(0))));
  const suites = bytesOf(...many(ciphers, (i) => n16(i)));
  return handshake(1, bytesOf(3, 3, new Uint8Array(32), 0, n16(suites.length), suites, 1, 0, n16(list.length), list));
};
/** In records of so many bytes. */
const inRecords = (body: Uint8Array, size: number): Uint8Array =>
  bytesOf(...many(Math.ceil(body.length / size), (i) => tlsRecord(22, body.subarray(i * size, (i + 1) * size))));

export const ATTACKS: readonly Attack[] = [
  {
    name: 'expressions that go back for ever, in a body, headers, a path, a name, a topic, a message and the stream',
    rules: [
      ...bombs('http any any -> any any', 'file.data;', 100),
      ...bombs('http any any -> any any', 'http.header;', 200),
      ...bombs('http any any -> any any', 'http.uri;', 300),
      ...bombs('http any any -> any any', 'http.request_body;', 400),
      ...bombs('dns any any -> any any', 'dns.query;', 500),
      ...bombs('mqtt any any -> any any', 'mqtt.publish.message;', 600),
      ...bombs('mqtt any any -> any any', 'mqtt.publish.topic;', 700),
      ...bombs('tcp any any -> any any', '', 800),
      ...bombs('udp any any -> any any', '', 900),
      'alert http any any -> any any (file.data; content:"aaaa"; pcre:"/(?P<x>a+)+c/"; sid:1000;)',
    ],
    *frames() {
      const form = bytesOf(
        text(`POST /${A}! HTTP/1.1\r\nHost: a\r\nX-A: ${A}!\r\nContent-Length: ${A.length}\r\n\r\n`),
        text(A),
      );
      yield* session(1, 80, [
        [0, form],
        [1, page(text(`${A}!`.repeat(8)))],
        GET,
        [1, page(gzipSync(text(A.repeat(30))), ['Content-Encoding: gzip'])],
      ]);
      const publish = mqttPacket(0x30, bytesOf(n16(A.length), text(A), text(`${A}!`.repeat(5))));
      yield* session(2, 1883, [
        [0, CONNECT],
        [0, publish],
        [0, publish],
      ]);
      const label = bytesOf(...many(4, () => bytesOf(60, text('a'.repeat(60)))), 0);
      for (let i = 0; i < 10; i++) {
        const query = bytesOf(dnsHead(0x0100, 20, 0), ...many(20, () => bytesOf(label, n16(1), n16(1)))).subarray(
          0,
          1400,
        );
        yield ethernet(
          0x0800,
          ipv4(
            { from: Uint8Array.of(10, 0, 0, 3), to: SERVER },
            17,
            udpDatagram({ from: Uint8Array.of(10, 0, 0, 3), to: SERVER }, 4000 + i, 53, query),
          ),
        );
      }
    },
  },
  {
    name: 'bodies that grow a thousand times, in two layers, byte by byte, and with codings that are none',
    rules: ['alert http any any -> any any (file.data; content:"zz"; pcre:"/z.*y/"; sid:1;)'],
    *frames() {
      const bomb = gzipSync(Buffer.alloc(4_000_000));
      const twice = gzipSync(gzipSync(Buffer.alloc(40_000_000)));
      const coded = (body: Uint8Array, coding: string): Said[] => [
        GET,
        [1, page(body, [`Content-Encoding: ${coding}`])],
      ];
      yield* session(1, 80, [
        ...coded(bomb, 'gzip'),
        ...coded(twice, 'gzip, gzip'),
        ...coded(deflateSync(Buffer.alloc(9_000_000)), 'deflate'),
      ]);
      yield* each(
        many(20, (i) => i),
        (i) => session(10 + i, 80, coded(bomb, 'gzip, deflate, gzip, deflate, gzip')),
      );
      yield* session(40, 80, coded(twice.subarray(0, 600), 'gzip'), 1);
      yield* session(41, 80, many(200, () => coded(text('no gzip at all, and again'), 'gzip, deflate')).flat());
    },
  },
  {
    name: 'a flood of conversations that are begun and left: heads, forms, hellos, messages without answers',
    rules: ['alert http any any -> any any (http.header; content:"never"; sid:1;)'],
    *frames() {
      const head = text(`POST /x HTTP/1.1\r\n${many(60, (i) => `h${i}: ${'v'.repeat(15)}`).join('\r\n')}`);
      const kinds: readonly (readonly [number, Uint8Array])[] = [
        [80, head],
        [
          80,
          text(
            'POST /f HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999\r\n\r\n--b\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nxxx',
          ),
        ],
        [443, tlsRecord(22, hello(300, 100)).subarray(0, 1200)],
        [1883, bytesOf(CONNECT, mqttPacket(0x32, bytesOf(n16(1), text('t'), n16(1), text(A.slice(0, 900)))))],
        [53, tcpDns(dnsAnswers(20, 1, Uint8Array.of(1, 2, 3, 4))).subarray(0, 600)],
      ];
      for (let i = 0; i < 4000; i++) {
        const [port, said] = kinds[i % kinds.length]!;
        yield* session(i, port, [[0, said]]);
      }
    },
  },
  {
    name: 'DNS that says much in few bytes: names that point to one another, thousands of answers',
    rules: ['alert dns any any -> any any (dns.query; content:"bbbb"; nocase; pcre:"/b+c$/"; sid:1;)'],
    *frames() {
      const answers = tcpDns(dnsAnswers(5000, 5, Uint8Array.of(0xc0, 12)).subarray(0, 65_535));
      const soa = bytesOf(n16(0xc00c), n16(0xc00c), new Uint8Array(20));
      const starts = tcpDns(dnsAnswers(1900, 6, soa).subarray(0, 65_535));
      const pointers = bytesOf(
        dnsHead(0x8180, 1, 4000),
        ...many(5000, (i) => n16(0xc000 | Math.min(0x3fff, 14 + 2 * i))),
      );
      yield* session(1, 53, [
        [1, answers],
        [1, starts],
        [1, tcpDns(pointers)],
        [1, tcpDns(dnsAnswers(4000, 16, text('\xff'.repeat(3))))],
      ]);
      const questions = tcpDns(
        bytesOf(
          dnsHead(0x0100, 10_000, 0),
          NAME,
          n16(1),
          n16(1),
          ...many(9999, () => bytesOf(n16(0xc00c), n16(1), n16(1))),
        ),
      );
      yield* session(2, 53, [[0, questions]]);
    },
  },
  {
    name: 'MQTT: thousands of topics in a message, receipts that never end, properties of nothing',
    rules: [
      'alert mqtt any any -> any any (mqtt.subscribe.topic; content:"t"; pcre:"/t+x/"; sid:1;)',
      'alert mqtt any any -> any any (mqtt.reason_code:200; sid:2;)',
    ],
    *frames() {
      const topics = Buffer.concat(many(250_000, () => bytesOf(n16(1), text('t'), 0)));
      const id = n16(1);
      const publish = mqttPacket(0x34, bytesOf(n16(1), text('t'), id, text('m')));
      const receipts = bytesOf(...many(12_000, () => bytesOf(0x50, 2, id)));
      const five = mqttPacket(0x10, bytesOf(n16(4), text('MQTT'), 5, 2, n16(60), 0, n16(1), text('a')));
      const property = (i: number): Uint8Array => bytesOf(0x26, n16(3), n24(i), n16(0));
      const properties = Buffer.concat(many(100_000, property));
      const length = Uint8Array.of(
        (properties.length & 127) | 128,
        ((properties.length >> 7) & 127) | 128,
        properties.length >> 14,
      );
      yield* session(1, 1883, [
        [0, CONNECT],
        [0, mqttPacket(0x82, bytesOf(id, topics))],
        [1, mqttPacket(0x90, bytesOf(id, new Uint8Array(1_000_000)))],
        [0, mqttPacket(0x30, bytesOf(n16(1), text('t'), new Uint8Array(1_000_000).fill(0xff)))],
        [0, mqttPacket(0xa2, bytesOf(id, Buffer.concat(many(330_000, () => bytesOf(n16(1), text('t'))))))],
      ]);
      yield* session(2, 1883, [
        [0, CONNECT],
        [0, publish],
        [1, receipts],
      ]);
      yield* session(3, 1883, [
        [0, five],
        [0, mqttPacket(0x30, bytesOf(n16(1), text('t'), length, properties, text('m')))],
      ]);
      yield* session(4, 1883, [
        [0, CONNECT],
        [0, bytesOf(...many(3000, (i) => mqttPacket(0x32, bytesOf(n16(1), text('t'), n16(i + 1)))))],
      ]);
    },
  },
  {
    name: 'TLS: the longest hello, certificates of nothing, a message in records of one byte',
    rules: [
      'alert tls any any -> any any (tls.cert_subject; content:"x"; sid:1;)',
      'alert tls any any -> any any (ja3.string; content:"0-1"; pcre:"/(\\d+-)+x/"; sid:2;)',
      'alert tls any any -> any any (tls.certs; content:"0000"; pcre:"/(0+)+x/"; sid:3;)',
    ],
    *frames() {
      const long = hello(32_000, 16_000);
      yield* session(1, 443, [[0, inRecords(long, 16_000)]]);
      yield* session(2, 443, [[0, inRecords(long.subarray(0, 20_000), 5)]]);
      const empty = bytesOf(...many(60_000, () => n24(0)));
      const der = bytesOf(
        ...many(8_000, (i) => bytesOf(n24(20), Uint8Array.of(0x30, 18, 0x30, 16), new Uint8Array(16).fill(i & 255))),
      );
      for (const [i, chain] of [empty, der].entries())
        yield* session(3 + i, 443, [
          [0, tlsRecord(22, hello(2, 2))],
          [1, inRecords(handshake(11, bytesOf(n24(chain.length), chain)), 16_000)],
        ]);
      const nested = bytesOf(...many(12_000, () => Uint8Array.of(0x30, 0x80)));
      yield* session(6, 443, [
        [0, tlsRecord(22, hello(2, 2))],
        [1, inRecords(handshake(11, bytesOf(n24(nested.length + 3), n24(nested.length), nested)), 16_000)],
      ]);
    },
  },
  {
    name: 'HTTP: hundreds of requests at once, a thousand headers, a form of hundreds of files, chunks of one byte',
    rules: [
      'alert http any any -> any any (http.header_names; content:"|0d 0a|x"; pcre:"/(x\\d+\\r\\n)+y/"; sid:1;)',
      'alert http any any -> any any (file.name; content:"f"; sid:2;)',
      'alert http any any -> any any (http.request_body; content:"q"; pcre:"/q+z/"; sid:3;)',
    ],
    *frames() {
      yield* session(1, 80, [
        [0, text('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(600))],
        [1, text('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'.repeat(600))],
      ]);
      yield* session(2, 80, [[0, text(`GET /b HTTP/1.1\r\n${many(1100, (i) => `x${i}: y\r\n`).join('')}\r\n`)]]);
      yield* session(3, 80, [[0, text(`GET /c HTTP/1.1\r\n${'x: y\r\n'.repeat(3000)}\r\n`)]]);
      yield* session(4, 80, [[0, text(`GET /d HTTP/1.1\r\nx: y\r\n${` ${'z'.repeat(10)}\r\n`.repeat(9000)}\r\n`)]]);
      const part = (i: number): string =>
        `--b\r\nContent-Disposition: form-data; name="n"; filename="f${i}"\r\n\r\nx\r\n`;
      const form = `${many(400, part).join('')}--b--`;
      yield* session(5, 80, [
        [
          0,
          text(
            `POST /e HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${form.length}\r\n\r\n${form}`,
          ),
        ],
      ]);
      yield* session(6, 80, [
        [0, text(`POST /f HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nq\r\n'.repeat(20_000)}0\r\n\r\n`)],
      ]);
      yield* session(
        7,
        80,
        [[0, text(`GET /${'%25'.repeat(4000)}${'../'.repeat(1500)} HTTP/1.1\r\nHost: a\r\n\r\n`)]],
        40,
      );
    },
  },
  {
    name: 'a mail of files that nobody looks at, of headers of nothing, of URLs and of those who are to get it',
    rules: [
      'alert smtp any any -> any any (file.data; content:"never"; pcre:"/(x+)+y/"; sid:1;)',
      'alert smtp any any -> any any (file.name; content:"g"; sid:2;)',
    ],
    *frames() {
      const reply = (code: number): Said => [1, text(`${code} x\r\n`)];
      const begin = (recipients: number): Said[] => [
        reply(220),
        [0, text('EHLO a\r\n')],
        reply(250),
        [0, text('MAIL FROM:<a@b>\r\n')],
        reply(250),
        [0, text(many(recipients, (i) => `RCPT TO:<${i}@${'r'.repeat(200)}>\r\n`).join(''))],
        ...many(recipients, () => reply(250)),
        [0, text('DATA\r\n')],
        reply(354),
      ];
      const head = 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n';
      const file = (i: number): string =>
        `--b\r\nContent-Disposition: attachment; filename="f${i}"\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(60)}`;
      yield* session(1, 25, [...begin(500), [0, text(`${head}${many(1100, file).join('')}--b--\r\n.\r\n`)]]);
      yield* session(2, 25, [
        ...begin(1),
        [0, text(`${'a: b\r\n'.repeat(100_000)}c: d\r\n${' \r\n'.repeat(200_000)}`)],
      ]);
      const urls = many(60_000, (i) => `http://${i}.${'h'.repeat(20)}/\r\n`).join('');
      yield* session(3, 25, [...begin(1), [0, text(`a: b\r\n\r\n${urls}.\r\n`)]]);
    },
  },
];
