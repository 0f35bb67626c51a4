/** The segment in hand as its session sees it; one is reused for every packet. */
import type { Direction, Flow, FlowState } from '../flow/index.ts';
import { Packet, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/index.ts';
import type { Reassembler } from './reassembler.ts';
import { isAfter, plus } from './sequence.ts';
import type { StreamOptions } from './stream-options.ts';
import { TCP_STATE, type TcpSession } from './tcp-session.ts';
import type { TcpStream } from './tcp-stream.ts';

export type StateListener = (flow: Flow, state: FlowState) => void;

export class Segment {
  readonly options: StreamOptions;
  flow!: Flow;
  session!: TcpSession;
  packet = new Packet();
  direction: Direction = 0;
  /** The stream that the segment is of. */
  sender!: TcpStream;
  /** The stream that it acknowledges. */
  receiver!: TcpStream;
  flags = 0;
  sequence = 0;
  /** Behind its last byte. */
  end = 0;
  acknowledgment = 0;
  length = 0;
  /** As written, before it is scaled. */
  window = 0;
  seconds = 0;
  readonly #reassembler: Reassembler;
  readonly #onState: StateListener;

  constructor(options: StreamOptions, reassembler: Reassembler, onState: StateListener) {
    this.options = options;
    this.#reassembler = reassembler;
    this.#onState = onState;
  }

  set(flow: Flow, session: TcpSession, packet: Packet, direction: Direction): void {
    this.flow = flow;
    this.session = session;
    this.packet = packet;
    this.direction = direction;
    this.sender = session.stream(direction);
    this.receiver = session.stream(direction === 0 ? 1 : 0);
    this.flags = packet.tcpFlags;
    this.sequence = packet.sequence;
    this.acknowledgment = packet.acknowledgment;
    this.length = packet.payloadEnd - packet.payloadAt;
    this.end = plus(packet.sequence, this.length);
    this.window = packet.window;
    this.seconds = Math.floor(packet.timeUs / 1_000_000);
  }

  has(flags: number): boolean {
    return (this.flags & flags) === flags;
  }

  get isPlainAck(): boolean {
    return this.length === 0 && (this.flags & (TCP_ACK | TCP_SYN | TCP_FIN | TCP_RST)) === TCP_ACK;
  }

  /** Of the one whom the segment acknowledges, as the segment has it. */
  get scaledWindow(): number {
    return this.window << this.receiver.windowScale;
  }

  /** False, so that who refuses a segment says why in one line. */
  refuse(event: string): false {
    this.session.note(event);
    return false;
  }

  setState(state: number): void {
    const { session, flow } = this;
    if (state === session.state) return;
    session.formerState = session.state;
    session.state = state;
    switch (state) {
      case TCP_STATE.lastAck:
      case TCP_STATE.timeWait:
      case TCP_STATE.closed:
        this.#onState(flow, 'closed');
        break;
      case TCP_STATE.established:
      case TCP_STATE.finWait1:
      case TCP_STATE.finWait2:
      case TCP_STATE.closing:
      case TCP_STATE.closeWait:
        this.#onState(flow, 'established');
        break;
      default:
    }
  }

  /** `whose`: in the stream of which side. */
  reassemble(whose: Direction = this.direction): void {
    this.#reassembler.take(this.flow, this.session, this.packet, whose);
  }

  /** Acknowledgments only rise. */
  raiseAck(stream: TcpStream, acknowledgment: number): void {
    if (isAfter(acknowledgment, stream.lastAck)) stream.lastAck = acknowledgment;
  }

  raiseWindow(stream: TcpStream): void {
    const limit = plus(stream.lastAck, stream.window);
    if (isAfter(limit, stream.nextWindow)) stream.nextWindow = limit;
  }

  raiseNext(stream: TcpStream, sequence: number): void {
    if (isAfter(sequence, stream.nextSequence)) stream.nextSequence = sequence;
  }
}
