/**
 * DNS over UDP and TCP (RFC 1035, 4.2: a length u16 before each message). Each message is a transaction of one
 * direction, as in Suricata, which does not pair a response with its request.
 */
import type { Direction } from '../direction.ts';
import { PendingBytes } from '../pending-bytes.ts';
import type { Parser, ProbeAnswer, Transaction, Transport } from '../protocol.ts';
import { DnsMessage, HEADER_BYTES, hasMalformedQuestions, isPlausible } from './dns-message.ts';

const Z_FLAG = 0x40;
/** Names and records that were asked for take several times as much as the message. */
const RECORDS_COST = 8;
/** As many as Suricata remembers. */
const QUIET_MAX = 500;
const OPCODE_UNASSIGNED_FROM = 7;

export class DnsTransaction implements Transaction {
  readonly id: number;
  readonly message: DnsMessage;
  readonly isOneSided: Direction;
  readonly progress: readonly [number, number] = [1, 1];
  readonly events: string[] = [];
  readonly isQuiet: boolean;

  constructor(id: number, message: DnsMessage, isQuiet: boolean) {
    this.isQuiet = isQuiet;
    this.id = id;
    this.message = message;
    this.isOneSided = message.isRequest ? 0 : 1;
  }

  get keptBytes(): number {
    return RECORDS_COST * this.message.bytes.length;
  }
}

export class DnsParser implements Parser<DnsTransaction> {
  readonly transactions: DnsTransaction[] = [];
  hasFailed = false;
  readonly shown: [number, number] = [0, 0];
  private readonly transport: Transport;
  private readonly pending: readonly [PendingBytes, PendingBytes] = [new PendingBytes(), new PendingBytes()];
  private afterGap = false;
  private count = 0;
  /** Ids of requests whose answers are not told. */
  private quiet: Set<number> | null = null;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  data(direction: Direction, bytes: Uint8Array): void {
    if (this.hasFailed || bytes.length === 0) return;
    // A datagram that is wrong says nothing of the next one.
    if (this.transport === 'udp') this.message(direction, bytes);
    else this.stream(direction, bytes);
  }

  gap(direction: Direction): void {
    this.pending[direction].clear();
    this.afterGap = true;
  }

  unused(direction: Direction): number {
    return this.pending[direction].length;
  }

  required(direction: Direction): number {
    const [high, low] = this.pending[direction].peek();
    if (high === undefined) return 0;
    return low === undefined ? 2 : 2 + ((high << 8) | low);
  }

  passOver(direction: Direction): void {
    this.pending[direction].clear();
  }

  release(count: number): void {
    this.transactions.splice(0, count);
  }

  keepQuiet(tx: Transaction): void {
    if (!(tx instanceof DnsTransaction) || !tx.message.isRequest) return;
    this.quiet ??= new Set();
    this.quiet.add(tx.message.id);
    if (this.quiet.size <= QUIET_MAX) return;
    const [oldest] = this.quiet;
    this.quiet.delete(oldest!);
  }

  private stream(direction: Direction, bytes: Uint8Array): void {
    const pending = this.pending[direction];
    const all = pending.join(bytes);
    if (this.afterGap) {
      // Of a server only what looks like the start of a message is parsed again, or has no room for one.
      if (probeStream(all) !== 'no' || isTooShort(all)) this.afterGap = false;
      else if (direction === 1) {
        pending.clear();
        return;
      }
    }
    let at = 0;
    while (at + 2 <= all.length) {
      const end = at + 2 + ((all[at]! << 8) | all[at + 1]!);
      if (end > all.length) break;
      // What it says does not matter.
      if (end > at + 2) this.shown[direction] += 1;
      if (end > at + 2 && !this.message(direction, all.subarray(at + 2, end))) {
        this.fail();
        return;
      }
      at = end;
    }
    pending.keep(all, at);
  }

  private fail(): void {
    this.hasFailed = true;
    for (const pending of this.pending) pending.clear();
  }

  /** false: a stream is not parsed any further. */
  private message(direction: Direction, bytes: Uint8Array): boolean {
    if (bytes.length < HEADER_BYTES || !isPlausible(bytes, 0, bytes.length)) return this.transport === 'udp';
    const message = DnsMessage.of(bytes, direction === 0);
    if (message === null) {
      this.event('malformed_data');
      return false;
    }
    const isResponse = (message.flags & 0x8000) !== 0;
    if (direction === 0 && isResponse) {
      this.event('not_request');
      return false;
    }
    if (direction === 1 && !isResponse) this.event('not_response');
    const isQuiet = direction === 1 && this.quiet?.delete(message.id) === true;
    this.transactions.push(new DnsTransaction(this.count++, message, isQuiet));
    if ((message.flags & Z_FLAG) !== 0) this.event('z_flag_set');
    if (message.opcode >= OPCODE_UNASSIGNED_FROM) this.event('invalid_opcode');
    if (message.nameFlags === 0) return true;
    if (message.isTruncatedName) this.event('name_too_long');
    if (message.hasLoop) this.event('infinite_loop');
    if (message.hasTooManyLabels) this.event('too_many_labels');
    return true;
  }

  /** Of the newest transaction; where all are gone nobody can be told. */
  private event(name: string): void {
    this.transactions.at(-1)?.events.push(name);
  }
}

function probeMessage(bytes: Uint8Array, at: number, length: number): ProbeAnswer {
  if (bytes.length - at < HEADER_BYTES) return 'no';
  if (bytes.length - at >= length) {
    const message = bytes.subarray(at, at + length);
    if (message.length < HEADER_BYTES || !isPlausible(message, 0, length)) return 'no';
    if (hasMalformedQuestions(message)) return 'no';
  }
  return isPlausible(bytes, at, length) ? 'yes' : 'no';
}

/** Whether it looks like a message with its length before it. */
export function probeStream(bytes: Uint8Array): ProbeAnswer {
  if (bytes.length < 2) return 'more';
  return probeMessage(bytes, 2, (bytes[0]! << 8) | bytes[1]!);
}

/** A whole message without room for its header. */
function isTooShort(bytes: Uint8Array): boolean {
  const length = (bytes[0]! << 8) | bytes[1]!;
  return length < HEADER_BYTES && bytes.length >= 2 + length;
}

export const probeDatagram = (bytes: Uint8Array): ProbeAnswer => probeMessage(bytes, 0, bytes.length);

export const isResponse = (bytes: Uint8Array, at: number): boolean => (bytes[at + 2]! & 0x80) !== 0;
