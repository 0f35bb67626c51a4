/**
 * Reads the TPM's canonical form: big-endian integers and sized buffers (TPM2B). It never reads past its end, and every
 * buffer it gives is a copy of at most the length that was asked for: TPM_RESPONSE_INVALID with the offset otherwise.
 */
import { invalidResponse } from './invalid-structure.ts';

/** No structure that this client reads holds a buffer that is longer. */
export const BUFFER_BYTES_MAX = 4096;

export class TpmReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #at: number;

  /** `what` names the structure in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.#at = 0;
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

  u64(field: string): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8, field));
  }

  bytes(length: number, field: string): Buffer {
    const from = this.#take(length, field);
    return Buffer.from(this.#bytes.subarray(from, from + length));
  }

  /** A TPM2B: its length in 16 bits, then that many bytes. */
  sized(field: string, bytesMax: number = BUFFER_BYTES_MAX): Buffer {
    const at = this.#at;
    const length = this.u16(field);
    if (length > bytesMax) throw this.wrong(field, `has ${length} bytes, at most ${bytesMax} are allowed`, at);
    return this.bytes(length, field);
  }

  /** A TPM2B whose content is a structure: all of it must be used up. */
  inside<T>(field: string, read: (inner: TpmReader, whole: Buffer) => T): T {
    const whole = this.sized(field);
    const inner = new TpmReader(whole, `${this.#what}, ${field}`);
    const value = read(inner, whole);
    inner.end();
    return value;
  }

  rest(field: string): Buffer {
    return this.bytes(this.remaining, field);
  }

  /** Bytes after the last field are a mistake. */
  end(): void {
    if (this.remaining > 0) throw this.wrong('end', `is followed by ${this.remaining} bytes`);
  }

  wrong(field: string, says: string, at: number = this.#at): Error {
    return invalidResponse(`${this.#what}, ${field} at byte ${at}: ${says}`, at);
  }

  #take(length: number, field: string): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw this.wrong(field, 'the bytes end before this field does');
    this.#at = at + length;
    return at;
  }
}
