/**
 * Memory for what is received, used again and again: one for all connections of a thread. A frame's memory belongs to
 * whoever took it until it is given back, once; after that its bytes may change at any moment.
 */
import { assert } from '../../../base/index.ts';

/** Below this a frame's memory is not worth keeping: the collector is cheap for it. */
const KEPT_BYTES_MIN = 16 * 1024;
const IDLE_COUNT_MAX = 32;

export class ReceiveBuffers {
  /** Of all frames that are out. */
  bytesHeld = 0;
  /** Allocations so far: at rest it stands still. */
  allocated = 0;
  readonly #idleBytesMax: number;
  #idleBytes = 0;
  readonly #idle: ArrayBuffer[] = [];
  readonly #out = new Map<ArrayBuffer, number>();

  /** `idleBytesMax`: what is kept for the next frames. */
  constructor(idleBytesMax = 32 * 1024 * 1024) {
    this.#idleBytesMax = idleBytesMax;
  }

  /** A view of exactly `length` bytes of undefined content. */
  take(length: number): Uint8Array {
    const memory = this.#find(length) ?? this.#allocate(length);
    this.#out.set(memory, length);
    this.bytesHeld += memory.byteLength;
    return new Uint8Array(memory, 0, length);
  }

  /** `frame` is what `take` gave. */
  give(frame: Uint8Array): void {
    const memory = frame.buffer as ArrayBuffer;
    assert(this.#out.delete(memory), 'a frame is given back once, to where it was taken');
    this.bytesHeld -= memory.byteLength;
    if (memory.byteLength < KEPT_BYTES_MIN) return;
    this.#idle.push(memory);
    this.#idleBytes += memory.byteLength;
    // The one that has lain longest fits worst.
    while (this.#idleBytes > this.#idleBytesMax || this.#idle.length > IDLE_COUNT_MAX) {
      this.#idleBytes -= this.#idle.shift()!.byteLength;
    }
  }

  /** The frame is the caller's for ever; its memory is not used again. */
  disown(frame: Uint8Array): void {
    assert(this.#out.delete(frame.buffer as ArrayBuffer), 'a frame is disowned once, where it was taken');
    this.bytesHeld -= frame.buffer.byteLength;
  }

  /** The smallest that fits, but none of more than twice the length: it would be missing for a large frame. */
  #find(length: number): ArrayBuffer | undefined {
    let best = -1;
    for (let i = 0; i < this.#idle.length; i++) {
      const size = this.#idle[i]!.byteLength;
      if (size < length || size > 2 * Math.max(length, KEPT_BYTES_MIN)) continue;
      if (best < 0 || size < this.#idle[best]!.byteLength) best = i;
    }
    if (best < 0) return undefined;
    const [memory] = this.#idle.splice(best, 1);
    this.#idleBytes -= memory!.byteLength;
    return memory;
  }

  /** In steps of an eighth of the power of two below, so that frames of about one size share their memory. */
  #allocate(length: number): ArrayBuffer {
    this.allocated++;
    if (length < KEPT_BYTES_MIN) return new ArrayBuffer(length);
    const step = 2 ** (Math.floor(Math.log2(length)) - 3);
    return new ArrayBuffer(Math.ceil(length / step) * step);
  }
}
