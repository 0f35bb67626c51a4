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

  /** By direction. */
  readonly #isClosed: [boolean, boolean] = [false, false];
  /** A direction that fails as it is closed is not found out before more of it comes. */
  #hasFailed = false;

  data(direction: Direction, bytes: Uint8Array, isLast: boolean): void {
    if (this.hasFailed) return;
    if (bytes.length > 0) {
      this.#exchange.raw[direction].came(bytes.length);
      const side = direction === 0 ? this.#requests : this.#responses;
      side.data(bytes, false);
      this.#hasFailed = side.hasFailed;
      this.#exchange.notes.tell(direction);
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
    const raw = this.#exchange.raw[direction];
    const was = raw.isFlushed;
    raw.isFlushed = false;
    return was;
  }

  inspectDepth(direction: Direction): number {
    return this.#exchange.raw[direction].depth;
  }

  gap(direction: Direction, length: number, isLast: boolean): void {
    if (this.hasFailed) return;
    this.#exchange.raw[direction].came(length);
    const side = direction === 0 ? this.#requests : this.#responses;
    side.gap(length);
    this.#hasFailed = side.hasFailed;
    this.#exchange.notes.tell(direction);
    // As in Suricata before what lies behind it, which is then read as if nothing had been closed.
    if (isLast && !this.#isClosed[direction]) this.#close(direction);
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
    return this.#hasFailed;
  }

  set hasFailed(has: boolean) {
    this.#hasFailed = has;
    this.#requests.hasFailed = has;
    this.#responses.hasFailed = has;
  }

  get upgradesTo(): string | null {
    return this.#exchange.upgradesTo;
  }

  get upgradePort(): number {
    return this.#exchange.upgradePort;
  }
}
