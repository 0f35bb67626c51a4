/**
 * Bytes of one direction that a parser cannot use yet. As long as messages end where segments do nothing is copied.
 * It grows only by what is kept: its bound is the longest message that the parser waits for.
 */
const EMPTY = new Uint8Array(0);

export class PendingBytes {
  private buffer: Uint8Array = EMPTY;
  private start = 0;
  private end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** What waits; valid until the next call of `join` or `keep`. */
  peek(): Uint8Array {
    return this.buffer.subarray(this.start, this.end);
  }

  /** What waits and `bytes` behind it, valid until the next call of `join` or `keep`. */
  join(bytes: Uint8Array): Uint8Array {
    if (this.start === this.end) return bytes;
    this.append(bytes);
    return this.buffer.subarray(this.start, this.end);
  }

  /** Of what `join` gave, the bytes from `from` on wait. */
  keep(joined: Uint8Array, from: number): void {
    if (this.start !== this.end) {
      this.start += from;
      if (this.start >= this.end) this.clear();
    } else if (from < joined.length) this.append(joined.subarray(from));
  }

  /** Of what waits only so much is left. */
  cut(length: number): void {
    this.end = Math.min(this.end, this.start + length);
  }

  clear(): void {
    this.buffer = EMPTY;
    this.start = 0;
    this.end = 0;
  }

  private append(bytes: Uint8Array): void {
    const length = this.end - this.start;
    if (this.end + bytes.length > this.buffer.length) {
      // Twice what is needed, so that a message of many small segments is not copied once for each of them.
      const fits = length + bytes.length <= this.buffer.length && this.start > this.buffer.length / 2;
      const buffer = fits ? this.buffer : new Uint8Array(Math.max(64, 2 * (length + bytes.length)));
      if (fits) buffer.copyWithin(0, this.start, this.end);
      else buffer.set(this.buffer.subarray(this.start, this.end));
      this.buffer = buffer;
      this.start = 0;
      this.end = length;
    }
    this.buffer.set(bytes, this.end);
    this.end += bytes.length;
  }
}

/** Both, one behind the other; one of them as it is where the other is empty. */
export function joined(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (before.length === 0) return bytes;
  if (bytes.length === 0) return before;
  const all = new Uint8Array(before.length + bytes.length);
  all.set(before);
  all.set(bytes, before.length);
  return all;
}
