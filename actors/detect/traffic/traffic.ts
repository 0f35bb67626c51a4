/**
 * The loop: a captured packet is decoded, put together from its fragments, taken out of its tunnels, found its flow and
 * its place in the stream, and shown to the sink. What is inside comes before what is around it, as in Suricata.
 */
import type { CapturedPacket } from '../capture/index.ts';
import { DEFRAG_DEFAULTS, Defragmenter, type DefragOptions } from '../defrag/index.ts';
import {
  type Direction,
  FLOW_DEFAULTS,
  type Flow,
  type FlowEnd,
  FlowTable,
  type FlowTableOptions,
} from '../flow/index.ts';
import {
  decodeCaptured,
  decodeInner,
  decodeReassembled,
  isTransportChecksumValid,
  Packet,
  PROTOCOL_TCP,
  TUNNEL,
} from '../packet/index.ts';
import {
  STREAM_DEFAULTS,
  type StreamOptions,
  TCP_STATE,
  type TcpSession,
  type TcpStream,
  TcpTracker,
} from '../stream/index.ts';
import { addHeaders, pseudoPacket } from './pseudo-packet.ts';
import type { TrafficSink } from './traffic-sink.ts';

export interface TrafficOptions {
  readonly flow: FlowTableOptions;
  readonly stream: StreamOptions;
  readonly defrag: DefragOptions;
  /** TCP segments with a wrong checksum are in no stream. */
  readonly validatesChecksums: boolean;
}

export const TRAFFIC_DEFAULTS: TrafficOptions = {
  flow: FLOW_DEFAULTS,
  stream: STREAM_DEFAULTS,
  defrag: DEFRAG_DEFAULTS,
  validatesChecksums: true,
};

export interface TrafficCounts {
  packets: number;
  bytes: number;
  invalid: number;
  /** Of TCP, in flows. */
  segments: number;
  wrongChecksum: number;
}

const BACK_FIRST: readonly Direction[] = [1, 0];
const THERE_FIRST: readonly Direction[] = [0, 1];

export class Traffic {
  readonly counts: TrafficCounts = { packets: 0, bytes: 0, invalid: 0, segments: 0, wrongChecksum: 0 };
  readonly flows: FlowTable;
  readonly tracker: TcpTracker;
  readonly defragmenter: Defragmenter;
  readonly #options: TrafficOptions;
  readonly #sink: TrafficSink;
  /** One packet a layer: what is around is still needed when what is inside is done. */
  readonly #layers: Packet[] = [];
  readonly #pseudo = new Packet();
  #nowUs = 0;

  constructor(sink: TrafficSink, options: TrafficOptions = TRAFFIC_DEFAULTS) {
    this.#options = options;
    this.#sink = sink;
    this.defragmenter = new Defragmenter(options.defrag);
    this.flows = new FlowTable(
      options.flow,
      (flow, reason) => this.#end(flow, reason),
      (flow, packet, direction) => this.tracker.isReuse(flow, packet, direction),
    );
    this.tracker = new TcpTracker(options.stream, sink, (flow, state) => this.flows.setState(flow, state));
  }

  take(captured: CapturedPacket): void {
    const { counts } = this;
    counts.packets++;
    counts.bytes += captured.end - captured.start;
    if (captured.timeUs > this.#nowUs) this.#nowUs = captured.timeUs;
    this.flows.advance(captured.timeUs);
    const packet = this.#layer(0);
    decodeCaptured(packet, captured);
    this.#see(packet, 0);
  }

  /** Time has come so far, without a packet. */
  advance(timeUs: number): void {
    if (timeUs > this.#nowUs) this.#nowUs = timeUs;
    this.flows.advance(timeUs);
  }

  /** The capture is over: so is every flow. */
  finish(): void {
    this.flows.finish();
  }

  #see(packet: Packet, layer: number): void {
    if (packet.isInvalid) this.counts.invalid++;
    if (packet.isFragment) this.#seeFragment(packet, layer);
    else if (packet.innerKind !== TUNNEL.none && !packet.isInvalid) {
      const inner = this.#layer(layer + 1);
      if (decodeInner(inner, packet)) this.#see(inner, layer + 1);
    }
    const flow = this.flows.find(packet);
    if (flow === null) this.#sink.packet(packet, null, 0);
    else this.#seeInFlow(packet, flow);
  }

  #seeFragment(packet: Packet, layer: number): void {
    const whole = this.defragmenter.add(packet);
    if (whole === undefined) return;
    const inner = this.#layer(layer + 1);
    if (decodeReassembled(inner, packet, whole, whole.length)) this.#see(inner, layer + 1);
  }

  #seeInFlow(packet: Packet, flow: Flow): void {
    const { flows } = this;
    let { direction } = flows;
    flows.touch(flow, packet.timeUs);
    flow.packets[direction]++;
    flow.bytes[direction] += packet.end - packet.start + packet.frameBytes;
    if (packet.protocol === flow.protocol) flow.seen |= 1 << direction;
    flow.isEstablished = isEstablished(flow);
    if (flow.protocol !== PROTOCOL_TCP) {
      if (flow.isEstablished) flows.setState(flow, 'established');
      this.#sink.packet(packet, flow, direction);
      return;
    }
    if (packet.protocol === PROTOCOL_TCP) {
      direction = this.#seeSegment(packet, flow, direction);
      const session = flow.session as TcpSession | null;
      if (session !== null && session.flushing !== 'none') this.#flush(flow, session, direction, packet.timeUs);
    }
    this.#sink.packet(packet, flow, direction);
    (flow.session as TcpSession | null)?.afterPacket(direction);
  }

  #seeSegment(packet: Packet, flow: Flow, direction: Direction): Direction {
    this.counts.segments++;
    if (this.#options.validatesChecksums && !isTransportChecksumValid(packet)) {
      this.counts.wrongChecksum++;
      return direction;
    }
    return this.tracker.take(flow, packet, direction);
  }

  /** What is left of its streams goes first, each direction with a packet of its own; both where it was not closed. */
  #end(flow: Flow, reason: FlowEnd): void {
    const session = flow.session as TcpSession | null;
    if (session !== null) {
      const isOpen = session.state >= TCP_STATE.established && session.state < TCP_STATE.closed;
      const left = [session.client, session.server].filter((stream) => {
        const direction = session.directionOf(stream);
        return isOpen || session.hasLeft(direction) || this.#sink.hasLeft?.(flow, direction) === true;
      });
      for (const stream of left) this.#finishStream(flow, session, stream);
      session.clear();
    }
    this.#sink.end(flow, reason);
  }

  #finishStream(flow: Flow, session: TcpSession, stream: TcpStream): void {
    session.isEnding = true;
    session.packetSeesStream = session.state >= TCP_STATE.established;
    flow.isEstablished = session.state >= TCP_STATE.established;
    this.tracker.reassembler.finish(flow, session, session.directionOf(stream));
    const direction = session.directionOf(stream);
    if (session.flushing !== 'none') this.#flush(flow, session, direction, this.#nowUs);
    this.#sink.packet(pseudoPacket(this.#pseudo, flow, session, direction, this.#nowUs, false), flow, direction);
    session.afterPacket(direction);
  }

  /** What there is of both directions is looked at before the packet in hand, its own direction last. */
  #flush(flow: Flow, session: TcpSession, direction: Direction, timeUs: number): void {
    const { packetIsInStream, packetSeesStream, isPayloadHidden, isEnding, events } = session;
    session.isEnding = false;
    if (session.flushing === 'once' && !isEnding) session.flushing = 'none';
    session.flush(0);
    session.flush(1);
    for (const one of direction === 0 ? BACK_FIRST : THERE_FIRST) {
      session.packetIsInStream = false;
      session.packetSeesStream = true;
      session.events = [];
      const packet = pseudoPacket(this.#pseudo, flow, session, one, timeUs, true);
      addHeaders(packet);
      this.#sink.packet(packet, flow, one);
      session.afterPacket(one);
      session.isPayloadHidden = isPayloadHidden;
    }
    Object.assign(session, { packetIsInStream, packetSeesStream, isEnding, events });
  }

  #layer(layer: number): Packet {
    while (this.#layers.length <= layer) this.#layers.push(new Packet());
    return this.#layers[layer]!;
  }
}

function isEstablished(flow: Flow): boolean {
  if (flow.state === 'established') return true;
  if (flow.protocol === PROTOCOL_TCP) return flow.session?.isEstablished === true;
  return flow.seen === 3;
}
