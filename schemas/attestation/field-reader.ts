/** Reads the big-endian fields of attestation messages, as views of the bytes: EVIDENCE_INVALID with field and offset. */
import { MsecError } from '../base.ts';

export class FieldReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #at = 0;

  /** `what` names the message in errors. */
  constructor(bytes: Uint8Array, start: number, end: number, what: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    this.#what = what;
  }

  get position(): number {
    return this.#at;
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

  /** Unix milliseconds, or another whole number below 2^53. */
  u64(field: string): number {
    const at = this.#take(8, field);
    const value = Number(this.#bytes.readBigUInt64BE(at));
    if (value > Number.MAX_SAFE_INTEGER) throw this.wrong(field, 'the number is beyond 2^53', at);
    return value;
  }

  /** Behind a length of so many bits. */
  sized(bits: 16 | 32, bytesMax: number, field: string): Buffer {
    const at = this.#at;
    const length = bits === 16 ? this.u16(field) : this.u32(field);
    if (length > bytesMax) throw this.wrong(field, `has ${length} bytes, at most ${bytesMax} are allowed`, at);
    const from = this.#take(length, field);
    return this.#bytes.subarray(from, from + length);
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw this.wrong('end', `is followed by ${left} bytes`);
  }

  wrong(field: string, says: string, at = this.#at): MsecError {
    return new MsecError('EVIDENCE_INVALID', `${this.#what}, ${field} at byte ${at}: ${says}`, {
      field,
      byteOffset: at,
    });
  }

  #take(length: number, field: string): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw this.wrong(field, 'the message ends before this field does');
    this.#at = at + length;
    return at;
  }
}
