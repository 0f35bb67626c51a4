/** The wrapping of DEFLATE data: gzip's or zlib's, in any pieces. */

/** How many bytes a header has been read; its states are the places in it. */
export class GzipHeader {
  #kind: 'unknown' | 'gzip' | 'zlib' = 'unknown';
  #step = 0;
  #flags = 0;
  #extra = 0;
  #first = 0;

  /** Takes one byte: whether the header goes on, is whole, or is none. */
  take(byte: number): 'more' | 'done' | 'fault' {
    const at = this.#step;
    this.#step += 1;
    if (at === 0) {
      this.#first = byte;
      if (byte === 0x1f) this.#kind = 'gzip';
      else if ((byte & 0x0f) === 8 && byte >> 4 <= 7) this.#kind = 'zlib';
      else return 'fault';
      return 'more';
    }
    if (this.#kind === 'zlib') return (this.#first * 256 + byte) % 31 === 0 && (byte & 0x20) === 0 ? 'done' : 'fault';
    if (at === 1) return byte === 0x8b ? 'more' : 'fault';
    if (at === 2) return byte === 8 ? 'more' : 'fault';
    if (at === 3) {
      this.#flags = byte;
      return (byte & 0xe0) === 0 ? 'more' : 'fault';
    }
    if (at < 9) return 'more';
    if (at === 9) return this.#rest();
    return this.#optional(byte);
  }

  /** What is still to come, by flags that are struck out as they are read. */
  #rest(): 'more' | 'done' {
    this.#extra = (this.#flags & 4) !== 0 ? -2 : 0;
    return (this.#flags & 0x1e) === 0 ? 'done' : 'more';
  }

  #optional(byte: number): 'more' | 'done' {
    if ((this.#flags & 4) !== 0) {
      if (this.#extra === -2) {
        this.#first = byte;
        this.#extra = -1;
        return 'more';
      }
      this.#extra = this.#extra === -1 ? this.#first + byte * 256 : this.#extra - 1;
      if (this.#extra > 0) return 'more';
      this.#flags &= ~4;
    } else if ((this.#flags & 8) !== 0) {
      if (byte === 0) this.#flags &= ~8;
    } else if ((this.#flags & 16) !== 0) {
      if (byte === 0) this.#flags &= ~16;
    } else {
      // Two bytes of a checksum.
      this.#extra += 1;
      if (this.#extra === 2) this.#flags &= ~2;
    }
    return (this.#flags & 0x1e) === 0 ? 'done' : 'more';
  }
}
