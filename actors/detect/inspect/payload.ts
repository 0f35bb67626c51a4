/** The payload that a rule's contents are looked for in: what the stream has made available, or the packet's own. */
import type { RawChunk } from '../flow/index.ts';
import { PROTOCOL_UDP } from '../packet/index.ts';
import type { BufferCheck } from './buffer-check.ts';
import type { Situation } from './situation.ts';

/** Places of contents are counted from the start of each piece of the stream, wherever it lies. */
const PIECE = 0;

/** For a rule about transactions: the stream's, or of what has none the packet's. `asksBody`: for a body, too. */
export function payloadMatches(check: BufferCheck, asksBody: boolean, situation: Situation): boolean {
  const { chunk, flow, direction } = situation;
  const session = flow?.session ?? null;
  const seen = session === null ? chunk : session.rawOfTransaction(direction, chunk, asksBody);
  if (seen !== null) return isInChunks(check, seen);
  return situation.packet.protocol === PROTOCOL_UDP && situation.hasPayload && check(situation.payload, 0);
}

/** In one of its pieces between holes. */
function isInChunks(check: BufferCheck, first: RawChunk | null): boolean {
  for (let chunk = first; chunk !== null; chunk = chunk.next) if (check(chunk.bytes, PIECE)) return true;
  return false;
}

interface PayloadRule {
  readonly payload: BufferCheck | null;
  readonly needsPacket: boolean;
  readonly needsStream: boolean;
  readonly isStreamOnly: boolean;
}

/** For a rule about packets or the stream. Says in the situation whether the stream had it. */
export function signaturePayloadMatches(signature: PayloadRule, situation: Situation): boolean {
  const check = signature.payload;
  situation.isStreamMatch = false;
  if (check === null) return true;
  if (signature.needsStream) {
    if (isInChunks(check, situation.chunk)) {
      situation.isStreamMatch = true;
      return true;
    }
    // What went into the stream is found there, or not at all; a rule with a place is asked about packets, too.
    if (signature.isStreamOnly || (!signature.needsPacket && situation.isInStream)) return false;
  }
  // With something of the stream in hand a packet without payload is asked, too: what must not be there is not.
  if (!situation.hasPayload && (!situation.hasStreamData || situation.packet.isPseudo)) return false;
  return check(situation.payload, 0);
}
