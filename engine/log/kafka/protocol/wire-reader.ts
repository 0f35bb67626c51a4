/**
 * Reads the primitive types of Kafka's protocol, plain and compact. It believes no length: what does not fit is
 * DEPENDENCY_DOWN with the place, and nothing is made before the bytes for it were seen. Byte fields are views.
 */
import { MsecError } from '../../../base/index.ts';

export class WireReader {
  readonly bytes: Uint8Array;
  position: number;
  readonly #view: DataView;
  /** Made at the first text. */
  #text: Buffer | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.position = 0;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get bytesLeft(): number {
    return this.bytes.length - this.position;
  }

  int8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  int16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** A safe integer; what lies beyond is malformed. */
  int64(): number {
    const at = this.#take(8);
    const high = this.#view.getInt32(at);
    const value = high * 2 ** 32 + this.#view.getUint32(at + 4);
    if (high < -(2 ** 21) || high >= 2 ** 21) throw this.malformed('a number beyond 2^53', at);
    return value;
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  bool(): boolean {
    return this.int8() !== 0;
  }

  /** Up to 32 bits. */
  uvarint(): number {
    const at = this.position;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#view.getUint8(this.#take(1));
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 && value < 2 ** 32) return value;
    }
    throw this.malformed('a varint of more than 32 bits', at);
  }

  /** Kafka's own text form: 22 characters of base64url. */
  uuid(): string {
    const at = this.#take(16);
    return this.#textOf().toString('base64url', at, at + 16);
  }

  string(flexible: boolean): string {
    return this.#present(this.nullableString(flexible));
  }

  nullableString(flexible: boolean): string | null {
    const length = flexible ? this.uvarint() - 1 : this.int16();
    if (length === -1) return null;
    const at = this.#take(length);
    return this.#textOf().toString('utf8', at, at + length);
  }

  /** A view of the frame. */
  byteView(flexible: boolean): Uint8Array {
    return this.#present(this.nullableByteView(flexible));
  }

  nullableByteView(flexible: boolean): Uint8Array | null {
    const length = flexible ? this.uvarint() - 1 : this.int32();
    if (length === -1) return null;
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  array<T>(flexible: boolean, read: () => T): T[] {
    return this.#present(this.nullableArray(flexible, read));
  }

  nullableArray<T>(flexible: boolean, read: () => T): T[] | null {
    const at = this.position;
    const count = flexible ? this.uvarint() - 1 : this.int32();
    if (count === -1) return null;
    // No item is shorter than a byte.
    if (count < 0 || count > this.bytesLeft) throw this.malformed(`${count} items are announced`, at);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read());
    return items;
  }

  /** A structure, behind a byte that says whether there is one. */
  nullable<T>(read: () => T): T | null {
    return this.int8() < 0 ? null : read();
  }

  /** Tagged fields; `read` gives false for a tag that it does not know, which is passed over. */
  tags(read: (tag: number) => boolean): void {
    for (let left = this.uvarint(); left > 0; left--) {
      const tag = this.uvarint();
      const length = this.uvarint();
      const start = this.position;
      this.#take(length);
      const end = this.position;
      this.position = start;
      if (!read(tag)) this.position = end;
      if (this.position !== end) throw this.malformed(`tagged field ${tag} is not as long as it says`, start);
    }
  }

  skipTags(): void {
    for (let left = this.uvarint(); left > 0; left--) {
      this.uvarint();
      this.#take(this.uvarint());
    }
  }

  malformed(what: string, at: number): MsecError {
    return new MsecError('DEPENDENCY_DOWN', `a message of Kafka is malformed: ${what}`, { byteOffset: at });
  }

  #textOf(): Buffer {
    this.#text ??= Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    return this.#text;
  }

  #take(length: number): number {
    const at = this.position;
    if (length < 0 || length > this.bytes.length - at) throw this.malformed(`${length} bytes are asked for`, at);
    this.position = at + length;
    return at;
  }

  #present<T>(value: T | null): T {
    if (value === null) throw this.malformed('null where a value must be', this.position);
    return value;
  }
}
