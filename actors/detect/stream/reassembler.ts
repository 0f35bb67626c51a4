/**
 * Puts the bytes of sessions in order and hands them on: to the application once they are acknowledged or the session
 * ends, as a sensor must that cannot know what a target has taken before the target says so.
 */
import type { Direction, Flow } from '../flow/index.ts';
import { type Packet, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/index.ts';
import type { PagePool } from './page-pool.ts';
import { Scratch } from './paged-bytes.ts';
import type { StreamOptions } from './stream-options.ts';
import { TCP_STATE, type TcpSession } from './tcp-session.ts';
import type { TcpStream } from './tcp-stream.ts';

/** Who reads the streams. Bytes are good during the call only. */
export interface StreamReader {
  data(flow: Flow, direction: Direction, bytes: Uint8Array, isLast: boolean): void;
  /** False: nothing is read on behind what is missing. */
  gap(flow: Flow, direction: Direction, length: number, isLast: boolean): boolean;
  /** As many of the bytes that were handed on last are not used yet: they are read again with those that follow. */
  unused?(flow: Flow, direction: Direction): number;
  /** Nothing is to be handed on before there are so many, the unused ones included. */
  required?(flow: Flow, direction: Direction): number;
  /** What is not used never will be: it is passed over with what is missing behind it. */
  passOver?(flow: Flow, direction: Direction): void;
  /** The flow was turned round before anything of its bytes was read: who was taken for the client is the server. */
  turned?(flow: Flow): void;
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
    // What comes with a RST is in no stream.
    if (packet.payloadEnd > packet.payloadAt && !stream.isOver && (packet.tcpFlags & TCP_RST) === 0) {
      session.firstStream ??= stream;
      if (!this.#add(session, stream, packet)) return;
      session.packetIsInStream = true;
    }
    if (stream.depthReached && !stream.isOver) whose = OWN;
    if ((whose & OWN) !== 0) this.#handOn(flow, session, stream);
  }

  /** What is left of a direction when the flow ends. */
  finish(flow: Flow, session: TcpSession, direction: Direction): void {
    this.#handOn(flow, session, session.stream(direction));
  }

  /** The reader wants what there is of a direction before it goes on. */
  pull(flow: Flow, session: TcpSession, direction: Direction): void {
    this.#handOn(flow, session, session.stream(direction));
  }

  #add(session: TcpSession, stream: TcpStream, packet: Packet): boolean {
    // Nobody will read it: of what came before rules have yet to see the last.
    if (session.isApplicationDead && stream.isRawEnding) return true;
    // What comes with a SYN has its numbers from behind it on.
    const isWithSyn = packet.hasFastOpen && (packet.tcpFlags & TCP_SYN) !== 0;
    const start = stream.offsetOf(packet.sequence) + (isWithSyn ? 1 : 0);
    const length = this.#withinDepth(stream, start, packet.payloadEnd - packet.payloadAt);
    if (stream.depthReached) session.note('reassembly_depth_reached');
    if (length === 0) return true;
    if (start + length <= stream.keptFrom) return false;
    stream.isContradicted = false;
    const isAdded = stream.add(start, packet.bytes, packet.payloadAt, length);
    if (stream.isContradicted) session.note('reassembly_overlap_different_data');
    if (!isAdded) session.note('reassembly_insert_memcap');
    return isAdded;
  }

  /** How much of a segment is put together. */
  #withinDepth(stream: TcpStream, start: number, length: number): number {
    const depth = this.#options.depthBytes;
    if (depth === 0) return length;
    if (stream.depthReached) return 0;
    // As in Suricata, nothing of what begins before the SYN's number is in a stream that has a depth.
    if (start + length <= depth) return start < -1 ? 0 : length;
    stream.depthReached = true;
    this.depthReached++;
    return 0;
  }

  /** Whoever reads the bytes may find that the stream's direction is the other one, and turn the flow round. */
  #handOn(flow: Flow, session: TcpSession, stream: TcpStream): void {
    if (stream.isOver || session.isApplicationDead) return;
    const isLast = session.state === TCP_STATE.closed || session.isEnding;
    this.#noteUnused(flow, session, stream);
    if (stream.rightEdge <= stream.appProgress) {
      if (session.state >= TCP_STATE.closing || session.isEnding)
        this.#reader.data(flow, session.directionOf(stream), NOTHING, isLast);
      return;
    }
    const takesAll = session.isEnding && (session.state < TCP_STATE.closed || session.closedByReset);
    const isForced = session.isEnding && session.state >= TCP_STATE.closed;
    let isGoingOn = true;
    while (isGoingOn) {
      const limit = takesAll ? stream.rightEdge : stream.ackedOffset;
      const start = stream.appProgress;
      if (stream.runEnd > start) isGoingOn = this.#handBytes(flow, session, stream, start, limit, isLast, isForced);
      else isGoingOn = this.#handGap(flow, session, stream, limit, isLast);
      if (session.isApplicationDead) return;
    }
  }

  #noteUnused(flow: Flow, session: TcpSession, stream: TcpStream): void {
    stream.unused = this.#reader.unused?.(flow, session.directionOf(stream)) ?? 0;
  }

  /** False: there is no more to hand on. */
  #handBytes(
    flow: Flow,
    session: TcpSession,
    stream: TcpStream,
    start: number,
    limit: number,
    isLast: boolean,
    isForced: boolean,
  ): boolean {
    const end = Math.min(stream.runEnd, limit);
    if (end <= start && !isLast) return false;
    if (end - start < stream.required && !isForced) {
      // What is there will not be enough if what is behind it was taken without it.
      if (stream.rightEdge <= stream.runEnd || stream.ackedOffset <= stream.runEnd) return false;
      stream.required -= end - start;
      stream.appOffset = stream.runEnd;
      this.#reader.passOver?.(flow, session.directionOf(stream));
      return this.#handGap(flow, session, stream, limit, isLast);
    }
    stream.required = 0;
    const bytes = end > stream.appOffset ? stream.read(stream.appOffset, end, this.#scratch) : NOTHING;
    stream.appOffset = Math.max(stream.appOffset, end);
    this.#reader.data(flow, session.directionOf(stream), bytes, isLast);
    stream.required = this.#reader.required?.(flow, session.directionOf(stream)) ?? 0;
    // Where nothing of it was used, what is missing behind it is waited for.
    this.#noteUnused(flow, session, stream);
    return stream.appProgress > start;
  }

  /** Only of what was acknowledged it is known that it will not come. */
  #handGap(flow: Flow, session: TcpSession, stream: TcpStream, limit: number, isLast: boolean): boolean {
    const start = stream.runEnd;
    const length = Math.min(stream.gapLength(), limit - start);
    const acked = stream.ackedOffset - (session.state >= TCP_STATE.finWait1 ? 1 : 0);
    if (length <= 0 || acked <= start) return false;
    session.isLossy = true;
    stream.hasGap = true;
    session.note('reassembly_seq_gap');
    if (!this.#reader.gap(flow, session.directionOf(stream), length, isLast)) {
      if (stream.rightEdge - start > MAX_WAITING_BYTES) session.giveUpApplication();
      return false;
    }
    this.gaps++;
    stream.required = Math.max(0, stream.required - length);
    stream.skip(length);
    this.#noteUnused(flow, session, stream);
    return true;
  }
}

function whoseBytes(session: TcpSession, packet: Packet): number {
  if (session.isEnding || (packet.tcpFlags & TCP_RST) !== 0) return OWN;
  if ((packet.tcpFlags & TCP_FIN) !== 0 && session.state > TCP_STATE.timeWait)
    return (packet.tcpFlags & TCP_ACK) !== 0 ? OWN | OPPOSING : OWN;
  return session.state === TCP_STATE.closed ? OWN | OPPOSING : OPPOSING;
}
