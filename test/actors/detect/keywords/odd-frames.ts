/** Packets that decoders take note of, sessions that are not as they should be, and a flow that lasts. */
import { bytesOf, type Ends, ethernet, icmpMessage, ipv4, ipv6, n16, n32, tcpSegment, udpDatagram } from '../frames.ts';
import { encapsulated } from './odd-encapsulations.ts';
import { oddStreams } from './odd-streams.ts';

export interface OddFrame {
  readonly bytes: Uint8Array;
  /** Since the frame before. */
  readonly afterUs?: number;
}

const A = Uint8Array.of(172, 16, 0, 1);
const B = Uint8Array.of(172, 16, 0, 2);
const A6 = bytesOf(0x20, 1, 0xd, 0xb8, new Uint8Array(11), 1);
const B6 = bytesOf(0x20, 1, 0xd, 0xb8, new Uint8Array(11), 2);
const there: Ends = { from: A, to: B };
const back: Ends = { from: B, to: A };
const there6: Ends = { from: A6, to: B6 };
const NONE = new Uint8Array(0);
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const v4 = (bytes: Uint8Array): Uint8Array => ethernet(0x0800, bytes);
const v6 = (bytes: Uint8Array): Uint8Array => ethernet(0x86dd, bytes);
const changed = (bytes: Uint8Array, at: number, ...values: readonly number[]): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy.set(values, at);
  return copy;
};
const [FIN, SYN, RST, PSH, ACK] = [1, 2, 4, 8, 16] as const;

let port = 20_000;
const udp = (ends: Ends, payload = 'hello'): Uint8Array => udpDatagram(ends, port++, 9000, text(payload));
const options = (...bytes: readonly number[]): Uint8Array => {
  const padded = bytesOf(Uint8Array.from(bytes), new Uint8Array((4 - (bytes.length % 4)) % 4));
  return v4(ipv4(there, 17, udp(there), padded));
};
const segment = (
  flags: number,
  more: { options?: Uint8Array; sequence?: number; acknowledgment?: number } = {},
  payload = '',
): Uint8Array =>
  tcpSegment(there, { fromPort: port++, toPort: 9001, sequence: 1, acknowledgment: 0, flags, ...more }, text(payload));
const with6 = (...extensions: readonly (readonly [number, Uint8Array])[]): Uint8Array =>
  v6(ipv6(there6, 17, udp(there6), extensions));
/** Behind the number of the next header: length, and options filled up to eight bytes. */
const body = (...bytes: readonly number[]): Uint8Array => {
  const length = Math.ceil((bytes.length + 2) / 8) * 8;
  return bytesOf(length / 8 - 1, Uint8Array.from(bytes), new Uint8Array(length - 2 - bytes.length));
};
const icmp6 = (type: number, code: number, rest: Uint8Array, hops = 64): Uint8Array =>
  v6(changed(ipv6(there6, 58, icmpMessage(there6, type, code, rest)), 7, hops));
const icmp4 = (type: number, code: number, rest: Uint8Array): Uint8Array =>
  v4(ipv4(there, 1, icmpMessage(there, type, code, rest)));
const inner4 = (length = 28): Uint8Array => ipv4(there, 17, udp(there)).subarray(0, length);

function decoderFrames(): Uint8Array[] {
  const plain = ipv4(there, 17, udp(there));
  const plain6 = ipv6(there6, 17, udp(there6));
  return [
    v4(plain.subarray(0, 10)),
    v4(changed(plain, 0, 0x65)),
    v4(changed(plain, 0, 0x43)),
    v4(changed(plain, 2, 0, 10)),
    v4(changed(plain, 2, 1, 0)),
    v4(changed(plain, 10, 0xaa, 0xbb)),
    v4(ipv4(there, 58, icmpMessage(there6, 128, 0, n32(1)))),
    options(1, 1, 1, 0),
    options(7, 3, 4),
    options(7, 7, 4, 0, 0, 0, 0),
    options(7, 7, 4, 0, 0, 0, 0, 7, 7, 4, 0, 0, 0, 0),
    options(7, 7, 5, 0, 0, 0, 0),
    options(68, 4, 5, 0),
    options(68, 8, 5, 0, 0, 0, 0, 0),
    options(68, 8, 5, 2, 0, 0, 0, 0),
    options(0x99, 4, 0, 0),
    options(131, 7, 4, 0, 0, 0, 0),
    options(137, 7, 4, 0, 0, 0, 0, 131, 7, 4, 0, 0, 0, 0),
    options(136, 4, 0, 1),
    options(136, 3, 0),
    options(130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    options(130, 4, 0, 0),
    options(134, 10, 0, 0, 0, 1, 1, 4, 0, 1),
    options(134, 6, 0, 0, 0, 1),
    options(134, 10, 0, 0, 0, 1, 1, 9, 0, 1),
    options(148, 4, 0, 0),
    options(148, 4, 0, 1),
    options(148, 3, 0),
    options(133, 4, 0, 0),
    options(1, 1, 1, 1),
    options(1, 1, 1, 1, 1),
    options(0, 5, 5, 5),
    v4(ipv4(there, 1, icmpMessage(there, 8, 0, n16(1)))),
    icmp4(8, 0, bytesOf(n16(1), n16(1), text('ping'))),
    icmp4(8, 1, n32(1)),
    icmp4(0, 1, n32(1)),
    icmp4(3, 16, bytesOf(n32(0), inner4())),
    icmp4(3, 1, bytesOf(n32(0), inner4())),
    icmp4(3, 1, bytesOf(n32(0), inner4(12))),
    icmp4(3, 1, bytesOf(n32(0), changed(inner4(), 0, 0x65))),
    icmp4(3, 1, n32(0)),
    icmp4(4, 1, bytesOf(n32(0), inner4())),
    icmp4(5, 0, bytesOf(n32(0), inner4())),
    icmp4(5, 4, bytesOf(n32(0), inner4())),
    icmp4(9, 0, n32(0)),
    icmp4(10, 1, n32(0)),
    icmp4(11, 0, bytesOf(n32(0), inner4())),
    icmp4(11, 2, bytesOf(n32(0), inner4())),
    icmp4(12, 0, bytesOf(n32(0), inner4())),
    icmp4(12, 3, bytesOf(n32(0), inner4())),
    icmp4(13, 0, bytesOf(n32(1), new Uint8Array(12))),
    icmp4(13, 0, n32(1)),
    icmp4(13, 1, bytesOf(n32(1), new Uint8Array(12))),
    icmp4(15, 0, n32(1)),
    icmp4(15, 1, n32(1)),
    icmp4(17, 0, bytesOf(n32(1), n32(0))),
    icmp4(18, 1, bytesOf(n32(1), n32(0))),
    icmp4(40, 0, n32(1)),
    icmp4(200, 7, n32(1)),
    v4(ipv4(there, 6, segment(SYN).subarray(0, 12))),
    v4(ipv4(there, 6, changed(segment(SYN), 12, 0x30))),
    v4(ipv4(there, 6, changed(segment(SYN), 12, 0xf0))),
    v4(ipv4(there, 6, segment(SYN, { options: Uint8Array.of(2, 4, 5, 0xb4, 2, 4, 5, 0xb4) }))),
    v4(ipv4(there, 6, segment(SYN, { options: Uint8Array.of(2, 3, 5, 1) }))),
    v4(ipv4(there, 6, segment(SYN, { options: Uint8Array.of(3, 3, 7, 1, 3, 3, 8, 1) }))),
    v4(ipv4(there, 6, segment(SYN, { options: Uint8Array.of(3, 3, 20, 1) }))),
    v4(ipv4(there, 6, segment(SYN, { options: Uint8Array.of(3, 60, 7, 1) }))),
    v4(ipv4(there, 6, segment(SYN, { options: Uint8Array.of(3, 1, 7, 1) }))),
    v4(ipv4(there, 6, segment(SYN, { options: bytesOf(8, 10, n32(1), n32(0), 1, 1) }))),
    v4(ipv4(there, 6, segment(SYN, { options: bytesOf(8, 9, n32(1), n32(0), 1, 1) }))),
    v4(ipv4(there, 6, segment(SYN, { options: bytesOf(4, 2, 4, 2) }))),
    v4(ipv4(there, 6, segment(SYN, { options: bytesOf(5, 9, n32(1), n32(0)) }))),
    v4(ipv4(there, 6, segment(SYN, { options: bytesOf(34, 10, n32(1), n32(0)) }))),
    v4(ipv4(there, 6, segment(SYN, { options: bytesOf(1) }))),
    v4(ipv4(there, 17, udp(there).subarray(0, 6))),
    v4(ipv4(there, 17, changed(udp(there), 4, 0, 4))),
    v4(ipv4(there, 17, changed(udp(there), 4, 0, 200))),
    v4(ipv4(there, 17, changed(udp(there), 4, 0, 10))),
    v4(ipv4(there, 17, changed(udp(there), 6, 1, 1))),
    v4(ipv4(there, 17, changed(udp(there), 6, 0, 0))),
    v4(ipv4(there, 132, bytesOf(n16(5000), n16(36412), n32(7), n32(0), text('data')))),
    v4(ipv4(there, 132, bytesOf(n16(5000), n16(36412)))),
    v4(ipv4(there, 47, bytesOf(n16(0)))),
    v4(ipv4(there, 47, bytesOf(n16(0x0007), n16(0x0800), plain))),
    v4(ipv4(there, 47, bytesOf(n16(0x0100), n16(0x0800), plain))),
    v4(ipv4(there, 47, bytesOf(n16(0x0008), n16(0x0800), plain))),
    v4(ipv4(there, 47, bytesOf(n16(0x0000), n16(0x0800), plain))),
    v4(ipv4(there, 47, bytesOf(n16(0x8001), n16(0x880b), n32(0)))),
    v4(ipv4(there, 47, bytesOf(n16(0x4001), n16(0x880b), n32(0)))),
    v4(ipv4(there, 47, bytesOf(n16(0x1801), n16(0x880b), n32(0)))),
    v4(ipv4(there, 47, bytesOf(n16(0x0101), n16(0x880b), n32(0)))),
    v4(ipv4(there, 47, bytesOf(n16(0x0001), n16(0x880b), n32(0)))),
    v4(ipv4(there, 47, bytesOf(n16(0x2001), n16(0x0800), n32(0), n32(0)))),
    v4(ipv4(there, 47, bytesOf(n16(0x2009), n16(0x880b), n32(0), n32(0)))),
    v6(plain6.subarray(0, 30)),
    v6(changed(plain6, 0, 0x40)),
    v6(changed(plain6, 4, 1, 0)),
    v6(ipv6(there6, 1, icmpMessage(there, 8, 0, n32(1)))),
    with6([0, body(1, 4, 0, 0, 0, 0)]),
    with6([0, body(0, 0, 0, 0, 0, 0)]),
    with6([0, body(5, 2, 0, 0, 1, 0)]),
    with6([0, body(0x3e, 4, 0, 0, 0, 0)]),
    with6([0, body(5, 2, 0, 0, 1, 0)], [0, body(5, 2, 0, 0, 1, 0)]),
    with6([0, body(0xc2, 4, 0, 1, 0, 0)]),
    with6([0, body(0xc9, 16, ...new Array<number>(16).fill(1))]),
    with6([0, body(5, 9, 0, 0)]),
    with6([60, body(1, 4, 0, 0, 0, 0)]),
    with6([60, body(0x3e, 4, 0, 0, 0, 0)]),
    with6(
      [60, body(0xc9, 16, ...new Array<number>(16).fill(1))],
      [60, body(0xc9, 16, ...new Array<number>(16).fill(1))],
    ),
    with6([60, body(1, 4, 0, 0, 0, 0)], [60, body(1, 4, 0, 0, 0, 0)], [60, body(1, 4, 0, 0, 0, 0)]),
    with6([60, body(1, 0, 1, 2, 0, 0)]),
    with6([43, body(0, 0, 0, 0, 0, 0)]),
    with6([43, body(2, 1, 0, 0, 0, 0)]),
    with6([43, body(2, 1, 0, 0, 0, 0)], [43, body(2, 1, 0, 0, 0, 0)]),
    with6([44, bytesOf(0, n16(0), n32(9))]),
    with6([44, bytesOf(7, n16(0), n32(9))]),
    with6([44, bytesOf(0, n16(0), n32(9))], [44, bytesOf(0, n16(0), n32(9))]),
    v6(ipv6(there6, 17, text('12345'), [[44, bytesOf(0, n16(1), n32(10))]])),
    v6(ipv6(there6, 17, text('12345678'), [[44, bytesOf(0, n16(0xfff9), n32(11))]])),
    with6([51, bytesOf(1, n16(0), n32(1), n32(1))]),
    with6([51, bytesOf(1, n16(5), n32(1), n32(1))]),
    with6(
      [51, bytesOf(4, n16(0), n32(1), n32(1), new Uint8Array(12))],
      [51, bytesOf(4, n16(0), n32(1), n32(1), new Uint8Array(12))],
    ),
    with6([135, body(0, 0, 0, 0, 0, 0)]),
    with6([139, body(0, 0, 0, 0, 0, 0)]),
    with6([140, body(0, 0, 0, 0, 0, 0)]),
    v6(ipv6(there6, 59, NONE)),
    v6(ipv6(there6, 59, text('more'))),
    v6(ipv6(there6, 200, text('more'))),
    v6(ipv6(there6, 60, text('abc'))),
    v6(ipv6(there6, 4, plain)),
    v6(ipv6(there6, 4, plain.subarray(0, 10))),
    v6(ipv6(there6, 4, changed(plain, 0, 0x65))),
    v6(ipv6(there6, 41, plain6)),
    v6(ipv6(there6, 41, plain6.subarray(0, 20))),
    v6(ipv6(there6, 41, changed(plain6, 0, 0x40))),
    v6(ipv6(there6, 58, icmpMessage(there6, 128, 0, n16(1)))),
    icmp6(1, 0, bytesOf(n32(0), plain6)),
    icmp6(1, 9, bytesOf(n32(0), plain6)),
    icmp6(1, 0, bytesOf(n32(0), plain6.subarray(0, 20))),
    icmp6(1, 0, bytesOf(n32(0), changed(plain6, 0, 0x40))),
    icmp6(2, 0, bytesOf(n32(1280), plain6)),
    icmp6(2, 1, bytesOf(n32(1500), plain6)),
    icmp6(2, 0, n32(1300)),
    icmp6(3, 1, bytesOf(n32(0), plain6)),
    icmp6(3, 2, bytesOf(n32(0), plain6)),
    icmp6(4, 2, bytesOf(n32(0), plain6)),
    icmp6(4, 5, bytesOf(n32(0), plain6)),
    icmp6(5, 0, n32(0)),
    icmp6(99, 0, n32(0)),
    icmp6(100, 0, n32(0)),
    icmp6(101, 3, n32(0)),
    icmp6(102, 0, n32(0)),
    icmp6(127, 0, n32(0)),
    icmp6(128, 0, n32(5)),
    icmp6(128, 1, n32(5)),
    icmp6(129, 0, n32(5)),
    icmp6(130, 0, bytesOf(n32(0), B6), 1),
    icmp6(130, 0, bytesOf(n32(0), B6), 2),
    icmp6(131, 1, bytesOf(n32(0), B6), 1),
    icmp6(133, 0, n32(0), 255),
    icmp6(134, 1, n32(0), 255),
    icmp6(135, 0, bytesOf(n32(0), B6), 255),
    icmp6(138, 0, n32(0)),
    icmp6(143, 0, n32(0), 1),
    icmp6(149, 0, n32(0)),
    icmp6(158, 0, n32(0)),
    icmp6(199, 0, n32(0)),
    icmp6(200, 0, n32(0)),
    icmp6(201, 0, n32(0)),
    icmp6(254, 0, n32(0)),
    icmp6(255, 0, n32(0)),
    ethernet(0x0806, new Uint8Array(28)),
    ethernet(0x1234, text('whatever')),
    new Uint8Array(10),
    ethernet(0x0800, plain, [[0x8100, 5]]),
    ethernet(0x0800, plain, [
      [0x8100, 4095],
      [0x8100, 7],
    ]),
    ethernet(0x0800, plain, [
      [0x88a8, 100],
      [0x8100, 200],
      [0x8100, 300],
    ]),
    ethernet(0x0800, plain, [
      [0x8100, 1],
      [0x8100, 2],
      [0x8100, 3],
      [0x8100, 4],
    ]),
    ethernet(0x8100, Uint8Array.of(0, 1)),
    ethernet(0x9999, text('abcd'), [[0x8100, 5]]),
    ethernet(0x8847, bytesOf(n32((16 << 12) | 0x140), plain)),
    ethernet(0x8847, bytesOf(n32(0x140), plain)),
    ethernet(0x8847, bytesOf(n32((1 << 12) | 0x140), plain)),
    ethernet(0x8847, bytesOf(n32((2 << 12) | 0x140), plain6)),
    ethernet(0x8847, bytesOf(n32((3 << 12) | 0x140), plain)),
    ethernet(0x8847, bytesOf(n32((5 << 12) | 0x140), plain)),
    ethernet(0x8847, bytesOf(n32((20 << 12) | 0x140), text('zzzz'))),
    ethernet(0x8847, bytesOf(n32((20 << 12) | 0x140))),
    ethernet(0x8847, Uint8Array.of(0, 1)),
    ethernet(0x8864, bytesOf(0x11, 0, n16(1), n16(plain.length + 2), n16(0x0021), plain)),
    ethernet(0x8864, bytesOf(0x11, 0, n16(1), n16(plain6.length + 2), n16(0x0057), plain6)),
    ethernet(0x8864, bytesOf(0x11, 0, n16(1), n16(12), n16(0x0021), plain.subarray(0, 10))),
    ethernet(0x8864, bytesOf(0x11, 0, n16(1), n16(10), n16(0x1234), text('12345678'))),
    ethernet(0x8864, bytesOf(0x11, 0, n16(1))),
    ethernet(0x8863, bytesOf(0x11, 9, n16(0), n16(4), n16(0x0101), n16(0))),
    ethernet(0x8863, bytesOf(0x11, 0x33, n16(0), n16(0))),
    ethernet(0x8863, bytesOf(0x11, 9, n16(0), n16(8), n16(0x0103), n16(40), n32(0))),
    v4(ipv4(there, 17, text('frag-one'), NONE, { id: 77, offset: 0, more: true })),
    v4(ipv4(there, 17, text('frag-ONE'), NONE, { id: 77, offset: 0, more: true })),
    v4(ipv4(there, 17, text('frag-two'), NONE, { id: 77, offset: 8, more: false })),
    v4(ipv4(there, 17, text('x'.repeat(40)), NONE, { id: 78, offset: 65_528, more: false })),
  ];
}

/** One session, its segments by direction; numbers count from the SYN. */
function session(
  clientPort: number,
  steps: readonly (readonly [0 | 1, number, number, number, string?])[],
): Uint8Array[] {
  return steps.map(([way, flags, sequence, acknowledgment, payload = '']) => {
    const ends = way === 0 ? there : back;
    const [fromPort, toPort] = way === 0 ? [clientPort, 9002] : [9002, clientPort];
    const fields = {
      fromPort,
      toPort,
      sequence: 1000 + sequence,
      acknowledgment: (flags & ACK) === 0 ? 0 : 1000 + acknowledgment,
      flags,
      window: 8192,
    };
    return v4(ipv4(ends, 6, tcpSegment(ends, fields, text(payload))));
  });
}

const opened = [
  [0, SYN, 0, 0],
  [1, SYN | ACK, 0, 1],
  [0, ACK, 1, 1],
] as const;

function sessionFrames(): Uint8Array[] {
  return [
    ...session(30_000, [[0, RST, 5, 0]]),
    ...session(30_001, [[0, FIN | ACK, 5, 5]]),
    ...session(30_002, [[0, RST | FIN, 5, 0]]),
    ...session(30_003, [
      ...opened,
      [0, SYN, 500, 0],
      [0, SYN, 0, 0],
      [1, SYN | ACK, 0, 1],
      [1, SYN | ACK, 0, 9],
      [1, SYN | ACK, 7, 1],
      [0, SYN | ACK, 1, 1],
      [1, SYN, 1, 0],
    ]),
    ...session(30_004, [
      ...opened,
      [0, PSH | ACK, 1, 1, 'hello'],
      [0, PSH | ACK, 1, 1, 'hello'],
      [1, ACK, 1, 6],
      [0, PSH | ACK, 1, 1, 'hello'],
      [1, ACK, 1, 60_000],
      [0, PSH | ACK, 60_000, 1, 'far'],
      [0, RST, 1, 0, 'data'],
    ]),
    ...session(30_005, [
      [0, SYN, 0, 0],
      [1, SYN | ACK, 0, 9],
      [1, SYN | ACK, 0, 1],
      [1, ACK, 1, 1],
      [0, ACK, 9, 1],
      [0, ACK, 1, 1],
      [0, FIN | ACK, 1, 1],
      [1, ACK, 1, 2],
      [1, FIN | ACK, 1, 2],
      [0, ACK, 2, 2],
      [0, ACK, 2, 2],
      [0, ACK, 99, 2],
    ]),
    ...session(30_006, [
      [0, SYN | FIN, 0, 0],
      [1, SYN | ACK, 0, 1],
      [0, ACK, 1, 1],
    ]),
    ...session(30_007, [
      [0, SYN, 0, 0],
      [0, SYN, 9, 0],
      [0, SYN, 17, 0],
      [1, SYN | ACK, 0, 1],
      [1, SYN | ACK, 5, 1],
      [0, ACK, 1, 1],
    ]),
    ...session(30_008, [
      [0, SYN, 0, 0],
      [1, SYN | ACK, 0, 1],
      [0, PSH | ACK, 1, 1, 'early'],
      [1, PSH, 1, 0, 'noack'],
      [1, PSH | ACK, 1, 6, 'abcdefgh'],
      [0, ACK, 6, 9],
      [1, PSH | ACK, 1, 6, 'ABCDxxxx'],
      [1, PSH | ACK, 30, 6, 'behind a gap'],
      [0, ACK, 6, 42],
      [1, PSH | ACK, 42, 6, 'on'],
      [0, ACK, 6, 44],
      [1, RST | ACK, 44, 6],
    ]),
  ];
}

/** A flow of UDP over minutes, and one of ICMP. */
function lastingFrames(): OddFrame[] {
  const ends = { from: Uint8Array.of(172, 16, 5, 1), to: Uint8Array.of(172, 16, 5, 2) };
  const answers = { from: ends.to, to: ends.from };
  const ask = v4(ipv4(ends, 17, udpDatagram(ends, 4000, 4001, text('tick'))));
  const answer = v4(ipv4(answers, 17, udpDatagram(answers, 4001, 4000, text('tock tock'))));
  const seconds = [0, 1, 0.5, 0.6, 3, 10, 100, 29, 250];
  return seconds.flatMap((second, i) => [
    { bytes: ask, afterUs: 1000 + second * 1e6 },
    ...(i % 2 === 0 ? [{ bytes: answer, afterUs: 1000 }] : []),
  ]);
}

export function oddFrames(): OddFrame[] {
  port = 20_000;
  const told = (frames: readonly Uint8Array[]): OddFrame[] => frames.map((bytes) => ({ bytes }));
  return [
    ...told([...decoderFrames(), ...sessionFrames()]),
    ...lastingFrames(),
    ...told([...encapsulated(), ...oddStreams()]),
  ];
}
