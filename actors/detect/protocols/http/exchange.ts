/** The transactions of a connection, and what one direction has to know of the other. */
import type { Direction } from '../direction.ts';
import { REQUEST_LIMITS, RESPONSE_LIMITS } from './body.ts';
import { HttpTransaction } from './http-transaction.ts';
import { Notes } from './notes.ts';
import { RawSide } from './raw-side.ts';

/** As many are kept at a time; a connection that has more is not followed. */
export const TRANSACTIONS_MAX = 512;

export class Exchange {
  readonly live: HttpTransaction[] = [];
  readonly notes = new Notes(this);
  readonly raw: readonly [RawSide, RawSide] = [new RawSide(REQUEST_LIMITS), new RawSide(RESPONSE_LIMITS)];
  /** Responses that are whole. */
  answers = 0;
  /** Nothing is parsed any more: what goes on is not HTTP. */
  isTunnel = false;
  upgradesTo: string | null = null;
  /** As the CONNECT says; 0: it says none. */
  upgradePort = 0;
  /** The request waits for the answer to a CONNECT. */
  awaits: HttpTransaction | null = null;
  /** A 4xx came before a body that was announced with 100-continue: there will be none. */
  givesUpBody: HttpTransaction | null = null;
  #next = 0;
  #nextResponse = 0;

  create(): HttpTransaction | null {
    if (this.live.length >= TRANSACTIONS_MAX) return null;
    const tx = new HttpTransaction(this.#next, this.notes, this.raw);
    this.#next += 1;
    this.live.push(tx);
    return tx;
  }

  /** The request that the next response belongs to; null: none was seen. */
  answered(): HttpTransaction | null {
    const id = this.#nextResponse;
    this.#nextResponse += 1;
    return this.#find(id);
  }

  /** Of the transaction whose turn it is in the direction, or of the one before it. */
  eventOf(direction: Direction, name: string): void {
    const id = direction === 0 ? this.#next - 1 : this.answers;
    (this.#find(id) ?? this.#find(id - 1))?.event(name);
  }

  #find(id: number): HttpTransaction | null {
    const first = this.live[0];
    return first === undefined ? null : (this.live[id - first.id] ?? null);
  }

  release(count: number): void {
    this.live.splice(0, count);
  }
}
