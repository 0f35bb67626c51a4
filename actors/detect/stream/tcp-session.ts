/** A TCP session: its state, its two directions, and what rules ask of it while they see a packet. */
import type { Direction, FlowSession, RawChunk } from '../flow/index.ts';
import type { PagePool } from './page-pool.ts';
import type { Scratch } from './paged-bytes.ts';
import type { StreamOptions } from './stream-options.ts';
import { TcpStream } from './tcp-stream.ts';

/** In the order in which a session goes through them; later ones compare as greater. */
export const TCP_STATE = {
  none: 0,
  listen: 1,
  synSent: 2,
  synReceived: 3,
  established: 4,
  finWait1: 5,
  finWait2: 6,
  timeWait: 7,
  lastAck: 8,
  closeWait: 9,
  closing: 10,
  closed: 11,
} as const;

const NO_EVENTS: readonly string[] = [];

export class TcpSession implements FlowSession {
  state: number = TCP_STATE.none;
  isMidstream = false;
  closedByReset = false;
  packetIsInStream = false;
  /** The packet in hand ends the flow: what is left is inspected with it. */
  isEnding = false;
  events: string[] | readonly string[] = NO_EVENTS;
  client: TcpStream;
  server: TcpStream;
  readonly #options: StreamOptions;
  readonly #scratch: Scratch;
  /** Of the packet in hand: up to which offset rules have looked. */
  #rawSeen = 0;

  constructor(options: StreamOptions, pool: PagePool, scratch: Scratch) {
    this.#options = options;
    this.#scratch = scratch;
    this.client = new TcpStream(pool);
    this.server = new TcpStream(pool);
  }

  get isEstablished(): boolean {
    return this.state >= TCP_STATE.established;
  }

  stream(direction: Direction): TcpStream {
    return direction === 0 ? this.client : this.server;
  }

  swap(): void {
    const { client } = this;
    this.client = this.server;
    this.server = client;
  }

  /** Rules are to see what there is of the direction with its next packet: a request or an answer is complete. */
  flush(direction: Direction): void {
    this.stream(direction).isFlushed = true;
  }

  rawChunk(direction: Direction): RawChunk | null {
    const stream = this.stream(direction);
    if (stream.isOver || stream.segments.count === 0) return null;
    const start = Math.max(this.#rawSeen, stream.rawOffset);
    if (this.#rawSeen === 0 && !this.#isRawReady(direction, stream)) return null;
    const limit = this.isEnding ? stream.rightEdge : stream.ackedOffset;
    const isBehindGap = stream.rawRunEnd >= 0;
    if (isBehindGap && start >= stream.rawRunEnd) return null;
    const end = Math.min(limit, isBehindGap ? stream.rawRunEnd : stream.runEnd);
    if (start >= end) return null;
    return { bytes: stream.read(start, end, this.#scratch), streamOffset: start };
  }

  rawDone(direction: Direction, upTo: number): void {
    const stream = this.stream(direction);
    this.#rawSeen = upTo;
    if (upTo > stream.rawOffset) stream.rawOffset = upTo;
    stream.isFlushed = false;
  }

  /** The packet was inspected; what rules did not want is passed over, so that nothing is kept for them for ever. */
  afterPacket(direction: Direction): void {
    const stream = this.stream(direction);
    if (this.#rawSeen === 0) {
      if (stream.isFlushed) stream.rawOffset = Math.max(stream.rawOffset, stream.appOffset);
      else if (stream.window > 0) stream.rawOffset = Math.max(stream.rawOffset, stream.appOffset - stream.window);
      stream.isFlushed = false;
    }
    this.#rawSeen = 0;
    this.packetIsInStream = false;
    if (this.events.length > 0) this.events = NO_EVENTS;
    this.client.prune();
    this.server.prune();
  }

  /** Bytes that a reader has not had. */
  hasLeft(direction: Direction): boolean {
    const { isOver, rightEdge, rawOffset, appOffset } = this.stream(direction);
    return !isOver && (rightEdge > rawOffset || rightEdge > appOffset);
  }

  clear(): void {
    this.client.clear();
    this.server.clear();
  }

  #isRawReady(direction: Direction, stream: TcpStream): boolean {
    if (stream.rawOffset >= stream.rightEdge) return false;
    if (stream.isFlushed || stream.depthReached || this.isEnding || this.state > TCP_STATE.timeWait) return true;
    return stream.ackedOffset - stream.rawOffset >= this.#options.chunkBytes[direction];
  }
}
