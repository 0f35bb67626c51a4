/** The first line and the header block of a message, as it came: one copy for each, all views point into it. */
import { NO_BYTES } from './octets.ts';

/** A head that is longer is no head. */
export const HEAD_BYTES_MAX = 1_048_576;

export class Head {
  bytes: Uint8Array = NO_BYTES;
  length = 0;

  append(from: Uint8Array, start: number, end: number): void {
    const more = end - start;
    if (this.length + more > this.bytes.length) {
      // The first piece mostly is the whole head.
      const grown = new Uint8Array(this.length === 0 ? more : Math.max(2 * this.bytes.length, this.length + more));
      if (this.length > 0) grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(start === 0 && end === from.length ? from : from.subarray(start, end), this.length);
    this.length += more;
  }

  /** Views made before stay what they are: nothing is written where they point. */
  truncate(length: number): void {
    if (length < this.length) {
      // What is cut off may not be overwritten in place: an earlier view can reach into it.
      this.bytes = this.bytes.subarray(0, length);
      this.length = length;
    }
  }

  view(start: number, end: number): Uint8Array {
    return this.bytes.subarray(start, end);
  }
}
