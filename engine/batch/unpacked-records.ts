/** The recycled buffer of one unpacked batch. Its owner is the cursor; what lies in it lasts until the next batch. */
import { corrupt } from './layout.ts';

export class UnpackedRecords {
  /** Replaced where it is too small. */
  bytes: Uint8Array = new Uint8Array(0);
  /** How many of them are filled. */
  length = 0;

  /** Makes room for `length` bytes in all; what is filled stays. */
  ensure(length: number): void {
    if (this.bytes.length >= length) return;
    const grown = new Uint8Array(Math.max(length, this.bytes.length * 2, 4096));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  append(source: Uint8Array): void {
    this.bytes.set(source, this.length);
    this.length += source.length;
  }
}

/** What is said of records that would unpack to more than the reader allows. */
export function bomb(at: number, bytesMax: number): Error {
  return corrupt(`records unpack to more than ${bytesMax} bytes, a decompression bomb`, 'records', at);
}
