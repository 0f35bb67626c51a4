/**
 * The primitive types of Kafka's protocol (protocol guide, "Protocol Primitive Types"), for the versions without
 * compact encodings. Big-endian; a length of -1 is null. The reader believes no length: what does not fit is an error.
 */
import { ByteWriter, MsecError } from '../../base/index.ts';

export class WireWriter {
  readonly #scratch = new ByteWriter(256);
  readonly #parts: Uint8Array[] = [];

  i8(value: number): this {
    this.#scratch.u8(value);
    return this;
  }

  i16(value: number): this {
    this.#scratch.u16(value);
    return this;
  }

  i32(value: number): this {
    this.#scratch.u32(value);
    return this;
  }

  i64(value: number): this {
    this.#scratch.i64(value);
    return this;
  }

  bool(value: boolean): this {
    return this.i8(value ? 1 : 0);
  }

  string(value: string | null): this {
    if (value === null) return this.i16(-1);
    const bytes = Buffer.from(value);
    this.i16(bytes.length);
    this.#scratch.copy(bytes);
    return this;
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.i32(items.length);
    for (const item of items) write(item);
    return this;
  }

  /** Bytes that are sent from where they lie; they must not change before the answer is there. */
  bytes(value: Uint8Array): this {
    this.i32(value.length);
    this.#parts.push(this.#scratch.take(), value);
    this.#scratch.clear();
    return this;
  }

  /** Everything written, in order. */
  take(): Uint8Array[] {
    this.#parts.push(this.#scratch.take());
    return this.#parts;
  }
}

export class WireReader {
  readonly bytes: Uint8Array;
  position: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.position = 0;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  i64(): number {
    const at = this.#take(8);
    const value = Number(this.#view.getBigInt64(at));
    if (!Number.isSafeInteger(value)) throw this.#malformed('a number beyond 2^53', at);
    return value;
  }

  bool(): boolean {
    return this.i8() !== 0;
  }

  nullableString(): string | null {
    const length = this.i16();
    if (length === -1) return null;
    const at = this.#take(length);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + at, length).toString('utf8');
  }

  string(): string {
    return this.nullableString() ?? '';
  }

  /** Null is empty. A count that cannot be true ends with the bytes: nothing is made before it was read. */
  array<T>(read: () => T): T[] {
    const count = this.i32();
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read());
    return items;
  }

  /** Where the bytes lie; null is empty. */
  span(): { readonly start: number; readonly end: number } {
    const length = Math.max(this.i32(), 0);
    const start = this.#take(length);
    return { start, end: start + length };
  }

  #take(length: number): number {
    const at = this.position;
    if (length < 0 || length > this.bytes.length - at) throw this.#malformed(`${length} bytes are asked for`, at);
    this.position = at + length;
    return at;
  }

  #malformed(what: string, at: number): MsecError {
    return new MsecError('DEPENDENCY_DOWN', `the broker's answer is malformed: ${what}`, { byteOffset: at });
  }
}
