/**
 * Puts what arrives on a connection straight into frames (a length in four bytes, then as many bytes): the socket asks
 * where the next bytes go and is given exactly the rest of the length, or exactly the rest of the frame, so that no read
 * runs into the next frame and no byte is copied after the kernel's copy. docs/decisions/0012 has the measurements.
 */
import { assert, MsecError } from '../../../base/index.ts';
import type { ReceiveBuffers } from './receive-buffers.ts';

const LENGTH_BYTES = 4;

export class FrameReceiver {
  readonly #buffers: ReceiveBuffers;
  readonly #frameBytesMax: number;
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #length = new Uint8Array(LENGTH_BYTES);
  #lengthBytes = 0;
  #frame: Uint8Array | undefined;
  #frameBytes = 0;
  #isClosed = false;

  /** `onFrame` is called with each whole frame, which is its own until it gives it back to `buffers`. */
  constructor(buffers: ReceiveBuffers, frameBytesMax: number, onFrame: (frame: Uint8Array) => void) {
    this.#buffers = buffers;
    this.#frameBytesMax = frameBytesMax;
    this.#onFrame = onFrame;
  }

  /** Where the next bytes go. Asked anew after each `received`. */
  buffer(): Uint8Array {
    return this.#frame === undefined
      ? this.#length.subarray(this.#lengthBytes)
      : this.#frame.subarray(this.#frameBytes);
  }

  /** So many bytes were written to the beginning of what `buffer` gave. DEPENDENCY_DOWN for a length out of bounds. */
  received(count: number): void {
    if (this.#isClosed) return;
    if (this.#frame === undefined) this.#receivedLength(count);
    else {
      this.#frameBytes += count;
      assert(this.#frameBytes <= this.#frame.length, 'no more is received than there is room for');
    }
    const frame = this.#frame;
    if (frame === undefined || this.#frameBytes < frame.length) return;
    this.#frame = undefined;
    this.#onFrame(frame);
  }

  /** Gives the memory of an unfinished frame back; the socket must not write any more. */
  close(): void {
    this.#isClosed = true;
    if (this.#frame !== undefined) this.#buffers.give(this.#frame);
    this.#frame = undefined;
    this.#lengthBytes = 0;
  }

  #receivedLength(count: number): void {
    this.#lengthBytes += count;
    assert(this.#lengthBytes <= LENGTH_BYTES, 'no more is received than there is room for');
    if (this.#lengthBytes < LENGTH_BYTES) return;
    this.#lengthBytes = 0;
    const [a, b, c, d] = this.#length as unknown as [number, number, number, number];
    const length = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
    if (length < LENGTH_BYTES || length > this.#frameBytesMax) {
      throw new MsecError('DEPENDENCY_DOWN', `a frame of ${length} bytes; the limit is ${this.#frameBytesMax}`);
    }
    this.#frame = this.#buffers.take(length);
    this.#frameBytes = 0;
  }
}
