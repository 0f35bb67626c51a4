/**
 * Follows TCP sessions through their states. A segment that does not fit changes nothing, is not in the stream and is
 * inspected by itself: an attacker who sends what the target drops must not get past the rules that way.
 */
import type { Direction, Flow } from '../flow/index.ts';
import { hasBrokenAck, type Packet, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/index.ts';
import {
  followCloseWait,
  followClosing,
  followFinWait1,
  followFinWait2,
  followLastAck,
  followTimeWait,
} from './closing.ts';
import { followEstablished } from './established.ts';
import { followSynReceived, followSynSent } from './handshake.ts';
import { PagePool } from './page-pool.ts';
import { Scratch } from './paged-bytes.ts';
import { beginInMiddle, beginningOf, beginWithSyn, beginWithSynAck } from './pick-up.ts';
import { Reassembler, type StreamReader } from './reassembler.ts';
import { Segment, type StateListener } from './segment.ts';
import { isSideTraffic } from './side-traffic.ts';
import type { StreamOptions } from './stream-options.ts';
import { TCP_STATE, TcpSession } from './tcp-session.ts';

export class TcpTracker {
  sessions = 0;
  midstreamPickups = 0;
  readonly reassembler: Reassembler;
  readonly pool: PagePool;
  readonly #options: StreamOptions;
  readonly #reader: StreamReader;
  readonly #scratch = new Scratch();
  readonly #segment: Segment;

  constructor(options: StreamOptions, reader: StreamReader, onState: StateListener) {
    this.#options = options;
    this.#reader = reader;
    this.pool = new PagePool(options.memoryBytes, options.comparesOverlaps);
    this.reassembler = new Reassembler(options, this.pool, reader);
    this.#segment = new Segment(options, this.reassembler, onState);
  }

  /** Rules ask whether what comes again has other bytes. */
  set comparesOverlaps(areAsked: boolean) {
    this.pool.keepsWindow = areAsked || this.#options.comparesOverlaps;
  }

  /** The packet's direction may turn out to be the other one. */
  take(flow: Flow, packet: Packet, direction: Direction): Direction {
    const session = flow.session as TcpSession | null;
    const stream = session?.stream(direction) ?? null;
    const taken = this.#take(flow, session, packet, direction);
    // Its bytes, or those that it acknowledges, may have shown that the flow is the other way round.
    return session === null || stream === null ? taken : session.directionOf(stream);
  }

  #take(flow: Flow, session: TcpSession | null, packet: Packet, direction: Direction): Direction {
    if (session === null) return this.#begin(flow, packet, direction);
    const segment = this.#segment;
    segment.set(flow, session, packet, direction);
    const { sender } = segment;
    sender.flags |= packet.tcpFlags;
    if (session.isAsync && sender.flags !== 0 && segment.receiver.flags !== 0) session.isAsync = false;
    if (hasBrokenAck(packet)) session.note('pkt_broken_ack');
    if (!isSideTraffic(segment) && !this.#follow(segment, session.state)) return direction;
    session.packetSeesStream = session.state >= TCP_STATE.established;
    if (segment.receiver.gotReset && (packet.tcpFlags & TCP_RST) === 0) {
      // Who has sent a reset sends no more: it came from somebody else.
      segment.receiver.gotReset = false;
      session.closedByReset = false;
      session.note('suspected_rst_inject');
    }
    return direction;
  }

  /** A packet that begins a session ends the one that had its ports before, once that is as good as over. */
  isReuse(flow: Flow, packet: Packet, direction: Direction): boolean {
    const { tcpFlags } = packet;
    if ((tcpFlags & (TCP_RST | TCP_FIN)) !== 0 || (tcpFlags & TCP_SYN) === 0) return false;
    const session = flow.session as TcpSession | null;
    const isSynAck = (tcpFlags & TCP_ACK) !== 0;
    if (isSynAck) {
      if (!this.#options.midstream && !this.#options.asyncOneside) return false;
      if (session === null) return direction === 0;
      if (direction === 1 && session.server.isn === packet.sequence) return false;
    } else {
      if (session === null) return true;
      if (direction === 0 && session.hasIgnoredData) return true;
      if (direction === 0 && session.client.isn === packet.sequence) return false;
    }
    return session.state >= TCP_STATE.lastAck || session.state === TCP_STATE.none;
  }

  #begin(flow: Flow, packet: Packet, given: Direction): Direction {
    const segment = this.#segment;
    segment.flags = packet.tcpFlags;
    segment.length = packet.payloadEnd - packet.payloadAt;
    const beginning = beginningOf(segment);
    if (beginning === 'none') return given;
    let direction = given;
    const session = new TcpSession(this.#options, this.pool, this.#scratch);
    this.sessions++;
    // Also where the other side has sent already what begins nothing, and the flow is right as it is: as Suricata.
    if (beginning === 'syn-ack') {
      flow.swap();
      this.#reader.turned?.(flow);
      direction = given === 0 ? 1 : 0;
    }
    const policy = packet.ipVersion === 4 ? this.#options.policy4 : this.#options.policy6;
    session.client.policy = policy;
    session.server.policy = policy;
    flow.session = session;
    if (hasBrokenAck(packet)) session.note('pkt_broken_ack');
    segment.set(flow, session, packet, direction);
    const { sender } = segment;
    sender.flags |= packet.tcpFlags;
    if (beginning === 'syn') beginWithSyn(segment);
    else {
      this.midstreamPickups++;
      if (beginning === 'syn-ack') {
        // The numbers are the server's, whichever way the flow lies now.
        segment.set(flow, session, packet, 1);
        beginWithSynAck(segment);
      } else {
        // Whoever began the flow with what no session begins with: its bytes are those of the client.
        segment.set(flow, session, packet, 0);
        beginInMiddle(segment);
      }
    }
    return session.directionOf(sender);
  }

  #follow(segment: Segment, state: number): boolean {
    switch (state) {
      case TCP_STATE.synSent:
        return followSynSent(segment);
      case TCP_STATE.synReceived:
        return followSynReceived(segment);
      case TCP_STATE.established:
        return followEstablished(segment);
      case TCP_STATE.finWait1:
        return followFinWait1(segment);
      case TCP_STATE.finWait2:
        return followFinWait2(segment);
      case TCP_STATE.closing:
        return followClosing(segment);
      case TCP_STATE.closeWait:
        return followCloseWait(segment);
      case TCP_STATE.lastAck:
        return followLastAck(segment);
      case TCP_STATE.timeWait:
        return followTimeWait(segment);
      default:
        return this.#followClosed(segment);
    }
  }

  /** After a reset that may be forged, whom it was said to come from may go on as if nothing had been. */
  #followClosed(segment: Segment): boolean {
    const { session, sender, receiver } = segment;
    if ((segment.flags & TCP_RST) !== 0 || sender.gotReset || !receiver.gotReset) return true;
    const former = session.formerState;
    if (former === TCP_STATE.closed || !this.#follow(segment, former)) return false;
    if (session.state === TCP_STATE.closed) session.state = former;
    return true;
  }
}
