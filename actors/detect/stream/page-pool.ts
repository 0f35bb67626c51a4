/**
 * Memory of all streams together, in pages that go from hand to hand. Invariant: no more than `maxBytes` are out, and
 * what is out is counted. Free pages are kept, so that steady traffic allocates nothing.
 */
export const PAGE_BYTES = 4096;
/** Free pages beyond these are left to the collector. */
const MAX_FREE = 16_384;

export class PagePool {
  heldBytes = 0;
  /** Segments that found no memory. */
  refused = 0;
  /** As much as a receiver's window is kept behind what everybody has seen, to be compared with what comes again. */
  keepsWindow: boolean;
  readonly #maxBytes: number;
  readonly #free: Uint8Array[] = [];

  constructor(maxBytes: number, keepsWindow = false) {
    this.#maxBytes = maxBytes;
    this.keepsWindow = keepsWindow;
  }

  /** What beside pages is kept for streams counts, too. */
  charge(bytes: number): void {
    this.heldBytes += bytes;
  }

  hasRoom(bytes: number): boolean {
    return this.heldBytes + bytes <= this.#maxBytes;
  }

  take(): Uint8Array {
    this.heldBytes += PAGE_BYTES;
    return this.#free.pop() ?? new Uint8Array(PAGE_BYTES);
  }

  give(page: Uint8Array): void {
    this.heldBytes -= PAGE_BYTES;
    if (this.#free.length < MAX_FREE) this.#free.push(page);
  }
}
