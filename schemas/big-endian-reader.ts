/**
 * Reads big-endian fields one after another, never past the end. What breaks the layout is the subclass's error, with the
 * field and the offset at which it begins.
 */
export abstract class BigEndianReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #at = 0;

  /** `what` names the structure in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get position(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(field: string): number {
    return this.#bytes.readUInt8(this.#take(1, field));
  }

  u16(field: string): number {
    return this.#bytes.readUInt16BE(this.#take(2, field));
  }

  u32(field: string): number {
    return this.#bytes.readUInt32BE(this.#take(4, field));
  }

  /** Bytes after the last field are a mistake. */
  end(): void {
    if (this.remaining > 0) throw this.wrong('end', `is followed by ${this.remaining} bytes`);
  }

  wrong(field: string, says: string, at: number = this.#at): Error {
    return this.invalid(`${this.#what}, ${field} at byte ${at}: ${says}`, field, at);
  }

  protected get what(): string {
    return this.#what;
  }

  protected wide(field: string): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8, field));
  }

  /** A view. */
  protected view(length: number, field: string): Buffer {
    const from = this.#take(length, field);
    return this.#bytes.subarray(from, from + length);
  }

  /** The length that was read at `at`, if it is within its bound. */
  protected lengthWithin(length: number, bytesMax: number, field: string, at: number): number {
    if (length > bytesMax) throw this.wrong(field, `has ${length} bytes, at most ${bytesMax} are allowed`, at);
    return length;
  }

  protected abstract invalid(says: string, field: string, byteOffset: number): Error;

  #take(length: number, field: string): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw this.wrong(field, 'the bytes end before this field does');
    this.#at = at + length;
    return at;
  }
}
