/**
 * Memory of finished batches, used again: an encoder hands it over with what it has written in it, and when the log is
 * done with that it comes back here. One for all encoders of a thread. What lies here is nobody's; what never comes back
 * is the collector's.
 *
 * In a worker the memory is shared, because V8 does not count that: tens of megabytes that go to and fro
 * would have it collect whole heaps for nothing. So the collector does not hurry either, and such memory has a limit.
 */

export interface BatchMemoryOptions {
  /** Below this, batches are copied out of their encoder's memory, which it keeps. Default 64 KiB. */
  readonly bytesMin?: number;
  /** What is kept for the next batches. Default 64 MiB. */
  readonly idleBytesMax?: number;
  /** Whether it crosses to another thread and back. */
  readonly isShared?: boolean;
  /** Of shared memory, until the collector has taken what went; beyond it, memory is the collector's again. Default 256 MiB. */
  readonly sharedBytesMax?: number;
}

const IDLE_COUNT_MAX = 32;
/** Memory of more than so many times the length would be missing elsewhere. */
const WASTE_MAX = 4;

export class BatchMemory {
  readonly bytesMin: number;
  readonly #idleBytesMax: number;
  readonly #isShared: boolean;
  readonly #sharedBytesMax: number;
  /** What was let go of is there until it is collected, and nothing hurries the collector: so long it counts. */
  readonly #letGo = new FinalizationRegistry<number>((bytes) => {
    this.#sharedBytes -= bytes;
  });
  readonly #idle: ArrayBufferLike[] = [];
  /** So many of them, the first, have lain here since the last `rest` at least. */
  #stale = 0;
  #idleBytes = 0;
  #sharedBytes = 0;

  constructor({
    bytesMin = 64 * 1024,
    idleBytesMax = 64 * 1024 * 1024,
    isShared = false,
    sharedBytesMax = 256 * 1024 * 1024,
  }: BatchMemoryOptions = {}) {
    this.bytesMin = bytesMin;
    this.#idleBytesMax = idleBytesMax;
    this.#isShared = isShared;
    this.#sharedBytesMax = sharedBytesMax;
  }

  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** Of `length` bytes at least, of undefined content; the caller's. */
  take(length: number): ArrayBufferLike {
    const wanted = Math.max(length, this.bytesMin);
    const best = this.#bestFor(wanted);
    if (best < 0) return this.#allocate(rounded(wanted));
    const [memory] = this.#idle.splice(best, 1);
    if (best < this.#stale) this.#stale--;
    this.#idleBytes -= memory!.byteLength;
    return memory!;
  }

  /** Called now and then: what nobody has wanted since the last time goes. */
  rest(): void {
    while (this.#stale > 0) this.#dropFirst();
    this.#stale = this.#idle.length;
  }

  /** Nobody else may have it. */
  give(memory: ArrayBufferLike): void {
    if (memory.byteLength < this.bytesMin) return;
    this.#idle.push(memory);
    this.#idleBytes += memory.byteLength;
    // The one that has lain longest fits worst.
    while (this.#idleBytes > this.#idleBytesMax || this.#idle.length > IDLE_COUNT_MAX) this.#dropFirst();
  }

  #dropFirst(): void {
    const dropped = this.#idle.shift()!;
    if (this.#stale > 0) this.#stale--;
    this.#idleBytes -= dropped.byteLength;
    if (dropped instanceof SharedArrayBuffer) this.#letGo.register(dropped, dropped.byteLength);
  }

  #allocate(size: number): ArrayBufferLike {
    if (!this.#isShared || this.#sharedBytes + size > this.#sharedBytesMax) return new ArrayBuffer(size);
    this.#sharedBytes += size;
    return new SharedArrayBuffer(size);
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
