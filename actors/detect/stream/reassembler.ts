/**
 * Puts the bytes of sessions in order and hands them on: to the application once they are acknowledged or the session
 * ends, as a sensor must that cannot know what a target has taken before the target says so.
 */
import type { Direction, Flow } from '../flow/index.ts';
import { type Packet, TCP_ACK, TCP_FIN, TCP_RST } from '../packet/index.ts';
import type { PagePool } from './page-pool.ts';
import { Scratch } from './paged-bytes.ts';
import type { StreamOptions } from './stream-options.ts';
import { TCP_STATE, type TcpSession } from './tcp-session.ts';
import type { TcpStream } from './tcp-stream.ts';

/** Who reads the streams. Bytes are good during the call only. */
export interface StreamReader {
  data(flow: Flow, direction: Direction, bytes: Uint8Array, isLast: boolean): void;
  gap(flow: Flow, direction: Direction, length: number): void;
  /** What was handed on is not all used: more is waited for before something is missed. */
  isWaiting?(flow: Flow, direction: Direction): boolean;
}

const NOTHING = new Uint8Array(0);
/** A gap is waited for no longer than until so many bytes are behind it. */
const MAX_WAITING_BYTES = 131_072;
const OPPOSING = 1;
const OWN = 2;

export class Reassembler {
  gaps = 0;
  depthReached = 0;
  readonly pool: PagePool;
  readonly #options: StreamOptions;
  readonly #reader: StreamReader;
  readonly #scratch = new Scratch();

  constructor(options: StreamOptions, pool: PagePool, reader: StreamReader) {
    this.#options = options;
    this.pool = pool;
    this.#reader = reader;
  }

  /** The session has taken the packet, which is the direction's. */
  take(flow: Flow, session: TcpSession, packet: Packet, direction: Direction): void {
    const stream = session.stream(direction);
    let whose = whoseBytes(session, packet);
    if ((whose & OPPOSING) !== 0) this.#handOn(flow, session, session.stream(direction === 0 ? 1 : 0));
    if (packet.payloadEnd > packet.payloadAt && !stream.isOver) {
      if (!this.#add(stream, packet)) return;
      session.packetIsInStream = true;
    }
    if (stream.depthReached && !stream.isOver) whose = OWN;
    if ((whose & OWN) !== 0) this.#handOn(flow, session, stream);
  }

  /** What is left of a direction when the flow ends. */
  finish(flow: Flow, session: TcpSession, direction: Direction): void {
    this.#handOn(flow, session, session.stream(direction));
  }

  #add(stream: TcpStream, packet: Packet): boolean {
    const start = stream.offsetOf(packet.sequence);
    const length = this.#withinDepth(stream, start, packet.payloadEnd - packet.payloadAt);
    if (length === 0) return true;
    if (start + length <= stream.base) return false;
    return stream.add(start, packet.bytes, packet.payloadAt, length);
  }

  /** How much of a segment is put together. */
  #withinDepth(stream: TcpStream, start: number, length: number): number {
    const depth = this.#options.depthBytes;
    if (depth === 0) return length;
    if (stream.depthReached) return 0;
    if (start + length <= depth) return length;
    stream.depthReached = true;
    this.depthReached++;
    return 0;
  }

  /** Whoever reads the bytes may find that the stream's direction is the other one, and turn the flow round. */
  #handOn(flow: Flow, session: TcpSession, stream: TcpStream): void {
    if (stream.isOver || session.isApplicationDead) return;
    const isLast = session.state === TCP_STATE.closed || session.isEnding;
    if (stream.rightEdge <= stream.appOffset) {
      if (session.state >= TCP_STATE.closing || session.isEnding)
        this.#reader.data(flow, session.directionOf(stream), NOTHING, isLast);
      return;
    }
    const takesAll = session.isEnding && (session.state < TCP_STATE.closed || session.closedByReset);
    for (let isWaiting = false; ; ) {
      const limit = takesAll ? stream.rightEdge : stream.ackedOffset;
      const end = Math.min(stream.runEnd, limit);
      if (end > stream.appOffset) {
        const bytes = stream.read(stream.appOffset, end, this.#scratch);
        stream.appOffset = end;
        this.#reader.data(flow, session.directionOf(stream), bytes, isLast);
        if (session.isApplicationDead) return;
        isWaiting = this.#reader.isWaiting?.(flow, session.directionOf(stream)) === true;
      } else if (limit > stream.runEnd && !isWaiting) {
        if (!session.isProtocolKnown && stream.rightEdge - stream.appOffset < MAX_WAITING_BYTES) {
          // What is missing may come late, and the other direction may tell the protocol before.
          if (stream.appOffset === 0) session.isLossy = true;
          break;
        }
        const length = stream.skipGap();
        if (length === 0) break;
        this.gaps++;
        stream.hasGap = true;
        session.isLossy = true;
        this.#reader.gap(flow, session.directionOf(stream), length);
      } else break;
    }
  }
}

function whoseBytes(session: TcpSession, packet: Packet): number {
  if (session.isEnding || (packet.tcpFlags & TCP_RST) !== 0) return OWN;
  if ((packet.tcpFlags & TCP_FIN) !== 0 && session.state > TCP_STATE.timeWait)
    return (packet.tcpFlags & TCP_ACK) !== 0 ? OWN | OPPOSING : OWN;
  return session.state === TCP_STATE.closed ? OWN | OPPOSING : OPPOSING;
}
