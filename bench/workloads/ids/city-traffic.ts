/** Mixed HTTP, DNS and MQTT traffic from a seed, many conversations at once: the same seed gives the same capture. */
import { Dice } from '../../../test/actors/detect/differential/dice.ts';
import {
  bytesOf,
  type Ends,
  ethernet,
  ipv4,
  n16,
  tcpSegment,
  udpDatagram,
} from '../../../test/actors/detect/frames.ts';

/** Words of paths, names, topics and bodies; some rules ask for them. */
export const WORDS = [
  ...['air', 'alarm', 'bridge', 'bus', 'camera', 'canal', 'charge', 'city', 'control', 'count', 'cycle', 'depot'],
  ...['device', 'district', 'door', 'energy', 'event', 'fire', 'flow', 'garage', 'gate', 'grid', 'harbour', 'heat'],
  ...['index', 'lamp', 'level', 'light', 'login', 'meter', 'noise', 'park', 'pump', 'radar', 'river', 'sensor'],
  ...['signal', 'status', 'street', 'tram', 'tunnel', 'update', 'valve', 'waste', 'water', 'weather', 'wind', 'zone'],
];

const AT_ONCE = 64;
const GAP_US = 40;
const SEGMENT = 1460;
const FIRST_US = 1_700_000_000_000_000;
const [SYN, ACK, PUSH_ACK, FIN_ACK] = [2, 0x10, 0x18, 0x11];
const PCAP_HEADER = Uint32Array.of(0xa1b2c3d4, 0x0004_0002, 0, 0, 262_144, 1);

type Direction = 0 | 1;
type Said = readonly [Direction, Uint8Array];
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

/** A pcap file of at least so many packets. */
export function cityTraffic(seed: number, packets: number): Uint8Array {
  const dice = new Dice(seed);
  const parts: Uint8Array[] = [new Uint8Array(PCAP_HEADER.buffer)];
  const talks: Iterator<Uint8Array>[] = [];
  for (let written = 0; written < packets || talks.length > 0; ) {
    while (talks.length < AT_ONCE && written < packets) talks.push(talk(dice));
    const at = dice.int(0, talks.length - 1);
    const { done, value } = talks[at]!.next();
    if (done === true) {
      talks.splice(at, 1);
      continue;
    }
    const timeUs = FIRST_US + written * GAP_US;
    const header = Uint32Array.of(Math.floor(timeUs / 1e6), timeUs % 1e6, value.length, value.length);
    parts.push(new Uint8Array(header.buffer), value);
    written += 1;
  }
  return Buffer.concat(parts);
}

function talk(dice: Dice): Iterator<Uint8Array> {
  const client = Uint8Array.of(10, 1, dice.int(0, 255), dice.int(1, 254));
  const server = Uint8Array.of(dice.chance(0.5) ? 10 : 198, 51, dice.int(0, 3), dice.int(1, 254));
  const port = dice.int(20_000, 60_000);
  return dice.weighted<() => Iterator<Uint8Array>>([
    [12, () => datagrams(dice, client, server, port)],
    [3, () => session(client, server, port, 80, http(dice))],
    [2, () => session(client, server, port, 1883, mqtt(dice))],
  ])();
}

function* session(
  client: Uint8Array,
  server: Uint8Array,
  clientPort: number,
  serverPort: number,
  said: readonly Said[],
): Generator<Uint8Array> {
  const next: [number, number] = [1000, 5000];
  const ends = [
    { from: client, to: server },
    { from: server, to: client },
  ] as const;
  const ports = [clientPort, serverPort] as const;
  const segment = (direction: Direction, flags: number, bytes: Uint8Array = new Uint8Array(0)): Uint8Array => {
    const other = direction === 0 ? 1 : 0;
    const acknowledgment = flags === SYN ? 0 : next[other];
    const fields = {
      fromPort: ports[direction],
      toPort: ports[other],
      sequence: next[direction],
      acknowledgment,
      flags,
    };
    next[direction] += bytes.length + ((flags & 3) === 0 ? 0 : 1);
    return frame(ends[direction], 6, tcpSegment(ends[direction], fields, bytes));
  };
  yield segment(0, SYN);
  yield segment(1, SYN | ACK);
  yield segment(0, ACK);
  for (const [direction, bytes] of said) {
    const other = direction === 0 ? 1 : 0;
    for (let at = 0, i = 1; at < bytes.length; at += SEGMENT, i++) {
      yield segment(direction, PUSH_ACK, bytes.subarray(at, at + SEGMENT));
      if (i % 2 === 0 || at + SEGMENT >= bytes.length) yield segment(other, ACK);
    }
  }
  yield segment(0, FIN_ACK);
  yield segment(1, FIN_ACK);
  yield segment(0, ACK);
}

const frame = (ends: Ends, protocol: number, carried: Uint8Array): Uint8Array =>
  ethernet(0x0800, ipv4(ends, protocol, carried));

const words = (dice: Dice, count: number, between: string): string =>
  Array.from({ length: count }, () => dice.pick(WORDS)).join(between);

function http(dice: Dice): Said[] {
  const said: Said[] = [];
  for (let i = dice.int(1, 5); i > 0; i--) {
    const isPost = dice.chance(0.2);
    const body = isPost ? `${words(dice, 3, '=1&')}=${dice.int(0, 99_999)}` : '';
    const query = dice.chance(0.5) ? `?${dice.pick(WORDS)}=${dice.int(0, 9999)}&${dice.pick(WORDS)}=%2f` : '';
    const head = [
      `${isPost ? 'POST' : 'GET'} /${words(dice, dice.int(1, 4), '/')}${dice.pick(['', '.html', '.php', '.js'])}${query} HTTP/1.1`,
      `Host: ${words(dice, 2, '.')}.example`,
      `User-Agent: ${dice.pick(['Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101', 'curl/8.1', 'city-client/2.4'])}`,
      `Accept: ${dice.pick(['*/*', 'text/html,application/xhtml+xml', 'application/json'])}`,
      ...(dice.chance(0.5) ? [`Cookie: session=${dice.int(1e8, 9e8)}; ${dice.pick(WORDS)}=1`] : []),
      ...(isPost ? [`Content-Length: ${body.length}`, 'Content-Type: application/x-www-form-urlencoded'] : []),
    ];
    said.push([0, text(`${head.join('\r\n')}\r\n\r\n${body}`)]);
    const page = words(dice, dice.pick([10, 100, 400, 2000]), dice.pick([' ', '\n', '</p><p>']));
    const answer = [
      `HTTP/1.1 ${dice.pick(['200 OK', '200 OK', '200 OK', '404 Not Found'])}`,
      `Server: ${dice.pick(['nginx', 'Apache/2.4'])}`,
      `Content-Type: ${dice.pick(['text/html', 'application/json'])}`,
      `Content-Length: ${page.length}`,
    ];
    said.push([1, text(`${answer.join('\r\n')}\r\n\r\n${page}`)]);
  }
  return said;
}

const field = (value: string): Uint8Array => bytesOf(n16(value.length), text(value));

function mqttPacket(first: number, body: Uint8Array): Uint8Array {
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  return bytesOf(first, Uint8Array.from(length), body);
}

function mqtt(dice: Dice): Said[] {
  const name = `${dice.pick(WORDS)}-${dice.int(1, 9999)}`;
  const said: Said[] = [
    [0, mqttPacket(0x10, bytesOf(field('MQTT'), 4, 2, n16(60), field(name)))],
    [1, mqttPacket(0x20, Uint8Array.of(0, 0))],
  ];
  for (let i = dice.int(5, 30), id = 1; i > 0; i--, id++) {
    const [topic, value] = [`city/${words(dice, 2, '/')}`, dice.int(0, 9999)];
    const message = `{"device":"${name}","${dice.pick(WORDS)}":${value},"${dice.pick(WORDS)}":"${dice.pick(WORDS)}"}`;
    if (dice.chance(0.5)) said.push([0, mqttPacket(0x30, bytesOf(field(topic), text(message)))]);
    else
      said.push([0, mqttPacket(0x32, bytesOf(field(topic), n16(id), text(message)))], [1, mqttPacket(0x40, n16(id))]);
  }
  said.push([0, mqttPacket(0xe0, new Uint8Array(0))]);
  return said;
}

function* datagrams(dice: Dice, client: Uint8Array, server: Uint8Array, port: number): Generator<Uint8Array> {
  const name = `${words(dice, dice.int(1, 3), '.')}.example`;
  const question = bytesOf(...name.split('.').flatMap((label) => [label.length, text(label)]), 0, n16(1), n16(1));
  const id = n16(dice.int(0, 65_535));
  const query = bytesOf(id, n16(0x0100), n16(1), n16(0), n16(0), n16(0), question);
  const address = Uint8Array.of(10, 9, dice.int(0, 255), dice.int(1, 254));
  const answer = bytesOf(n16(0xc00c), n16(1), n16(1), n16(0), n16(60), n16(4), address);
  const reply = bytesOf(id, n16(0x8180), n16(1), n16(1), n16(0), n16(0), question, answer);
  const [there, back] = [
    { from: client, to: server },
    { from: server, to: client },
  ];
  yield frame(there, 17, udpDatagram(there, port, 53, query));
  yield frame(back, 17, udpDatagram(back, 53, port, reply));
}
