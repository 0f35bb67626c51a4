/** What rules ask of a TCP session; `stream/` holds the one implementation. */
import type { Direction } from './direction.ts';

/** Bytes of a stream without a hole, and those behind the hole that follows them. */
export interface RawChunk {
  /** Good until the next packet. */
  readonly bytes: Uint8Array;
  /** Where `bytes` begins in its direction's stream. */
  readonly streamOffset: number;
  readonly next: RawChunk | null;
}

export interface FlowSession {
  /** The handshake is complete, or the session was picked up in its middle as one that is under way. */
  readonly isEstablished: boolean;
  /** Behind its handshake, of which nothing was seen. */
  readonly isPickedUp: boolean;
  /** The packet in hand was added to the stream. */
  readonly packetIsInStream: boolean;
  /** The session has taken the packet in hand, and is established: streams and transactions are inspected with it. */
  readonly packetSeesStream: boolean;
  /** Names of what was wrong with the packet in hand, as `stream-event:` has them; empty for nearly all. */
  readonly events: readonly string[];
  /** How far the direction's sequence numbers have come from that of its SYN. */
  sentNumbers(direction: Direction): number;
  /** Encrypted bytes came before the packet in hand: nothing is looked for in payloads. */
  readonly isPayloadHidden: boolean;
  /**
   * The packet's payload is not inspected by itself: it is in the stream, or bytes of the stream are inspected in its
   * place. Ask before `rawChunks`.
   */
  hidesPayload(direction: Direction): boolean;
  /** No rule will ask of the direction's stream. */
  disableRaw(direction: Direction): void;
  /** Something of the direction's stream is to be inspected with the packet in hand. Ask before `rawChunks`. */
  hasRaw(direction: Direction): boolean;
  /**
   * What of the direction's stream is to be inspected with the packet in hand, once; null where nothing is.
   * `isSearched`: it is searched for patterns; where nobody does, rules go on where the application is.
   */
  rawChunks(direction: Direction, isSearched: boolean): RawChunk | null;
  /**
   * What of it rules about transactions see: what is due also beside a packet that the session has not taken, and who asks for
   * a body, too, with one or a message that has become whole the stream that it came in, as far back as its protocol says. Ask
   * behind `rawChunks`, whose answer `chunk` is.
   */
  rawOfTransaction(direction: Direction, chunk: RawChunk | null, asksBody: boolean): RawChunk | null;
  swap(): void;
}
