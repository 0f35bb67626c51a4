/** HTTP/1 of one connection: requests and responses, matched in their order. */
import type { Direction } from '../direction.ts';
import type { Parser } from '../protocol.ts';
import { Exchange } from './exchange.ts';
import type { HttpTransaction } from './http-transaction.ts';
import { NO_BYTES } from './octets.ts';
import { RequestSide } from './request-side.ts';
import { ResponseSide } from './response-side.ts';

export class HttpParser implements Parser<HttpTransaction> {
  readonly #exchange = new Exchange();
  readonly #requests = new RequestSide(this.#exchange);
  readonly #responses = new ResponseSide(this.#exchange, this.#requests);

  data(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (this.hasFailed) return;
    if (direction === 0) {
      this.#requests.data(bytes, isLast);
      return;
    }
    this.#responses.data(bytes, isLast);
    // With the server's end nothing comes of the client either.
    if (isLast) this.#requests.data(NO_BYTES, true);
  }

  gap(direction: Direction, length: number): void {
    if (this.hasFailed) return;
    if (direction === 0) this.#requests.gap(length);
    else this.#responses.gap(length);
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
