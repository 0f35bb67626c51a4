/** What rules ask of a TCP session; `stream/` holds the one implementation. */
import type { Direction } from './direction.ts';

export interface RawChunk {
  /** A view that is good until the next packet. */
  readonly bytes: Uint8Array;
  /** Where `bytes` begins in its direction's stream. */
  readonly streamOffset: number;
}

export interface FlowSession {
  /** The handshake is complete, or the session was picked up in its middle as one that is under way. */
  readonly isEstablished: boolean;
  readonly isMidstream: boolean;
  /** The packet in hand was added to the stream: its payload is inspected there and not as a packet's. */
  readonly packetIsInStream: boolean;
  /** Names of what was wrong with the packet in hand, as `stream-event:` has them; empty for nearly all. */
  readonly events: readonly string[];
  /** What of the direction's stream is to be inspected with the packet in hand; null where nothing is. */
  rawChunk(direction: Direction): RawChunk | null;
  /** The direction's stream was inspected up to this offset. */
  rawDone(direction: Direction, upTo: number): void;
  swap(): void;
}
