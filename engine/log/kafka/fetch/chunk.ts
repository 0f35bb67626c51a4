/**
 * What one answer brought for one partition: whole batches that lie in the frame as it was received. The frame's memory
 * is used again only when all chunks in it are done with.
 */

/** A received frame with as many users as it has. */
export class HeldFrame {
  readonly #release: () => void;
  #users = 1;

  /** The maker is its first user. */
  constructor(release: () => void) {
    this.#release = release;
  }

  use(): this {
    this.#users++;
    return this;
  }

  done(): void {
    if (--this.#users === 0) this.#release();
  }
}

export interface Chunk {
  readonly frame: HeldFrame;
  readonly bytes: Uint8Array;
  /** Before the first batch that is still wanted; moves on. */
  start: number;
  readonly end: number;
  /** The chunk answers for the offsets [offset, offsetNext), gaps of compaction included. */
  offset: number;
  readonly offsetNext: number;
}
