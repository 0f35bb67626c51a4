/** A TCP session: its state, its two directions, and what rules ask of it while they see a packet. */
import type { Direction, FlowSession, RawChunk } from '../flow/index.ts';
import type { Offer } from './handshake-offer.ts';
import type { PagePool } from './page-pool.ts';
import { Scratch } from './paged-bytes.ts';
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

/** Bytes whose protocol is not known yet are kept, so that they are settled anew where others lie over them; not more than these. */
const MAX_UNRECOGNISED_BYTES = 16_384;
/** Of a receiver that said that it takes nothing. */
const DEFAULT_WINDOW = 4096;
/** More is not said of one packet. */
const MAX_EVENTS = 8;
const NO_EVENTS: readonly string[] = [];

/** What rules about bodies see of the stream lies beside what all see of it. */
const OF_BODY = new Scratch();

interface MutableChunk extends RawChunk {
  bytes: Uint8Array;
  next: RawChunk | null;
}

export class TcpSession implements FlowSession {
  state: number = TCP_STATE.none;
  /** The state before this one. */
  formerState: number = TCP_STATE.none;
  isMidstream = false;
  beganWithSynAck = false;
  /** Picked up in its middle, and nothing has come from the other side since. */
  isWindowUnknown = false;
  /** One side alone is seen. */
  isAsync = false;
  isFourWay = false;
  /** Its SYN may have brought data (RFC 7413). */
  isFastOpen = false;
  /** The server did not take them. */
  hasIgnoredData = false;
  /** The server has answered after the handshake. */
  isConfirmed = false;
  closedByReset = false;
  /** Nothing reads the application's bytes any more. */
  isApplicationDead = false;
  hadWrongAck = false;
  /** Bytes are missing that were acknowledged: what is not as expected may be right. */
  isLossy = false;
  /** Both sides have them. */
  hasTimestamps = false;
  /** The SYN offers to scale windows. */
  offersScale = false;
  /** SYNs, and then SYN-ACKs, beside the one that was taken. */
  offers: Offer[] = [];
  packetIsInStream = false;
  packetSeesStream = false;
  isPayloadHidden = false;
  /** Whether what there is of both directions is looked at before the packet in hand, or each one. */
  flushing: 'none' | 'once' | 'each' = 'none';
  /** The packet in hand ends the flow: what is left is inspected with it. */
  isEnding = false;
  events: readonly string[] = NO_EVENTS;
  /** The one that brought bytes first. */
  firstStream: TcpStream | null = null;
  client: TcpStream;
  server: TcpStream;
  readonly #options: StreamOptions;
  readonly #pool: PagePool;
  readonly #scratch: Scratch;
  #reached = 0;
  /** Rules ask for bodies beside the stream, so that what comes before it is kept. */
  looksBack = false;
  /** With the packet in hand: up to where the rules have all bytes now, -1 where they were not asked. */
  #rawReached = -1;
  #ofBody: RawChunk | null | undefined = undefined;
  /** Beside a packet that the session has not taken. */
  #beside: RawChunk | null | undefined = undefined;

  constructor(options: StreamOptions, pool: PagePool, scratch: Scratch) {
    this.#options = options;
    this.#pool = pool;
    this.#scratch = scratch;
    this.client = new TcpStream(pool);
    this.server = new TcpStream(pool);
  }

  get isEstablished(): boolean {
    return this.state >= TCP_STATE.established;
  }

  get isPickedUp(): boolean {
    return this.isMidstream && !this.beganWithSynAck;
  }

  note(event: string): void {
    if (this.events.length === 0) this.events = [event];
    else if (this.events.length < MAX_EVENTS) this.events = [...this.events, event];
  }

  stream(direction: Direction): TcpStream {
    return direction === 0 ? this.client : this.server;
  }

  sentNumbers(direction: Direction): number {
    const { nextSequence, isn } = this.stream(direction);
    return (nextSequence - isn) >>> 0;
  }

  directionOf(stream: TcpStream): Direction {
    return stream === this.client ? 0 : 1;
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

  /** What follows is encrypted: from the next packet on rules are not asked about payloads. */
  hidePayloads(): void {
    this.client.isRawEnding = true;
    this.server.isRawEnding = true;
  }

  hidesPayload(direction: Direction): boolean {
    return this.packetIsInStream || this.hasRaw(direction);
  }

  disableRaw(direction: Direction): void {
    this.stream(direction).isRawOver = true;
  }

  hasRaw(direction: Direction): boolean {
    return this.#isRawReady(direction, this.stream(direction));
  }

  rawChunks(direction: Direction, isSearched: boolean): RawChunk | null {
    const stream = this.stream(direction);
    if (this.#rawReached >= 0 || !this.#isRawReady(direction, stream)) return null;
    const first = this.#chunksFrom(stream, stream.rawOffset, this.#scratch);
    this.#rawReached = isSearched ? this.#reached : 0;
    return first;
  }

  rawOfTransaction(direction: Direction, chunk: RawChunk | null, asksBody: boolean): RawChunk | null {
    const stream = this.stream(direction);
    const { inspectDepth, appProgress, rawOffset, keptFrom } = stream;
    if (stream.isOver || stream.isRawOver) return chunk;
    if (!asksBody || !stream.isFlushed || inspectDepth === 0) {
      if (this.packetSeesStream || !this.#isRawDue(direction, stream)) return chunk;
      if (this.#beside === undefined) this.#beside = this.#chunksFrom(stream, rawOffset, this.#scratch);
      return this.#beside;
    }
    if (this.#ofBody === undefined) {
      const from = Math.min(Math.max(0, appProgress - inspectDepth), rawOffset);
      // From the first byte on is to Suricata from the first one that it keeps.
      this.#ofBody = from > 0 && from < keptFrom ? null : this.#chunksFrom(stream, from, OF_BODY);
    }
    return this.#ofBody;
  }

  /** Says in `#reached` how far they go. */
  #chunksFrom(stream: TcpStream, begin: number, scratch: Scratch): RawChunk | null {
    const acked = stream.ackedOffset;
    let progress = begin;
    let from = begin;
    let first: RawChunk | null = null;
    let last: MutableChunk | null = null;
    while (stream.findRun(from)) {
      const { foundStart, foundEnd } = stream;
      const start = Math.max(foundStart, progress, stream.heldFrom);
      let length = foundEnd - start;
      if (!this.isEnding) length = Math.min(length, acked - progress);
      if (length <= 0) break;
      // What is read next may take its place.
      if (last !== null) last.bytes = last.bytes.slice();
      const chunk: MutableChunk = {
        bytes: stream.read(start, start + length, scratch),
        streamOffset: start,
        next: null,
      };
      if (last === null) first = chunk;
      else last.next = chunk;
      last = chunk;
      // Behind a hole the rules will see the same bytes again, when more has been acknowledged.
      if (start === progress) progress = start + length;
      else if (start < acked) progress = start;
      from = foundEnd;
    }
    this.#reached = progress;
    return first;
  }

  /** Of what is kept of the direction, holes left out, the first bytes. */
  contents(direction: Direction, most: number): Uint8Array {
    return this.stream(direction).contents(most);
  }

  /** The direction's protocol is known, or known to be none that is read. */
  recognised(direction: Direction): void {
    this.stream(direction).isRecognised = true;
  }

  /** Nothing reads the application's bytes any more. */
  giveUpApplication(): void {
    this.isApplicationDead = true;
    this.client.isRecognised = true;
    this.server.isRecognised = true;
  }

  /** The packet was inspected; what rules did not want is passed over, so that nothing is kept for them for ever. */
  afterPacket(direction: Direction): void {
    const stream = this.stream(direction);
    if (this.#rawReached < 0 && this.#isRawReady(direction, stream)) this.#rawReached = 0;
    if (this.#rawReached >= 0) this.#passOver(stream, this.#rawReached);
    if (stream.isRawEnding) {
      this.isPayloadHidden = true;
      if (this.#rawReached >= 0) stream.isRawOver = true;
    }
    this.#rawReached = -1;
    this.#ofBody = undefined;
    this.#beside = undefined;
    this.packetIsInStream = false;
    this.packetSeesStream = false;
    if (this.events.length > 0) this.events = NO_EVENTS;
    this.#prune(stream);
  }

  /** Where rules have reached nothing from the start, they go on where the application is. */
  #passOver(stream: TcpStream, reached: number): void {
    let edge = reached;
    if (reached === 0) edge = this.isApplicationDead ? stream.ackedOffset : stream.appProgress;
    if (edge > stream.rawOffset) stream.rawOffset = edge;
    else if (reached > 0) return;
    stream.isFlushed = false;
  }

  #prune(stream: TcpStream): void {
    if ((stream.depthReached || (this.isApplicationDead && stream.isRawOver)) && !stream.isOver) {
      stream.isOver = true;
      stream.clear();
    } else if (stream.isRecognised || stream.appOffset > MAX_UNRECOGNISED_BYTES)
      this.#letGo(stream, edgeOf(stream, this.isApplicationDead));
  }

  #letGo(stream: TcpStream, edge: number): void {
    const kept = this.#behind(stream, this.#keptFrom(stream));
    stream.prune(this.looksBack ? kept : this.#behind(stream, edge), kept);
  }

  #behind({ window }: TcpStream, edge: number): number {
    return this.#pool.keepsWindow ? Math.max(0, edge - (window || DEFAULT_WINDOW)) : edge;
  }

  #keptFrom(stream: TcpStream): number {
    const { inspectDepth, isRawOver, appProgress, rawOffset } = stream;
    if (this.isApplicationDead) return rawOffset;
    if (isRawOver) return appProgress;
    const depth = this.state >= TCP_STATE.closed ? 0 : inspectDepth;
    return Math.min(appProgress, Math.max(0, rawOffset - depth));
  }

  /** Bytes that a reader has not had. */
  hasLeft(direction: Direction): boolean {
    const stream = this.stream(direction);
    const { isOver, rightEdge, rawOffset, appProgress, isRawOver, hasWrapped } = stream;
    if (isOver) return false;
    if ((rightEdge > rawOffset || hasWrapped) && !isRawOver) return true;
    return !this.isApplicationDead && stream.wholeEnd() > appProgress;
  }

  clear(): void {
    this.client.clear();
    this.server.clear();
  }

  #isRawReady(direction: Direction, stream: TcpStream): boolean {
    if (!this.packetSeesStream || stream.isOver || stream.isRawOver || stream.keptFrom >= stream.rightEdge)
      return false;
    if (stream.rawOffset === stream.rightEdge && !stream.hasWrapped) return false;
    return this.#isRawDue(direction, stream);
  }

  /** Enough of it is there, or no more is waited for. */
  #isRawDue(direction: Direction, stream: TcpStream): boolean {
    if (stream.isFlushed || stream.isRawEnding || stream.depthReached) return true;
    if (this.isEnding || this.state > TCP_STATE.timeWait) return true;
    return stream.ackedOffset - stream.rawOffset >= this.#options.chunkBytes[direction];
  }
}

/** What is before it no reader needs. */
function edgeOf({ appOffset, rawOffset, isRawOver }: TcpStream, isApplicationDead: boolean): number {
  if (isApplicationDead) return rawOffset;
  return isRawOver ? appOffset : Math.min(appOffset, rawOffset);
}
