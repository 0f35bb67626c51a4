/** Small captures, written packet by packet, and where rules alert in them. */
import {
  CaptureReader,
  type EveRecord,
  type RuleGivens,
  readRules,
  readThresholds,
  SENSOR_DEFAULTS,
  Sensor,
  variables,
} from '../../../../actors/detect/index.ts';
import { pcapOf } from '../captures.ts';
import { bytesOf, type Ends, ethernet, icmpMessage, ipv4, ipv6, n16, tcpSegment, udpDatagram } from '../frames.ts';

export const CLIENT = Uint8Array.of(10, 1, 0, 0);
export const SERVER = Uint8Array.of(10, 2, 0, 0);
const CLIENT_PORT = 4000;
const BEGIN_US = 1_700_000_000_000_000;

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PUSH = 8;
export const ACK = 16;

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

export class Scene {
  readonly #packets: { readonly bytes: Uint8Array; readonly timeUs: number }[] = [];
  readonly #serverPort: number;
  readonly #next: [number, number];
  #timeUs = BEGIN_US;
  #id = 0;

  /** `first`: the numbers with which the two sides begin. */
  constructor(serverPort: number, first: readonly [number, number] = [1000, 9000]) {
    this.#serverPort = serverPort;
    this.#next = [...first];
  }

  get capture(): Uint8Array {
    const packets = this.#packets.map((one) => ({ ...one, linkType: 1, wireLength: one.bytes.length }));
    return pcapOf(packets, { isBig: false, isNano: false });
  }

  wait(us: number): this {
    this.#timeUs += us;
    return this;
  }

  handshake(): this {
    this.segment(0, SYN, 0, 0).segment(1, SYN | ACK, 0, 1);
    this.#next[0] += 1;
    this.#next[1] += 1;
    return this.segment(0, ACK, 0, 0);
  }

  /** In one segment, which the other side acknowledges. */
  say(direction: 0 | 1, text: string): this {
    const { length } = bytes(text);
    this.segment(direction, PUSH | ACK, 0, 0, text);
    this.#next[direction] += length;
    return this.segment(direction === 0 ? 1 : 0, ACK, 0, 0);
  }

  /** `at` and `acks` count from what was said. */
  segment(direction: 0 | 1, flags: number, at: number, acks: number, text = ''): this {
    const ends = endsOf(direction);
    const other = direction === 0 ? 1 : 0;
    const ports = [CLIENT_PORT, this.#serverPort] as const;
    const fields = {
      fromPort: ports[direction],
      toPort: ports[other],
      sequence: this.#next[direction] + at,
      acknowledgment: (flags & ACK) === 0 ? 0 : this.#next[other] + acks,
      flags,
    };
    return this.#add(ipv4(ends, 6, tcpSegment(ends, fields, bytes(text))));
  }

  datagram(direction: 0 | 1, text: string): this {
    const ends = endsOf(direction);
    const [from, to] = direction === 0 ? [CLIENT_PORT, this.#serverPort] : [this.#serverPort, CLIENT_PORT];
    return this.#add(ipv4(ends, 17, udpDatagram(ends, from, to, bytes(text))));
  }

  /** A datagram to the server under options of which one has no length that could be. */
  spoiltOptions(text: string): this {
    const ends = endsOf(0);
    const datagram = udpDatagram(ends, CLIENT_PORT, this.#serverPort, bytes(text));
    return this.#add(ipv4(ends, 17, datagram, bytesOf(7, 0, 0, 0)));
  }

  /** A datagram whose header of IPv4 says that it has 12 bytes: it has no addresses. */
  tooShortHeader(text: string): this {
    const ends = endsOf(0);
    const packet = ipv4(ends, 17, udpDatagram(ends, CLIENT_PORT, this.#serverPort, bytes(text)));
    packet[0] = 0x43;
    return this.#add(packet);
  }

  /** A datagram to another port of the server. */
  to(port: number, text: string): this {
    const ends = endsOf(0);
    return this.#add(ipv4(ends, 17, udpDatagram(ends, CLIENT_PORT, port, bytes(text))));
  }

  /** In two parts. */
  fragmented(direction: 0 | 1, text: string, cut: number): this {
    const ends = endsOf(direction);
    const [from, to] = direction === 0 ? [CLIENT_PORT, this.#serverPort] : [this.#serverPort, CLIENT_PORT];
    const whole = udpDatagram(ends, from, to, bytes(text));
    this.#id += 1;
    const id = this.#id;
    this.#add(ipv4(ends, 17, whole.subarray(0, cut), undefined, { id, offset: 0, more: true }));
    return this.#add(ipv4(ends, 17, whole.subarray(cut), undefined, { id, offset: cut, more: false }));
  }

  /** A datagram of IPv6 with a fragment header, though it is whole. */
  wholeFragment(text: string): this {
    const ends = { from: Uint8Array.of(32, 1, ...new Array<number>(14).fill(1)), to: new Uint8Array(16).fill(2) };
    const datagram = udpDatagram(ends, CLIENT_PORT, this.#serverPort, bytes(text));
    return this.#add(ipv6(ends, 17, datagram, [[44, new Uint8Array(7)]]), 0x86dd);
  }

  /** A datagram to the server, carried between the same two. */
  tunnelled(how: 'gre' | 'vxlan', text: string): this {
    const ends = endsOf(0);
    const inner = ipv4(ends, 17, udpDatagram(ends, CLIENT_PORT, this.#serverPort, bytes(text)));
    if (how === 'gre') return this.#add(ipv4(ends, 47, bytesOf(n16(0), n16(0x0800), inner)));
    const frame = bytesOf(8, 0, 0, 0, 0, 0, 7, 0, ethernet(0x0800, inner));
    return this.#add(ipv4(ends, 17, udpDatagram(ends, 4001, 4789, frame)));
  }

  ping(direction: 0 | 1, text: string): this {
    return this.icmp(direction, direction === 0 ? 8 : 0, text);
  }

  icmp(direction: 0 | 1, type: number, text: string): this {
    const ends = endsOf(direction);
    return this.#add(ipv4(ends, 1, icmpMessage(ends, type, 0, bytesOf(n16(7), n16(0), bytes(text)))));
  }

  #add(ip: Uint8Array, type = 0x0800): this {
    this.#timeUs += 1000;
    this.#packets.push({ bytes: ethernet(type, ip), timeUs: this.#timeUs });
    return this;
  }
}

const endsOf = (direction: 0 | 1): Ends =>
  direction === 0 ? { from: CLIENT, to: SERVER } : { from: SERVER, to: CLIENT };

/** By sid where it alerts: the packet's number (`-` without one), `>` to the server, `<` to the client, `!` blocked. */
export function alertsIn(
  scene: Scene,
  rules: readonly string[],
  thresholds = '',
  midstream = false,
  lists: ReadonlyMap<string, Uint8Array> = new Map(),
  given: RuleGivens = {},
): string[] {
  const text = rules.map((rule, i) => `${rule.replace(/\)$/, '')} sid:${i + 1};)`).join('\n');
  const { accepted, refused } = readRules([{ name: 'r', text, lists }], variables(), given);
  if (refused.length > 0) throw new TypeError(`${refused[0]!.keyword}: ${refused[0]!.says}`);
  const { lines } = readThresholds(thresholds, variables());
  const { traffic, inspect, protocols } = SENSOR_DEFAULTS;
  const found = rules.map((): string[] => []);
  const options = {
    traffic: { ...traffic, stream: { ...traffic.stream, midstream } },
    inspect: { ...inspect, thresholds: lines },
    tellsAll: false,
    protocols,
  };
  const sensor = new Sensor(accepted, options, (line) => {
    const record = line.record();
    const alert = record.alert as EveRecord;
    const way = record.direction === undefined ? '' : record.direction === 'to_client' ? '<' : '>';
    const blocked = alert.action === 'blocked' ? '!' : '';
    found[Number(alert.signature_id) - 1]!.push(`${String(record.pcap_cnt ?? '-')}${way}${blocked}`);
  });
  const reader = new CaptureReader();
  reader.push(scene.capture);
  while (reader.next()) sensor.take(reader.packet);
  reader.finish();
  sensor.finish();
  return found.map((places) => places.join(' '));
}
