/**
 * Memory of finished batches, used again: an encoder hands it over with what it has written in it, and when the log is
 * done with that it comes back here. One for all encoders of a thread. What lies here is nobody's; what never comes back
 * is the collector's.
 */

export interface BatchMemoryOptions {
  /** Below this, batches are copied out of their encoder's memory, which it keeps. Default 64 KiB. */
  readonly bytesMin?: number;
  /** What is kept for the next batches. Default 32 MiB. */
  readonly idleBytesMax?: number;
}

const IDLE_COUNT_MAX = 32;
/** Memory of more than so many times the length would be missing elsewhere. */
const WASTE_MAX = 4;

export class BatchMemory {
  readonly bytesMin: number;
  readonly #idleBytesMax: number;
  readonly #idle: ArrayBuffer[] = [];
  #idleBytes = 0;

  constructor({ bytesMin = 64 * 1024, idleBytesMax = 32 * 1024 * 1024 }: BatchMemoryOptions = {}) {
    this.bytesMin = bytesMin;
    this.#idleBytesMax = idleBytesMax;
  }

  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** Of `length` bytes at least, of undefined content; the caller's. */
  take(length: number): ArrayBuffer {
    const wanted = Math.max(length, this.bytesMin);
    const best = this.#bestFor(wanted);
    if (best < 0) return new ArrayBuffer(rounded(wanted));
    const [memory] = this.#idle.splice(best, 1);
    this.#idleBytes -= memory!.byteLength;
    return memory!;
  }

  /** Nobody else may have it. */
  give(memory: ArrayBuffer): void {
    if (memory.byteLength < this.bytesMin) return;
    this.#idle.push(memory);
    this.#idleBytes += memory.byteLength;
    // The one that has lain longest fits worst.
    while (this.#idleBytes > this.#idleBytesMax || this.#idle.length > IDLE_COUNT_MAX) {
      this.#idleBytes -= this.#idle.shift()!.byteLength;
    }
  }

  /** The smallest that fits. */
  #bestFor(length: number): number {
    const idle = this.#idle;
    let best = -1;
    for (let i = 0; i < idle.length; i++) {
      const size = idle[i]!.byteLength;
      if (size < length || size > WASTE_MAX * length) continue;
      if (best < 0 || size < idle[best]!.byteLength) best = i;
    }
    return best;
  }
}

/** In steps of an eighth of the power of two below, so that batches of about one size share their memory. */
function rounded(length: number): number {
  const step = Math.max(1, 2 ** (Math.floor(Math.log2(length)) - 3));
  return Math.ceil(length / step) * step;
}
