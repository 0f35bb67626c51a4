/** The memory that texts captured by rules take in all flows together: one without room is not remembered, and counted. */
const TEXT_BYTES_MAX = 32 << 20;
/** What a text takes beside its bytes. */
export const TEXT_OVERHEAD = 128;

export class TextRoom {
  #bytes = 0;
  refused = 0;

  /** True: there is room for these, which count from here on. */
  take(bytes: number): boolean {
    if (bytes > 0 && this.#bytes + bytes > TEXT_BYTES_MAX) {
      this.refused += 1;
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
