/** What came of a body, bounded, and which window of it rules look at next. */
import { NO_BYTES } from './octets.ts';

export interface BodyLimits {
  /** As many bytes are kept; the rest is counted alone. */
  readonly limit: number;
  /** No look before there are so many, unless the body has ended. */
  readonly least: number;
  /** A look has at least so many bytes, those seen before included. */
  readonly window: number;
}

export const REQUEST_LIMITS: BodyLimits = { limit: 102_400, least: 32_768, window: 4096 };
export const RESPONSE_LIMITS: BodyLimits = { limit: 102_400, least: 40_960, window: 16_384 };

/** No more room is made for a body that has only been announced. */
const FIRST_BYTES = 16_384;

export class Body {
  readonly limits: BodyLimits;
  /** Bytes up to the limit that came; behind a gap it goes on as if there were none. */
  size = 0;
  #bytes: Uint8Array = NO_BYTES;
  /** As many are announced. */
  expected = 0;
  /** A rule about the body of a request, and not about files, has looked at it. */
  wasAsked = false;
  #inspected = 0;
  #shown = 0;

  constructor(limits: BodyLimits) {
    this.limits = limits;
  }

  get keptBytes(): number {
    return this.#bytes.length;
  }

  get isFull(): boolean {
    return this.size >= this.limits.limit;
  }

  /** Adds what the limit allows of it; how many bytes that were. */
  append(bytes: Uint8Array): number {
    const length = Math.min(bytes.length, this.limits.limit - this.size);
    if (length <= 0) return 0;
    if (this.size + length > this.#bytes.length) {
      const grown = new Uint8Array(
        this.size === 0
          ? Math.max(length, Math.min(this.expected, FIRST_BYTES))
          : Math.max(2 * this.#bytes.length, this.size + length),
      );
      grown.set(this.#bytes.subarray(0, this.size));
      this.#bytes = grown;
    }
    this.#bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length), this.size);
    this.size += length;
    return length;
  }

  /** Whether there is something new to look at. */
  isReady(hasEnded: boolean): boolean {
    if (this.#inspected === this.size) return false;
    return hasEnded || this.isFull || this.size >= this.limits.least;
  }

  get windowStart(): number {
    if (this.#inspected <= this.limits.least) return 0;
    const news = this.size - this.#inspected;
    const before = news < this.limits.window ? this.limits.window - news : this.limits.window / 4;
    return Math.max(0, this.#inspected - before);
  }

  window(): Uint8Array {
    this.#shown = this.size;
    return this.#bytes.subarray(this.windowStart, this.size);
  }

  /** From a place in the body on; for what is looked at outside of rules. */
  from(offset: number): Uint8Array {
    return this.#bytes.subarray(offset, this.size);
  }

  /** What was shown was looked at; nothing was where it was not ready. */
  inspected(): void {
    this.#inspected = this.#shown;
  }
}
