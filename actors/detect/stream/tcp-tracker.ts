/** Follows TCP sessions through their states; a packet that does not fit changes nothing and is not in the stream. */
import type { Direction, Flow, FlowState } from '../flow/index.ts';
import { type Packet, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/index.ts';
import { PagePool } from './page-pool.ts';
import { Scratch } from './paged-bytes.ts';
import { Reassembler, type StreamReader } from './reassembler.ts';
import type { StreamOptions } from './stream-options.ts';
import { TCP_STATE, TcpSession } from './tcp-session.ts';

export class TcpTracker {
  sessions = 0;
  readonly reassembler: Reassembler;
  readonly #options: StreamOptions;
  readonly #pool: PagePool;
  readonly #scratch = new Scratch();
  readonly #onState: (flow: Flow, state: FlowState) => void;

  constructor(options: StreamOptions, reader: StreamReader, onState: (flow: Flow, state: FlowState) => void) {
    this.#options = options;
    this.#pool = new PagePool(options.memoryBytes);
    this.reassembler = new Reassembler(options, this.#pool, reader);
    this.#onState = onState;
  }

  /** The packet's direction may turn out to be the other one. */
  take(flow: Flow, packet: Packet, direction: Direction): Direction {
    const session = flow.session as TcpSession | null;
    if (session === null) {
      this.#begin(flow, packet, direction);
      return direction;
    }
    session.stream(direction).flags |= packet.tcpFlags;
    this.#follow(flow, session, packet, direction);
    return direction;
  }

  /** A SYN on a session that is over begins another one. */
  isReuse(flow: Flow, packet: Packet): boolean {
    if ((packet.tcpFlags & (TCP_SYN | TCP_ACK)) !== TCP_SYN || flow.session === null) return false;
    return (flow.session as TcpSession).state === TCP_STATE.closed;
  }

  #begin(flow: Flow, packet: Packet, direction: Direction): void {
    if ((packet.tcpFlags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) !== TCP_SYN) return;
    const session = new TcpSession(this.#options, this.#pool, this.#scratch);
    this.sessions++;
    flow.session = session;
    const policy = packet.ipVersion === 4 ? this.#options.policy4 : this.#options.policy6;
    session.client.policy = policy;
    session.server.policy = policy;
    session.state = TCP_STATE.synSent;
    const stream = session.stream(direction);
    stream.begin(packet.sequence);
    stream.nextSequence = (packet.sequence + 1) | 0;
    stream.flags |= packet.tcpFlags;
  }

  #follow(flow: Flow, session: TcpSession, packet: Packet, direction: Direction): void {
    const stream = session.stream(direction);
    const other = session.stream(direction === 0 ? 1 : 0);
    const { tcpFlags } = packet;
    const length = packet.payloadEnd - packet.payloadAt;
    if (session.state === TCP_STATE.synSent) {
      if (direction === 0 || (tcpFlags & (TCP_SYN | TCP_ACK)) !== (TCP_SYN | TCP_ACK)) return;
      if (packet.acknowledgment !== ((other.isn + 1) | 0)) return;
      stream.begin(packet.sequence);
      stream.nextSequence = (packet.sequence + 1) | 0;
      stream.lastAck = stream.nextSequence;
      other.lastAck = packet.acknowledgment;
      session.state = TCP_STATE.synReceived;
      return;
    }
    if ((tcpFlags & TCP_SYN) !== 0) return;
    if (session.state === TCP_STATE.synReceived) {
      if ((tcpFlags & TCP_ACK) === 0 || packet.acknowledgment !== other.nextSequence) return;
      this.#setState(flow, session, TCP_STATE.established);
    }
    if ((tcpFlags & TCP_ACK) !== 0 && ((packet.acknowledgment - other.lastAck) | 0) > 0)
      other.lastAck = packet.acknowledgment;
    if ((tcpFlags & TCP_RST) !== 0) {
      session.closedByReset = true;
      this.#setState(flow, session, TCP_STATE.closed);
    } else if ((tcpFlags & TCP_FIN) !== 0) {
      if (session.state === TCP_STATE.established) this.#setState(flow, session, TCP_STATE.finWait1);
      else if (session.state < TCP_STATE.closed) this.#setState(flow, session, TCP_STATE.lastAck);
    } else if (session.state === TCP_STATE.lastAck) this.#setState(flow, session, TCP_STATE.closed);
    const end = (packet.sequence + length) | 0;
    if (((end - stream.nextSequence) | 0) > 0) stream.nextSequence = end;
    this.reassembler.take(flow, session, packet, direction);
  }

  #setState(flow: Flow, session: TcpSession, state: number): void {
    session.state = state;
    const isClosed = state === TCP_STATE.lastAck || state === TCP_STATE.timeWait || state === TCP_STATE.closed;
    this.#onState(flow, isClosed ? 'closed' : 'established');
  }
}
