/** HTTP/1 of one connection: requests and responses, matched in their order. */
import type { Direction } from '../direction.ts';
import type { Parser } from '../protocol.ts';
import { REQUEST_LIMITS, RESPONSE_LIMITS } from './body.ts';
import { Exchange } from './exchange.ts';
import { BODY, COMPLETE, type HttpTransaction } from './http-transaction.ts';
import { NO_BYTES } from './octets.ts';
import { RequestSide } from './request-side.ts';
import { ResponseSide } from './response-side.ts';

export class HttpParser implements Parser<HttpTransaction> {
  readonly #exchange = new Exchange();
  readonly #requests = new RequestSide(this.#exchange);
  readonly #responses = new ResponseSide(this.#exchange, this.#requests);

  /** By direction: bytes that came, those up to the last message that is whole, and that message's number. */
  readonly #received: [number, number] = [0, 0];
  readonly #begun: [number, number] = [0, 0];
  readonly #done: [number, number] = [-1, -1];
  readonly #isFlushed: [boolean, boolean] = [false, false];
  readonly #isClosed: [boolean, boolean] = [false, false];

  data(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (this.hasFailed) return;
    if (bytes.length > 0) {
      this.#received[direction] += bytes.length;
      (direction === 0 ? this.#requests : this.#responses).data(bytes, false);
      this.#exchange.notes.tell(direction);
      this.#noteBody(direction);
    }
    if (isLast && !this.#isClosed[direction]) this.#close(direction);
  }

  /** With the server's end nothing comes of the client either. */
  #close(direction: Direction): void {
    this.#isClosed[direction] = true;
    this.#requests.data(NO_BYTES, true);
    if (direction === 1) this.#responses.data(NO_BYTES, true);
  }

  takeFlush(direction: Direction): boolean {
    const was = this.#isFlushed[direction];
    this.#isFlushed[direction] = false;
    return was;
  }

  /** Until a body was looked at for the first time. */
  inspectDepth(direction: Direction): number {
    const isBegun = this.#exchange.live.some(
      (tx) => tx.progress[direction] === BODY && tx.message(direction).body.wasInspected,
    );
    if (isBegun) return 0;
    return direction === 0 ? REQUEST_LIMITS.least : RESPONSE_LIMITS.least;
  }

  /** A body that is long enough for a look: rules about the stream see with each piece of it what there is. */
  #noteBody(direction: Direction): void {
    const { live } = this.#exchange;
    const done = live.findLast(({ progress }) => progress[direction] === COMPLETE)?.id ?? -1;
    if (done > this.#done[direction]) {
      this.#done[direction] = done;
      this.#begun[direction] = this.#received[direction];
      return;
    }
    const { least } = direction === 0 ? REQUEST_LIMITS : RESPONSE_LIMITS;
    if (this.#received[direction] - this.#begun[direction] < least) return;
    this.#isFlushed[direction] = live.some(({ progress }) => progress[direction] === BODY);
  }

  gap(direction: Direction, length: number): void {
    if (this.hasFailed) return;
    if (direction === 0) this.#requests.gap(length);
    else this.#responses.gap(length);
    this.#exchange.notes.tell(direction);
  }

  get keptBytes(): number {
    return this.#requests.keptBytes + this.#responses.keptBytes;
  }

  get transactions(): readonly HttpTransaction[] {
    return this.#exchange.live;
  }

  release(count: number): void {
    this.#exchange.release(count);
  }

  get hasFailed(): boolean {
    return this.#requests.hasFailed || this.#responses.hasFailed;
  }

  get upgradesTo(): string | null {
    return this.#exchange.upgradesTo;
  }
}
