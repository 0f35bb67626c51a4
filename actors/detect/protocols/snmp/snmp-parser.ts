/** SNMP over UDP: each message is a transaction of one direction. */
import type { Direction } from '../direction.ts';
import type { Parser, Transaction } from '../protocol.ts';
import { readSnmp, type SnmpMessage, versionOf } from './snmp-message.ts';

export class SnmpTransaction implements Transaction {
  readonly id: number;
  readonly message: SnmpMessage;
  /** Of the flow: that of its first message. */
  readonly version: number;
  readonly isOneSided: Direction;
  readonly progress: readonly [number, number] = [1, 1];
  readonly events: string[] = [];

  constructor(id: number, message: SnmpMessage, version: number, direction: Direction) {
    this.id = id;
    this.message = message;
    this.version = version;
    this.isOneSided = direction;
  }
}

export class SnmpParser implements Parser<SnmpTransaction> {
  readonly transactions: SnmpTransaction[] = [];
  hasFailed = false;
  #version = 0;
  #count = 0;

  data(direction: Direction, bytes: Uint8Array): void {
    if (this.hasFailed || bytes.length === 0) return;
    if (this.#version === 0) this.#version = versionOf(bytes) ?? 0;
    const message = readSnmp(bytes);
    if (message === null) {
      this.transactions.at(-1)?.events.push('malformed_data');
      return;
    }
    const tx = new SnmpTransaction(this.#count, message, this.#version, direction);
    this.#count += 1;
    if (message.version !== this.#version) tx.events.push('version_mismatch');
    if (message.hasUnknownSecurity) tx.events.push('unknown_security_model');
    this.transactions.push(tx);
  }

  gap(): void {
    this.hasFailed = true;
  }

  release(count: number): void {
    this.transactions.splice(0, count);
  }
}
