/**
 * MQTT over TCP: messages and the transactions that they make, as Suricata pairs them. CONNECT and CONNACK are one, a
 * PUBLISH of qos 1 or 2 and its acknowledgments, SUBSCRIBE and SUBACK, UNSUBSCRIBE and UNSUBACK; every other message
 * stands alone. A transaction has the direction of its first message.
 */
import type { Direction } from '../direction.ts';
import { PendingBytes } from '../pending-bytes.ts';
import type { Parser, Transaction } from '../protocol.ts';
import { type MessageType, MqttMessage, readHeader, readMessage } from './mqtt-message.ts';

/** Of a longer message only the header is read. */
export const MESSAGE_BYTES_MAX = 1_048_576;
/** Live transactions of a flow; beyond, the oldest open one is taken for complete. */
export const TRANSACTIONS_MAX = 1024;
/** Bytes of messages whose acknowledgment is missing, of a flow; beyond, the oldest is taken for complete, too. */
const OPEN_BYTES_MAX = 4 * MESSAGE_BYTES_MAX;

/** Measured, roughly: what was read of a message. */
const MESSAGE_COST_BYTES = 512;

/** Stands for a packet identifier in CONNECT, which has none. */
const CONNECT_ID = -2;
const NO_ID = -1;

/** Messages that wait for an answer, where their qos asks for one. */
const ASKING: ReadonlySet<MessageType> = new Set(['PUBLISH', 'SUBSCRIBE', 'UNSUBSCRIBE']);
/** Messages that answer, and the event where what they answer was not seen. */
const MISSING: { readonly [type in MessageType]?: string } = {
  CONNACK: 'missing_connect',
  PUBACK: 'missing_publish',
  PUBREC: 'missing_publish',
  PUBREL: 'missing_publish',
  PUBCOMP: 'missing_publish',
  SUBACK: 'missing_subscribe',
  UNSUBACK: 'missing_unsubscribe',
};
const EMPTY = new Uint8Array(0);

/** What messages in the flow have said of it. */
export interface MqttSession {
  /** 0: no CONNECT was seen. */
  version: number;
}

export class MqttTransaction implements Transaction {
  readonly id: number;
  readonly isOneSided: Direction;
  readonly session: MqttSession;
  readonly messages: MqttMessage[] = [];
  keptBytes = 0;
  readonly events: string[] = [];
  readonly isUpdated: [boolean, boolean];
  isComplete = false;
  packetId = NO_ID;

  constructor(id: number, direction: Direction, session: MqttSession) {
    this.id = id;
    this.isOneSided = direction;
    this.isUpdated = [direction === 0, direction === 1];
    this.session = session;
  }

  get progress(): readonly [number, number] {
    if (this.isComplete) return COMPLETE;
    return this.isOneSided === 0 ? OPEN_TO_SERVER : OPEN_TO_CLIENT;
  }
}

const COMPLETE = [1, 1] as const;
const OPEN_TO_SERVER = [0, 1] as const;
const OPEN_TO_CLIENT = [1, 0] as const;

export class MqttParser implements Parser<MqttTransaction> {
  transactions: MqttTransaction[] = [];
  hasFailed = false;
  private readonly session: MqttSession = { version: 0 };
  private readonly pending: readonly [PendingBytes, PendingBytes] = [new PendingBytes(), new PendingBytes()];
  /** Bytes of a too long message that are still to come. */
  private readonly skipped: [number, number] = [0, 0];
  /** So many bytes must lie there before it is worth looking again. */
  private readonly needed: [number, number] = [0, 0];
  private isConnected = false;
  private openBytes = 0;
  private count = 0;

  data(direction: Direction, bytes: Uint8Array): void {
    if (this.hasFailed || bytes.length === 0) return;
    let fresh = bytes;
    if (this.skipped[direction] > 0) {
      const skipped = Math.min(this.skipped[direction], bytes.length);
      this.skipped[direction] -= skipped;
      fresh = bytes.subarray(skipped);
      if (fresh.length === 0) return;
    }
    const pending = this.pending[direction];
    const all = pending.join(fresh);
    const used = all.length < this.needed[direction] ? 0 : this.messages(direction, all);
    if (this.hasFailed) {
      for (const one of this.pending) one.clear();
    } else pending.keep(all, used);
  }

  /** Suricata gives up, too. */
  gap(): void {
    this.hasFailed = true;
    for (const pending of this.pending) pending.clear();
  }

  unused(direction: Direction): number {
    return this.pending[direction].length;
  }

  required(direction: Direction): number {
    const { length } = this.pending[direction];
    return length === 0 ? 0 : length + 1;
  }

  passOver(direction: Direction): void {
    this.pending[direction].clear();
  }

  release(count: number): void {
    this.transactions.splice(0, count);
  }

  releaseWhere(isDone: (tx: MqttTransaction) => boolean): void {
    this.transactions = this.transactions.filter((tx) => !isDone(tx));
  }

  /** How many bytes were used. */
  private messages(direction: Direction, all: Uint8Array): number {
    let at = 0;
    this.needed[direction] = 0;
    while (at < all.length) {
      const header = readHeader(all, at);
      if (header === 'more') return at;
      if (header === 'malformed') return this.malformed(direction, at);
      const end = at + header.bytes + header.remaining;
      if (header.remaining > MESSAGE_BYTES_MAX) {
        // Suricata counts it to the client whoever sent it.
        this.take(1, new MqttMessage(header, EMPTY, true));
        if (end >= all.length) {
          this.skipped[direction] = end - all.length;
          return all.length;
        }
        at = end;
        continue;
      }
      if (end > all.length) {
        this.needed[direction] = end - at;
        return at;
      }
      const message = readMessage(header, new Uint8Array(all.subarray(at + header.bytes, end)), this.session.version);
      if (message === null) return this.malformed(direction, at);
      this.take(direction, message);
      at = end;
    }
    return at;
  }

  private malformed(direction: Direction, at: number): number {
    const tx = new MqttTransaction(this.count++, direction, this.session);
    tx.isComplete = true;
    tx.events.push('malformed_traffic');
    this.transactions.push(tx);
    this.hasFailed = true;
    return at;
  }

  private take(direction: Direction, message: MqttMessage): void {
    const missing = MISSING[message.header.type];
    if (message.isTruncated) this.alone(direction, message);
    else if (missing !== undefined) this.answer(direction, message, missing);
    else if (message.connect !== null) this.connect(direction, message, message.connect.version);
    else if (ASKING.has(message.header.type)) this.ask(direction, message);
    else if (message.header.type === 'UNASSIGNED') this.alone(direction, message).events.push('unassigned_msg_type');
    else this.introduced(this.alone(direction, message));
  }

  private connect(direction: Direction, message: MqttMessage, version: number): void {
    this.session.version = version;
    const tx = this.open(direction, message);
    tx.packetId = CONNECT_ID;
    if (this.isConnected) tx.events.push('double_connect');
  }

  private ask(direction: Direction, message: MqttMessage): void {
    const tx = this.open(direction, message);
    const { qos } = message.header;
    if (qos === 0) this.close(tx);
    else if (qos === 3) tx.events.push('invalid_qos_level');
    else tx.packetId = message.messageId ?? NO_ID;
    this.introduced(tx);
  }

  private answer(direction: Direction, message: MqttMessage, missing: string): void {
    const { type } = message.header;
    const packetId = type === 'CONNACK' ? CONNECT_ID : message.messageId!;
    const tx = this.transactions.find((one) => one.packetId === packetId && !one.isComplete);
    if (tx !== undefined) {
      tx.isUpdated.fill(true);
      this.add(tx, message);
      if (type === 'CONNACK') this.isConnected = true;
      if (type !== 'PUBREC' && type !== 'PUBREL') this.close(tx);
      else if (this.openBytes > OPEN_BYTES_MAX) this.crowded();
      return;
    }
    const lone = this.alone(direction, message);
    lone.events.push(missing);
    if (type !== 'CONNACK') this.introduced(lone);
  }

  private alone(direction: Direction, message: MqttMessage): MqttTransaction {
    const tx = this.open(direction, message);
    this.close(tx);
    return tx;
  }

  private introduced(tx: MqttTransaction): void {
    if (!this.isConnected) tx.events.push('unintroduced_message');
  }

  private open(direction: Direction, message: MqttMessage): MqttTransaction {
    const tx = new MqttTransaction(this.count++, direction, this.session);
    this.add(tx, message);
    if (this.transactions.length > TRANSACTIONS_MAX) this.crowded();
    while (this.openBytes - tx.keptBytes > OPEN_BYTES_MAX && this.crowded());
    this.transactions.push(tx);
    return tx;
  }

  private add(tx: MqttTransaction, message: MqttMessage): void {
    const bytes = MESSAGE_COST_BYTES + message.body.length;
    tx.messages.push(message);
    tx.keptBytes += bytes;
    this.openBytes += bytes;
  }

  private close(tx: MqttTransaction): void {
    tx.isComplete = true;
    tx.packetId = NO_ID;
    this.openBytes -= tx.keptBytes;
  }

  /** Takes the oldest open transaction for complete. false: none is open. */
  private crowded(): boolean {
    const oldest = this.transactions.find(({ isComplete }) => !isComplete);
    if (oldest === undefined) return false;
    oldest.events.push('too_many_transactions');
    oldest.isUpdated.fill(true);
    this.close(oldest);
    return true;
  }
}
