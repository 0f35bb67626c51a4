/**
 * What rules are asked about at one moment: a packet with its flow, and what the stream made available with it. There is
 * one object, filled anew for each packet; nothing in it is kept.
 */
import type { Flow, RawChunk } from '../flow/index.ts';
import { Packet } from '../packet/index.ts';
import type { Direction, Transaction } from '../protocols/index.ts';
import { AddressBits } from './address-bits.ts';
import type { FlowMemory, TransactionMemory } from './flow-memory.ts';
import { SetMemory } from './set-memory.ts';
import { TextRoom } from './text-room.ts';
import { TransformedBuffers } from './transformed-buffers.ts';

const NO_BYTES = new Uint8Array(0);

export class Situation {
  packet: Packet = new Packet();
  flow: Flow | null = null;
  memory: FlowMemory | null = null;
  /** Of all flows. */
  readonly addressBits = new AddressBits();
  /** Of all flows. */
  readonly sets = new SetMemory();
  /** Of all flows. */
  readonly textRoom = new TextRoom();
  /** That rules are asked about, and what is remembered of it. */
  tx: Transaction | null = null;
  transaction: TransactionMemory | null = null;
  /** Of the transaction at hand. */
  readonly transformed = new TransformedBuffers();
  direction: Direction = 0;
  isEstablished = false;
  /** What the direction speaks has become known. */
  isProtocolNews = false;
  /** Its bytes went into the stream, and are examined there. */
  isInStream = false;
  /** Something of the stream is to be seen with this packet, even if no rule asks for it. */
  hasStreamData = false;
  /** Rules about the stream alone do not look at its own payload. */
  hidesPayload = false;
  /** The session took it and is established: streams and transactions are examined with it. */
  seesStream = false;
  /** The name of the application protocol, where the flow's is known and may be asked about. */
  protocol: string | null = null;
  /** Of its own, that may be looked at. */
  hasPayload = false;
  /** Nothing is looked for in payloads: what the flow carries is encrypted. */
  isBlind = false;
  payload: Uint8Array = NO_BYTES;
  /** What carries the packet, or it together with another one, is to be blocked. */
  isCarrierBlocked = false;
  /** What the stream's rules see of this direction now. */
  chunk: RawChunk | null = null;
  /** The contents of the rule at hand were found in the stream. */
  isStreamMatch = false;
}
