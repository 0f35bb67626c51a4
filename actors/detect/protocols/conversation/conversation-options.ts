/** What a conversation is told of its flow, and may ask of it. */
import type { Direction } from '../direction.ts';
import type { ExpectedTransfer, Transport } from '../protocol.ts';

export interface ConversationOptions {
  readonly transport: Transport;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Picked up behind its handshake: who is the client is a guess, and it has to be recognised by what the client says. */
  readonly isPickedUp: boolean;
  /** Whose bytes came first, acknowledged or not; without it: whose were given first. */
  readonly first?: Direction | null;
  /** What another flow has said of this one and its bytes of the direction. */
  readonly expected?: (direction: Direction) => ExpectedTransfer | null;
  /** Gives at once what there is of a direction. */
  readonly pull?: (direction: Direction) => void;
}
