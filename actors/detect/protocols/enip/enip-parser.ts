/**
 * EtherNet/IP over TCP and UDP: each message is a transaction of its direction. As in Suricata nothing is kept of a message
 * that is not whole: what a packet brings next is taken for the beginning of another one.
 */
import type { Direction } from '../direction.ts';
import type { Parser, Transaction } from '../protocol.ts';
import { type CipService, Effort, readServices } from './cip-services.ts';
import { COMMANDS, encapsulationAt, HEADER_BYTES } from './encapsulation.ts';

const COMPLETE = [1, 1] as const;
const NO_EVENTS: readonly string[] = [];

/** What came at once, from a message on: Suricata reads services beyond its end, too. */
interface Data {
  readonly bytes: Uint8Array;
  readonly effort: Effort;
}

export class EnipTransaction implements Transaction {
  readonly id: number;
  readonly isOneSided: Direction;
  readonly progress = COMPLETE;
  readonly events = NO_EVENTS;
  readonly command: number;
  readonly keptBytes: number;
  readonly #data: Data | null;
  #services: readonly CipService[] | null = null;

  constructor(id: number, direction: Direction, command: number, data: Data | null, keptBytes: number) {
    this.id = id;
    this.isOneSided = direction;
    this.command = command;
    this.#data = data;
    this.keptBytes = data === null ? 0 : keptBytes;
  }

  /** Read when somebody asks. */
  get services(): readonly CipService[] {
    this.#services ??= this.#data === null ? [] : readServices(this.#data.bytes, this.#data.effort);
    return this.#services;
  }
}

export class EnipParser implements Parser<EnipTransaction> {
  transactions: EnipTransaction[] = [];
  readonly hasFailed = false;
  #count = 0;

  data(direction: Direction, bytes: Uint8Array): void {
    let copy: Uint8Array | null = null;
    const effort = new Effort();
    for (let at = 0; at < bytes.length; ) {
      const { command, length } = encapsulationAt(bytes, at);
      const hasServices = command === COMMANDS.sendRrData || command === COMMANDS.sendUnitData;
      if (hasServices) copy ??= new Uint8Array(bytes);
      const data = hasServices ? { bytes: copy!.subarray(at), effort } : null;
      const end = at + HEADER_BYTES + length;
      this.transactions.push(
        new EnipTransaction(this.#count++, direction, command, data, Math.min(end, bytes.length) - at),
      );
      // What is too little for a header is a message only where nothing is before it.
      if (end + HEADER_BYTES > bytes.length) break;
      at = end;
    }
  }

  gap(): void {}

  release(count: number): void {
    this.transactions.splice(0, count);
  }

  releaseWhere(isDone: (tx: EnipTransaction) => boolean): void {
    this.transactions = this.transactions.filter((tx) => !isDone(tx));
  }
}
