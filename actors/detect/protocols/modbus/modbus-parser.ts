/** Modbus over TCP: a request and its response are a transaction, whichever of them comes first. */
import type { Direction } from '../direction.ts';
import { PendingBytes } from '../pending-bytes.ts';
import type { Parser, ProbeAnswer, Transaction } from '../protocol.ts';
import type { ModbusMessage } from './modbus-content.ts';
import { ACCESS, ERRORS, UNKNOWN_FUNCTION } from './modbus-functions.ts';
import { isPair, neededBytes, readMessage } from './modbus-message.ts';

/** So many live transactions are a flood: nothing is parsed until there are fewer. */
export const TRANSACTIONS_MAX = 500;

const EVENTS: readonly (readonly [number, string])[] = [
  [ERRORS.FUNC_CODE, 'invalid_function_code'],
  [ERRORS.DATA_VALUE, 'invalid_value'],
  [ERRORS.DATA_LENGTH, 'invalid_length'],
  [ERRORS.EXC_CODE, 'invalid_exception_code'],
  [ERRORS.PROTO_ID, 'invalid_protocol_id'],
];

const OPEN = [0, 0] as const;
const COMPLETE = [1, 1] as const;

export class ModbusTransaction implements Transaction {
  readonly id: number;
  readonly events: string[] = [];
  readonly isUpdated: [boolean, boolean] = [true, true];
  request: ModbusMessage | null = null;
  response: ModbusMessage | null = null;

  constructor(id: number) {
    this.id = id;
  }

  get progress(): readonly [number, number] {
    return this.response === null ? OPEN : COMPLETE;
  }
}

export class ModbusParser implements Parser<ModbusTransaction> {
  transactions: ModbusTransaction[] = [];
  hasFailed = false;
  private readonly pending: readonly [PendingBytes, PendingBytes] = [new PendingBytes(), new PendingBytes()];
  private isFlooded = false;
  private count = 0;

  data(direction: Direction, bytes: Uint8Array): void {
    if (this.hasFailed || bytes.length === 0) return;
    const pending = this.pending[direction];
    const all = pending.join(bytes);
    let at = 0;
    while (at < all.length) {
      const read = readMessage(all, at, direction === 0 ? 'request' : 'response');
      if (read === null) break;
      at = this.take(direction, read.message) ? read.end : all.length;
    }
    pending.keep(all, at);
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
    const pending = this.pending[direction].peek();
    return pending.length === 0 ? 0 : neededBytes(pending);
  }

  passOver(direction: Direction): void {
    this.pending[direction].clear();
  }

  release(count: number): void {
    this.transactions.splice(0, count);
    if (this.transactions.length < TRANSACTIONS_MAX) this.isFlooded = false;
  }

  releaseWhere(isDone: (tx: ModbusTransaction) => boolean): void {
    this.transactions = this.transactions.filter((tx) => !isDone(tx));
    if (this.transactions.length < TRANSACTIONS_MAX) this.isFlooded = false;
  }

  /** false: there are too many. */
  private take(direction: Direction, message: ModbusMessage): boolean {
    const isRequest = direction === 0;
    const open = this.transactions.find(({ request, response }) => {
      const [own, other] = isRequest ? [request, response] : [response, request];
      return own === null && other !== null && isPair(message, other);
    });
    const tx = open ?? this.begin();
    if (tx === null) return false;
    tx.isUpdated.fill(true);
    const isAccess = (message.access & (ACCESS.READ | ACCESS.WRITE)) !== 0;
    const isMismatch = (message.errors & (ERRORS.DATA_LENGTH | ERRORS.DATA_VALUE)) !== 0;
    if (!isRequest && isAccess && isMismatch) tx.events.push('value_mismatch');
    else tx.events.push(...EVENTS.filter(([bit]) => (message.errors & bit) !== 0).map(([, event]) => event));
    if (isRequest) tx.request = message;
    else tx.response = message;
    if (!isRequest && open === undefined) tx.events.push('unsolicited_response');
    return true;
  }

  private begin(): ModbusTransaction | null {
    if (this.isFlooded) return null;
    const tx = new ModbusTransaction(this.count++);
    if (this.transactions.length >= TRANSACTIONS_MAX) {
      tx.events.push('flooded');
      this.isFlooded = true;
    }
    this.transactions.push(tx);
    return tx;
  }
}

export function probe(bytes: Uint8Array): ProbeAnswer {
  const read = readMessage(bytes, 0, 'either');
  if (read === null) return 'more';
  return read.message.errors === 0 && read.message.function !== UNKNOWN_FUNCTION ? 'yes' : 'no';
}
