/** Sessions with gaps, contradicting segments, data with the SYN, closed windows, and more bytes than are looked at. */
import { bytesOf, type Ends, ethernet, ipv4, n32, tcpSegment } from '../frames.ts';

const there: Ends = { from: Uint8Array.of(172, 16, 8, 1), to: Uint8Array.of(172, 16, 8, 2) };
const back: Ends = { from: there.to, to: there.from };
const [FIN, SYN, RST, PSH, ACK] = [1, 2, 4, 8, 16] as const;

interface More {
  readonly window?: number;
  readonly options?: Uint8Array;
}

/** Way, flags, numbers from the SYN's on, bytes. An acknowledgment is written without its flag, too, where it is not 0. */
type Step = readonly [0 | 1, number, number, number, string?, More?];

function session(clientPort: number, serverPort: number, steps: readonly Step[]): Uint8Array[] {
  return steps.map(([way, flags, sequence, acknowledgment, payload = '', { window = 8192, options } = {}]) => {
    const [fromPort, toPort] = way === 0 ? [clientPort, serverPort] : [serverPort, clientPort];
    const ends = way === 0 ? there : back;
    const isAcknowledged = (flags & ACK) !== 0 || acknowledgment !== 0;
    const fields = {
      fromPort,
      toPort,
      sequence: 1000 + sequence,
      acknowledgment: isAcknowledged ? 1000 + acknowledgment : 0,
      flags,
      window,
      ...(options === undefined ? {} : { options }),
    };
    return ethernet(0x0800, ipv4(ends, 6, tcpSegment(ends, fields, Buffer.from(payload, 'latin1'))));
  });
}

const opened: readonly Step[] = [
  [0, SYN, 0, 0],
  [1, SYN | ACK, 0, 1],
  [0, ACK, 1, 1],
];
const WIDE: More = { window: 65_535, options: Uint8Array.of(3, 3, 8, 0) };
const wide: readonly Step[] = [
  [0, SYN, 0, 0, '', WIDE],
  [1, SYN | ACK, 0, 1, '', WIDE],
  [0, ACK, 1, 1, '', { window: 65_535 }],
];
const COOKIE: More = { options: Uint8Array.of(34, 10, 1, 2, 3, 4, 5, 6, 7, 8) };
const FORMER_COOKIE: More = { options: Uint8Array.of(254, 12, 0xf9, 0x89, 1, 2, 3, 4, 5, 6, 7, 8) };
const GET = 'GET /index.html HTTP/1.1\r\nHost: a.example\r\n\r\n';
const REPLY = 'HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n';
const replyEnd = 1 + REPLY.length;
const getEnd = 1 + GET.length;
const options = (...bytes: readonly (number | Uint8Array)[]): More => ({ options: bytesOf(...bytes) });

export function oddStreams(): Uint8Array[] {
  return [
    ...session(31_000, 9003, [[0, PSH, 5, 9, 'acknowledges nothing']]),
    ...session(31_001, 9003, [
      [0, SYN, 0, 9],
      [1, SYN | ACK, 0, 1],
      [0, PSH, 1, 7, 'nor this'],
    ]),
    ...session(31_002, 9003, [...opened, [0, FIN | SYN | ACK, 1, 1], [0, PSH | ACK, 1, 1, 'goes on']]),
    ...session(31_003, 80, [
      ...opened,
      [0, PSH | ACK, 1, 1, GET],
      [1, PSH | ACK, 1, getEnd, REPLY],
      [0, ACK, getEnd, replyEnd],
      [1, PSH | ACK, replyEnd + 20, getEnd, 'b'.repeat(20)],
      [0, ACK, getEnd, replyEnd + 40],
      [1, PSH | ACK, replyEnd + 50, getEnd, 'c'.repeat(10)],
      [0, ACK, getEnd, replyEnd + 60],
      [0, FIN | ACK, getEnd, replyEnd + 60],
      [1, FIN | ACK, replyEnd + 60, getEnd + 1],
      [0, ACK, getEnd + 1, replyEnd + 61],
    ]),
    ...session(31_004, 9003, [
      ...opened,
      [0, PSH | ACK, 11, 1, 'klmnopqrst'],
      [0, PSH | ACK, 6, 1, 'fghijKLMNO'],
      [0, PSH | ACK, 16, 1, 'pqrstuvwxy'],
      [0, PSH | ACK, 11, 1, 'XXXXXXXXXX'],
      [0, PSH | ACK, 21, 1, 'UVWXYzzzzz'],
      [0, PSH | ACK, 1, 1, 'abcde'],
      [1, ACK, 1, 26],
      [0, PSH | ACK, 26, 1, 'after it'],
      [1, ACK, 1, 34],
    ]),
    ...session(31_005, 9003, [
      ...wide,
      [0, PSH | ACK, 1, 1, 'near', { window: 65_535 }],
      [1, ACK, 1, 5, '', { window: 65_535 }],
      [0, PSH | ACK, 1_048_500, 1, 'x'.repeat(60), { window: 65_535 }],
      [0, PSH | ACK, 1_048_560, 1, 'y'.repeat(60), { window: 65_535 }],
      [0, PSH | ACK, 1_048_620, 1, 'z'.repeat(60), { window: 65_535 }],
      [0, PSH | ACK, 5, 1, 'again', { window: 65_535 }],
      [1, ACK, 1, 10, '', { window: 65_535 }],
    ]),
    ...session(31_006, 80, [
      [0, SYN, 0, 0, GET, COOKIE],
      [1, SYN | ACK, 0, getEnd],
      [0, ACK, getEnd, 1],
      [1, PSH | ACK, 1, getEnd, `${REPLY}${'d'.repeat(60)}`],
      [0, ACK, getEnd, replyEnd + 60],
      [0, FIN | ACK, getEnd, replyEnd + 60],
      [1, FIN | ACK, replyEnd + 60, getEnd + 1],
      [0, ACK, getEnd + 1, replyEnd + 61],
    ]),
    ...session(31_007, 80, [
      [0, SYN, 0, 0, GET, FORMER_COOKIE],
      [1, SYN | ACK, 0, 1],
      [0, PSH | ACK, 1, 1, GET],
      [1, PSH | ACK, 1, getEnd, `${REPLY}${'e'.repeat(60)}`],
      [0, ACK, getEnd, replyEnd + 60],
      [0, SYN, 5000, 0],
    ]),
    ...session(31_008, 80, [
      [0, SYN, 0, 0, '', COOKIE],
      [1, SYN | ACK, 0, 7],
    ]),
    ...session(31_009, 80, [
      [0, SYN, 0, 0, '', options(34, 2, 1, 1)],
      [1, SYN | ACK, 0, 1, '', COOKIE],
      [0, ACK, 1, 1],
      [0, PSH | ACK, 1, 1, GET],
      [1, PSH | ACK, 1, getEnd, `${REPLY}${'f'.repeat(60)}`],
      [0, ACK, getEnd, replyEnd + 60],
    ]),
    ...session(31_010, 9003, [
      ...opened,
      [0, PSH | ACK, 1, 1, 'fills it'],
      [1, ACK, 1, 9, '', { window: 0 }],
      [0, PSH | ACK, 9, 1, 'p'],
      [1, ACK, 1, 9, '', { window: 0 }],
      [0, PSH | ACK, 9, 1, 'p'],
      [1, ACK, 1, 10],
      [0, PSH | ACK, 10, 1, 'open again'],
      [1, ACK, 1, 20],
    ]),
    ...[
      options(34, 3, 1, 1),
      options(34, 10, n32(1), n32(2), 34, 10, n32(1), n32(2)),
      options(253, 4, 0xf9, 0x89, 34, 4, 1, 2),
      options(254, 5, 1, 2, 3, 1, 1, 1),
      options(19, 18, new Uint8Array(16)),
      options(19, 17, new Uint8Array(15)),
      options(29, 3, 1, 1),
      options(29, 4, 1, 1),
      options(5, 10, n32(1), n32(2), 5, 10, n32(3), n32(4)),
      options(5, 2, 1, 1),
    ].flatMap((more, i) =>
      session(31_020 + i, 9003, [
        [0, SYN, 0, 0, '', more],
        [0, RST, 1, 0],
      ]),
    ),
  ];
}
