/** SNMP over UDP: each message is a transaction of one direction. */
import { DatagramParser } from '../datagrams.ts';
import type { Direction } from '../direction.ts';
import type { Transaction } from '../protocol.ts';
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

export class SnmpParser extends DatagramParser<SnmpTransaction> {
  #version = 0;

  protected override read(direction: Direction, bytes: Uint8Array, id: number): SnmpTransaction | null {
    if (this.#version === 0) this.#version = versionOf(bytes) ?? 0;
    const message = readSnmp(bytes);
    if (message === null) {
      this.transactions.at(-1)?.events.push('malformed_data');
      return null;
    }
    const tx = new SnmpTransaction(id, message, this.#version, direction);
    if (message.version !== this.#version) tx.events.push('version_mismatch');
    if (message.hasUnknownSecurity) tx.events.push('unknown_security_model');
    return tx;
  }
}
