/** Cuts a stream of bytes into Kafka's frames, each with its length before it. */

/** Far above what a test sends; more is a stream that is no Kafka's. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

export class FrameSplitter {
  readonly #take: (frame: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(take: (frame: Buffer) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 4) {
      const length = bytes.readInt32BE(0);
      if (length < 4 || length > FRAME_BYTES_MAX) throw new Error(`a frame of ${length} bytes is none of Kafka's`);
      if (bytes.length < 4 + length) break;
      this.#take(bytes.subarray(0, 4 + length));
      bytes = bytes.subarray(4 + length);
    }
    this.#rest = bytes;
  }
}
