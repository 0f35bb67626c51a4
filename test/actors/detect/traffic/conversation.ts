/** Conversations for tests, written segment by segment, and a sink that keeps what it is told. */
import { linkTypes } from '../../../../actors/detect/capture/index.ts';
import type { Direction, Flow, FlowEnd } from '../../../../actors/detect/flow/index.ts';
import type { Packet } from '../../../../actors/detect/packet/index.ts';
import {
  TRAFFIC_DEFAULTS,
  Traffic,
  type TrafficOptions,
  type TrafficSink,
} from '../../../../actors/detect/traffic/index.ts';
import { captured } from '../captures.ts';
import { type Ends, ipv4, tcpSegment } from '../frames.ts';

export const SYN = 2;
export const ACK = 16;
export const FIN = 1;
export const RST = 4;
export const PUSH = 8;

export const CLIENT = Uint8Array.of(10, 0, 0, 1);
export const SERVER = Uint8Array.of(10, 0, 0, 2);

/** What one packet led to, as text. */
export class Notes implements TrafficSink {
  readonly lines: string[] = [];
  readonly flows = new Map<number, Flow>();
  /** What is missing may still come. */
  waits = false;

  data(flow: Flow, direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    const text = Buffer.from(bytes).toString('latin1');
    this.lines.push(`data ${flow.id} ${direction} ${JSON.stringify(text)}${isLast ? ' last' : ''}`);
  }

  gap(flow: Flow, direction: Direction, length: number): boolean {
    if (this.waits) return false;
    this.lines.push(`gap ${flow.id} ${direction} ${length}`);
    return true;
  }

  packet(packet: Packet, flow: Flow | null, direction: Direction): void {
    const name = packet.isPseudo ? 'pseudo' : 'packet';
    if (flow === null) {
      this.lines.push(`${name} -`);
      return;
    }
    this.flows.set(flow.id, flow);
    const inStream = flow.session?.packetIsInStream === true ? ' in stream' : '';
    this.lines.push(`${name} ${flow.id} ${direction}${flow.isEstablished ? ' established' : ''}${inStream}`);
    for (let chunk = flow.session?.rawChunks(direction, true) ?? null; chunk !== null; chunk = chunk.next)
      this.lines.push(`raw ${chunk.streamOffset} ${JSON.stringify(Buffer.from(chunk.bytes).toString('latin1'))}`);
  }

  end(flow: Flow, reason: FlowEnd): void {
    this.lines.push(`end ${flow.id} ${reason} ${flow.packets.join('/')} ${flow.state}`);
  }

  take(): string[] {
    return this.lines.splice(0);
  }
}

/** Two ends with a sensor between them. */
export class Wire {
  readonly notes = new Notes();
  readonly traffic: Traffic;
  timeUs = 1_700_000_000_000_000;
  clientPort = 40_000;
  serverPort = 80;
  readonly isn: [number, number] = [1000, 9000];
  #number = 0;

  constructor(options: Partial<TrafficOptions> = {}) {
    this.traffic = new Traffic(this.notes, { ...TRAFFIC_DEFAULTS, ...options });
  }

  /** Any packet, from its IP header on. */
  raw(ip: Uint8Array, afterUs = 1000): string[] {
    this.timeUs += afterUs;
    this.traffic.take(captured(ip, linkTypes.LINK_RAW, this.timeUs, ++this.#number));
    return this.notes.take();
  }

  /** `at` and `acks` count from behind the SYN. */
  segment(
    direction: Direction,
    flags: number,
    at: number,
    acks: number,
    text = '',
    fields: SegmentFields = {},
  ): string[] {
    const ends: Ends = direction === 0 ? { from: CLIENT, to: SERVER } : { from: SERVER, to: CLIENT };
    const ports = [this.clientPort, this.serverPort] as const;
    const segment = tcpSegment(
      ends,
      {
        fromPort: ports[direction],
        toPort: ports[direction === 0 ? 1 : 0],
        sequence: (this.isn[direction] + 1 + at) >>> 0,
        acknowledgment: (flags & ACK) === 0 ? 0 : (this.isn[direction === 0 ? 1 : 0] + 1 + acks) >>> 0,
        flags,
        ...fields,
      },
      Buffer.from(text, 'latin1'),
    );
    return this.raw(ipv4(ends, 6, segment), fields.afterUs);
  }

  handshake(): string[] {
    return [...this.segment(0, SYN, -1, 0), ...this.segment(1, SYN | ACK, -1, 0), ...this.segment(0, ACK, 0, 0)];
  }

  finish(): string[] {
    this.traffic.finish();
    return this.notes.take();
  }
}

export interface SegmentFields {
  readonly window?: number;
  readonly options?: Uint8Array;
  readonly afterUs?: number;
}
