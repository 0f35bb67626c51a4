/**
 * A growing scratch buffer that codecs write a value into before it is copied into a batch. One per encoder, reused for
 * each record; its bytes are valid until the next `clear`. Big-endian, as every layout of ours is.
 */

/** A view is made for each call of `set`: garbage that costs more than a short loop. */
const COPY_BY_BYTE_MAX = 256;

/** Where a writer's memory comes from, and goes when it has more. */
export interface WriterMemory {
  /** Of `length` bytes at least. */
  take(length: number): ArrayBufferLike;
  give(memory: ArrayBufferLike): void;
}

export class ByteWriter {
  bytes: Uint8Array;
  view: DataView;
  position = 0;
  readonly #memory: WriterMemory | null;

  /** Without `memory` it is the collector's. */
  constructor(capacity = 1024, memory: WriterMemory | null = null) {
    this.#memory = memory;
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  clear(): void {
    this.position = 0;
  }

  /** Writes there from now on, from its beginning. */
  replace(memory: ArrayBufferLike): void {
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.position = 0;
  }

  /** Makes room for `length` more bytes; call before each write that goes around the methods below. */
  ensure(length: number): void {
    const needed = this.position + length;
    if (needed <= this.bytes.length) return;
    const size = Math.max(needed, this.bytes.length * 2);
    const grown = this.#memory === null ? new Uint8Array(size) : new Uint8Array(this.#memory.take(size));
    grown.set(this.bytes);
    this.#memory?.give(this.bytes.buffer);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.ensure(1);
    this.bytes[this.position++] = value;
  }

  u16(value: number): void {
    this.ensure(2);
    this.view.setUint16(this.position, value);
    this.position += 2;
  }

  u32(value: number): void {
    this.ensure(4);
    this.view.setUint32(this.position, value);
    this.position += 4;
  }

  /** A safe integer as a signed 64-bit. */
  i64(value: number): void {
    this.ensure(8);
    this.view.setInt32(this.position, Math.floor(value / 2 ** 32));
    this.view.setUint32(this.position + 4, value >>> 0);
    this.position += 8;
  }

  /** `i64` of numbers[at]: what is beyond 31 bits and handed over by itself is boxed, each time. */
  i64Of(numbers: Float64Array, at: number): void {
    this.ensure(8);
    const value = numbers[at]!;
    this.view.setInt32(this.position, Math.floor(value * 2 ** -32));
    this.view.setUint32(this.position + 4, value >>> 0);
    this.position += 8;
  }

  f64(value: number): void {
    this.ensure(8);
    this.view.setFloat64(this.position, value);
    this.position += 8;
  }

  copy(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start;
    this.ensure(length);
    if (length <= COPY_BY_BYTE_MAX)
      for (let i = 0; i < length; i++) this.bytes[this.position + i] = source[start + i] as number;
    else this.bytes.set(source.subarray(start, end), this.position);
    this.position += length;
  }

  /** An own copy of what was written since the last clear. */
  take(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.position) as Uint8Array<ArrayBuffer>;
  }
}
