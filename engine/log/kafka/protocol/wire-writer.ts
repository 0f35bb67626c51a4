/**
 * Writes the primitive types of Kafka's protocol (protocol guide, "Protocol Primitive Types"), in the plain form and in
 * the compact one of flexible versions (KIP-482). Records and bytes are not copied: they are sent from where they lie.
 */
import { assert, ByteWriter } from '../../../base/index.ts';

const STRING_BYTES_MAX = 32_767;
/** Bytes fields below this are copied: a part of its own would cost more. */
const COPIED_BYTES_MAX = 512;

export class WireWriter {
  readonly #scratch = new ByteWriter(256);
  readonly #parts: Uint8Array[] = [];
  #partBytes = 0;

  int8(value: number): void {
    this.#scratch.u8(value);
  }

  int16(value: number): void {
    this.#scratch.u16(value);
  }

  uint16(value: number): void {
    this.#scratch.u16(value);
  }

  int32(value: number): void {
    this.#scratch.u32(value);
  }

  /** A safe integer. */
  int64(value: number): void {
    assert(Number.isSafeInteger(value), 'a 64-bit number of Kafka is a safe integer');
    this.#scratch.i64(value);
  }

  float64(value: number): void {
    this.#scratch.f64(value);
  }

  bool(value: boolean): void {
    this.#scratch.u8(value ? 1 : 0);
  }

  uvarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#scratch.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#scratch.u8(rest);
  }

  /** Kafka's own text form of a topic id: 22 characters of base64url. */
  uuid(value: string): void {
    const bytes = Buffer.from(value, 'base64url');
    assert(bytes.length === 16, `'${value}' is no UUID of Kafka`);
    this.#scratch.copy(bytes);
  }

  string(value: string | null, flexible: boolean, isNullable: boolean): void {
    if (value === null) {
      this.#null(flexible, isNullable, 2);
      return;
    }
    const length = Buffer.byteLength(value);
    assert(length <= STRING_BYTES_MAX, 'a string of Kafka has at most 32,767 bytes');
    if (flexible) this.uvarint(length + 1);
    else this.#scratch.u16(length);
    this.#scratch.ensure(length);
    const { bytes, position } = this.#scratch;
    Buffer.from(bytes.buffer, bytes.byteOffset + position, length).write(value);
    this.#scratch.position += length;
  }

  /** The bytes must not change before the answer is there. */
  bytes(value: Uint8Array | null, flexible: boolean, isNullable: boolean): void {
    if (value === null) {
      this.#null(flexible, isNullable, 4);
      return;
    }
    if (flexible) this.uvarint(value.length + 1);
    else this.#scratch.u32(value.length);
    if (value.length <= COPIED_BYTES_MAX) {
      this.#scratch.copy(value);
      return;
    }
    this.#cut();
    this.#parts.push(value);
    this.#partBytes += value.length;
  }

  array<T>(items: readonly T[] | null, flexible: boolean, isNullable: boolean, write: (item: T) => void): void {
    if (items === null) {
      this.#null(flexible, isNullable, 4);
      return;
    }
    if (flexible) this.uvarint(items.length + 1);
    else this.#scratch.u32(items.length);
    for (const item of items) write(item);
  }

  /** A structure, behind a byte that says whether there is one. */
  nullable<T>(value: T | null, write: (value: T) => void): void {
    this.int8(value === null ? -1 : 1);
    if (value !== null) write(value);
  }

  /** A tagged field; what `write` writes is its value, which has no parts of its own. */
  tag(tag: number, write: () => void): void {
    this.uvarint(tag);
    const start = this.#scratch.position;
    const parts = this.#parts.length;
    write();
    assert(parts === this.#parts.length, 'a tagged field is short');
    const length = this.#scratch.position - start;
    this.uvarint(length);
    const { bytes, position } = this.#scratch;
    const size = bytes.slice(start + length, position);
    bytes.copyWithin(start + size.length, start, start + length);
    bytes.set(size, start);
  }

  /** A field that the version lacks: what is not its default would be lost on the way. */
  leaveOut(isDefault: boolean, field: string, version: number): void {
    assert(isDefault, `version ${version} of the message has no field ${field}`);
  }

  /** Everything written, in order. */
  take(): Uint8Array[] {
    this.#cut();
    return this.#parts;
  }

  /** Everything written, in order, behind its length in four bytes. */
  takeFrame(): Uint8Array[] {
    const length = this.#partBytes + this.#scratch.position;
    this.#cut();
    this.#parts.unshift(Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length));
    return this.#parts;
  }

  #cut(): void {
    if (this.#scratch.position === 0) return;
    this.#parts.push(this.#scratch.take());
    this.#partBytes += this.#scratch.position;
    this.#scratch.clear();
  }

  #null(flexible: boolean, isNullable: boolean, size: 2 | 4): void {
    assert(isNullable, 'null is no value of this field in this version');
    if (flexible) this.#scratch.u8(0);
    else if (size === 2) this.#scratch.u16(0xffff);
    else this.#scratch.u32(0xffff_ffff);
  }
}
