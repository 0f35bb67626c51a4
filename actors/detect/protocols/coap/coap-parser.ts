/**
 * CoAP over UDP: a request and its response, which has the same token (RFC 7252, 5.3.2), are a transaction. Empty messages
 * acknowledge or reset what has their message id, and are told of with it. Suricata has no CoAP: the form is our own.
 */
import { type Direction, opposite } from '../direction.ts';
import type { Parser, Transaction } from '../protocol.ts';
import { type CoapMessage, isEmpty, isRequest, readMessage } from './coap-message.ts';

/** Live transactions of a flow; beyond, the oldest without a response is taken for complete. */
export const TRANSACTIONS_MAX = 256;

const OPEN = [1, 0] as const;
const OPEN_TO_CLIENT = [0, 1] as const;
const COMPLETE = [1, 1] as const;

export class CoapTransaction implements Transaction {
  readonly id: number;
  /** Of the request; of a response without one, its own is the other. */
  readonly direction: Direction;
  readonly events: string[] = [];
  request: CoapMessage | null = null;
  response: CoapMessage | null = null;
  isReset = false;
  isGivenUp = false;

  constructor(id: number, direction: Direction) {
    this.id = id;
    this.direction = direction;
  }

  get progress(): readonly [number, number] {
    if (this.response !== null || this.isReset || this.isGivenUp) return COMPLETE;
    return this.direction === 0 ? OPEN : OPEN_TO_CLIENT;
  }
}

export class CoapParser implements Parser<CoapTransaction> {
  transactions: CoapTransaction[] = [];
  readonly hasFailed = false;
  private count = 0;

  data(direction: Direction, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const message = readMessage(new Uint8Array(bytes));
    if (message === null) {
      const tx = this.open(direction);
      tx.events.push('malformed_message');
      tx.isGivenUp = true;
    } else if (isEmpty(message)) this.empty(message);
    else if (isRequest(message)) this.open(direction).request = message;
    else this.respond(direction, message);
  }

  gap(): void {}

  release(count: number): void {
    this.transactions.splice(0, count);
  }

  releaseWhere(isDone: (tx: CoapTransaction) => boolean): void {
    this.transactions = this.transactions.filter((tx) => !isDone(tx));
  }

  private empty({ type, id }: CoapMessage): void {
    if (type !== 'RST') return;
    for (const tx of this.transactions) if (tx.request?.id === id || tx.response?.id === id) tx.isReset = true;
  }

  private respond(direction: Direction, message: CoapMessage): void {
    const asked = this.transactions.find(
      ({ direction: way, request, response, isReset }) =>
        way !== direction &&
        request !== null &&
        response === null &&
        !isReset &&
        Buffer.compare(request.token, message.token) === 0,
    );
    if (asked !== undefined) {
      asked.response = message;
      return;
    }
    // Notifications of an observed resource come without a request of their own.
    const tx = this.open(opposite(direction));
    tx.response = message;
    if (!message.options.some(({ number }) => number === 6)) tx.events.push('unsolicited_response');
  }

  private open(direction: Direction): CoapTransaction {
    if (this.transactions.length >= TRANSACTIONS_MAX) {
      const oldest = this.transactions.find(({ progress }) => progress !== COMPLETE);
      if (oldest !== undefined) {
        oldest.events.push('too_many_transactions');
        oldest.isGivenUp = true;
      }
    }
    const tx = new CoapTransaction(this.count++, direction);
    this.transactions.push(tx);
    return tx;
  }
}
