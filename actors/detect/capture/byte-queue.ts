/**
 * Bytes that arrived in pieces, read as one run. A piece is used where it lies while nothing is left over from the one
 * before it; only what crosses two pieces is copied. What was handed out is good until the next push.
 */
export class ByteQueue {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Place of `start` in the whole input. */
  offset = 0;
  #own: Uint8Array = new Uint8Array(0);

  get length(): number {
    return this.end - this.start;
  }

  push(piece: Uint8Array): void {
    const left = this.length;
    if (left === 0) {
      this.bytes = plain(piece);
      this.start = 0;
      this.end = piece.length;
      return;
    }
    this.#move(left + piece.length);
    this.bytes.set(piece, this.end);
    this.end += piece.length;
  }

  /** What is left over is kept in memory of its own. */
  keep(): void {
    if (this.length > 0 && this.bytes !== this.#own) this.#move(this.length);
  }

  /** Makes room for `needed` bytes from `start` on. */
  #move(needed: number): void {
    if (this.bytes === this.#own && needed <= this.#own.length - this.start) return;
    const left = this.length;
    const target = needed > this.#own.length ? new Uint8Array(Math.max(needed, 2 * left)) : this.#own;
    target.set(this.bytes.subarray(this.start, this.end));
    this.#own = target;
    this.bytes = target;
    this.start = 0;
    this.end = left;
  }

  take(count: number): void {
    this.start += count;
    this.offset += count;
  }
}

/** All that reads packets is compiled for plain arrays of bytes; a Buffer among them makes every access slower. */
export const plain = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
