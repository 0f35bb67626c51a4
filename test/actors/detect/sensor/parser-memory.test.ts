/** What the parsers of all flows keep together: conversations that are begun and left open, of every kind, stay within the cap. */
import t from 'tap';
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import { SENSOR_DEFAULTS, Sensor } from '../../../../actors/detect/index.ts';
import { captured } from '../captures.ts';
import { bytesOf, type Ends, ethernet, ipv4, n16, tcpSegment } from '../frames.ts';

const KIB = 1024;
const CAP = 256 * KIB;
const SERVER = Uint8Array.of(192, 0, 2, 1);
const [SYN, ACK] = [2, 0x10];
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

class Talks {
  readonly sensor: Sensor;
  readonly told = new Map<string, number>();
  most = 0;
  #n = 0;
  #flows = 0;

  constructor() {
    const options = { ...SENSOR_DEFAULTS, parserMemoryBytes: CAP };
    this.sensor = new Sensor([], options, ({ type }) => this.told.set(type, (this.told.get(type) ?? 0) + 1));
  }

  /** A session in which the client has said this, and the server has taken it. */
  begin(port: number, pieces: readonly Uint8Array[]): void {
    const client = this.#flows++;
    const there: Ends = { from: Uint8Array.of(10, 0, client >> 8, client & 255), to: SERVER };
    const back: Ends = { from: there.to, to: there.from };
    const segment = (ends: Ends, flags: number, sequence: number, acknowledgment: number, bytes = text('')): void => {
      const [fromPort, toPort] = ends === there ? [4000, port] : [port, 4000];
      const ip = ipv4(ends, 6, tcpSegment(ends, { fromPort, toPort, sequence, acknowledgment, flags }, bytes));
      this.#n += 1;
      const timeUs = 1_700_000_000_000_000 + this.#n * 10;
      this.sensor.take(captured(ethernet(0x0800, ip), linkTypes.LINK_ETHERNET, timeUs, this.#n));
      this.most = Math.max(this.most, this.sensor.parserMemory.heldBytes);
    };
    segment(there, SYN, 999, 0);
    segment(back, SYN | ACK, 4999, 1000);
    let sequence = 1000;
    for (const bytes of pieces) {
      segment(there, ACK, sequence, 5000, bytes);
      sequence += bytes.length;
      segment(back, ACK, 5000, sequence);
    }
  }
}

const many = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));
const publish = (id: number): Uint8Array => {
  const body = bytesOf(n16(1), text('t'), n16(id), new Uint8Array(1000));
  return bytesOf(0x32, Uint8Array.of((body.length & 127) | 128, body.length >> 7), body);
};
const connect = bytesOf(0x10, 14, n16(4), text('MQTT'), 4, 2, n16(60), n16(2), text('ab'));

/** Two bytes a message, a transaction that never ends. */
const received = (id: number): Uint8Array => bytesOf(0x50, 2, n16(id));

const KINDS: Readonly<Record<string, readonly [port: number, pieces: readonly Uint8Array[]]>> = {
  'heads of HTTP that do not end': [
    80,
    [text('GET / HTTP/1.1\r\n'), ...many(8, (i) => text(`x${i}: ${'y'.repeat(1200)}\r\n`))],
  ],
  'small headers of HTTP': [80, [text(`GET / HTTP/1.1\r\n${many(100, (i) => `a${i}:\r\n`).join('')}`)]],
  'bodies of HTTP that do not end': [
    80,
    [text('POST / HTTP/1.1\r\nContent-Length: 90000\r\n\r\n'), ...many(8, () => text('b'.repeat(1400)))],
  ],
  'requests without answers': [80, many(24, () => text('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))],
  'messages of MQTT that nobody acknowledges': [1883, [connect, ...many(12, publish)]],
  'a message of MQTT that is received again and again': [
    1883,
    [connect, publish(1), ...many(4, () => bytesOf(...many(40, () => received(1))))],
  ],
  'a half message of DNS': [
    53,
    [bytesOf(n16(60_000), n16(7), 1, 0, n16(1), n16(0), n16(0), n16(0), new Uint8Array(1300))],
  ],
};

for (const [kind, [port, pieces]] of Object.entries(KINDS))
  t.test(`${kind}: 400 flows stay within the cap, and come near to it`, async (t) => {
    const talks = new Talks();
    for (let i = 0; i < 400; i++) talks.begin(port, pieces);
    t.ok(talks.most > 0.75 * CAP, `the flood reaches the cap: ${talks.most} of ${CAP} bytes`);
    t.ok(talks.most <= CAP, `${talks.most} of ${CAP} bytes`);
    t.ok(talks.sensor.limits.flowsGivenWay > 0, 'it is counted');
    talks.sensor.finish();
    t.equal(talks.sensor.parserMemory.heldBytes, 0, 'at the end nothing is left');
    t.equal(talks.told.get('flow'), 400, 'each flow is told of once');
  });

t.test('the flow gives way whose parser has waited longest', async (t) => {
  const talks = new Talks();
  const [port, pieces] = KINDS['heads of HTTP that do not end']!;
  talks.begin(80, [text('GET /first HTTP/1.1\r\nHost: a\r\n\r\n')]);
  for (let i = 0; i < 40; i++) talks.begin(port, pieces);
  t.equal(talks.told.get('http'), talks.sensor.limits.flowsGivenWay, 'what it had understood is told');
  t.ok(talks.told.get('http')! < 40);
});
