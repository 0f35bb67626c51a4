/** What the loop tells of the traffic, in this order for each packet: its stream's data, then the packet itself. */
import type { Direction, Flow, FlowEnd } from '../flow/index.ts';
import type { Packet } from '../packet/index.ts';

export interface TrafficSink {
  /** Bytes of the application in order that this packet made available; good during the call only. */
  data(flow: Flow, direction: Direction, bytes: Uint8Array, isLast: boolean): void;
  /** Bytes of the application that are lost. False: nothing is read on behind them. */
  gap(flow: Flow, direction: Direction, length: number, isLast: boolean): boolean;
  /** As many of the bytes that were handed on last are not used yet: they are read again with those that follow. */
  unused?(flow: Flow, direction: Direction): number;
  /** Nothing is to be handed on before there are so many, the unused ones included. */
  required?(flow: Flow, direction: Direction): number;
  /** What is not used never will be: it is passed over with what is missing behind it. */
  passOver?(flow: Flow, direction: Direction): void;
  /** The flow was turned round before anything of its bytes was read: who was taken for the client is the server. */
  turned?(flow: Flow): void;
  /**
   * The packet; `flow` is null where it has none: it cannot be decoded so far, or is a fragment. A pseudo packet
   * (`packet.isPseudo`) has no bytes: with it what is left of a flow's direction is inspected.
   */
  packet(packet: Packet, flow: Flow | null, direction: Direction): void;
  /** Asked at a flow's end: whether a packet of this direction is needed, though nothing of its stream is left. */
  hasLeft?(flow: Flow, direction: Direction): boolean;
  /** The flow is over; what was left of its streams was handed on before. */
  end(flow: Flow, reason: FlowEnd): void;
}
