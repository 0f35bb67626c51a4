/**
 * What the messages of one direction mean for rules about its raw stream: when they see what there is of it, and how far back
 * it is kept for those that ask for a body beside it.
 */
import type { BodyLimits } from './body.ts';

export class RawSide {
  /** So many bytes before those that rules have seen. */
  depth: number;
  /** Rules are to see what there is. */
  isFlushed = false;
  /** Bytes that came, and those up to the end of the last message that is whole. */
  #received = 0;
  #done = 0;
  readonly #least: number;

  constructor({ least }: BodyLimits) {
    this.#least = least;
    this.depth = least;
  }

  came(length: number): void {
    this.#received += length;
  }

  begin(): void {
    this.depth = this.#least;
  }

  /** More of a body has come; before rules look at it for the first time, it is seen with the stream that it came in. */
  body(size: number, wasInspected: boolean): void {
    if (wasInspected) this.depth = 0;
    else if (size >= this.#least && this.#received > this.#done) {
      this.depth = Math.min(this.#received - this.#done, this.#least);
      this.isFlushed = true;
    }
  }

  /** `left`: bytes that came and belong to what follows. */
  complete(left: number, hasOpenFile: boolean): void {
    this.isFlushed = true;
    this.#done = this.#received - left;
    if (hasOpenFile) this.depth = this.#done;
  }
}
