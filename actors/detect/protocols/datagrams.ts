/** What protocols over UDP have in common in which each datagram is a message, and each message a transaction or none. */
import type { Direction } from './direction.ts';
import type { Parser, Probe, ProbeAnswer, Transaction } from './protocol.ts';

export abstract class DatagramParser<Tx extends Transaction> implements Parser<Tx> {
  readonly transactions: Tx[] = [];
  hasFailed = false;
  #count = 0;

  /** The transaction that a datagram is, with this id; null where it is none. */
  protected abstract read(direction: Direction, bytes: Uint8Array, id: number): Tx | null;

  data(direction: Direction, bytes: Uint8Array): void {
    if (this.hasFailed || bytes.length === 0) return;
    const tx = this.read(direction, bytes, this.#count);
    if (tx === null) return;
    this.#count += 1;
    this.transactions.push(tx);
  }

  gap(): void {
    this.hasFailed = true;
  }

  release(count: number): void {
    this.transactions.splice(0, count);
  }
}

/** Looked at in both directions, on these ports of UDP, from so many bytes on. */
export function onUdpPorts(ports: readonly number[], least: number, probe: (bytes: Uint8Array) => ProbeAnswer): Probe {
  return { kind: 'port', transport: 'udp', ports, first: 0, least, most: 0, toServer: probe, toClient: probe };
}
