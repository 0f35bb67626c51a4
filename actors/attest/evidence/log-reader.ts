/**
 * Reads the logs of a device, whose integers are little-endian. It never reads past its end, and gives views of the
 * bytes that it was given, not copies: EVIDENCE_INVALID with entry, field and offset otherwise.
 */
import { MsecError } from '../../../engine/index.ts';

export function evidenceInvalid(says: string, field: string, byteOffset?: number): MsecError {
  return new MsecError('EVIDENCE_INVALID', says, byteOffset === undefined ? { field } : { field, byteOffset });
}

export class LogReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #at = 0;
  /** The number of the entry that is read, for errors; the first is 1. */
  entry = 0;

  /** `what` names the log in errors. */
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
    return this.#bytes[this.#take(1, field)]!;
  }

  u16(field: string): number {
    return this.#bytes.readUInt16LE(this.#take(2, field));
  }

  u32(field: string): number {
    return this.#bytes.readUInt32LE(this.#take(4, field));
  }

  bytes(length: number, field: string): Buffer {
    const from = this.#take(length, field);
    return this.#bytes.subarray(from, from + length);
  }

  /** A length in 32 bits, then that many bytes. */
  sized(field: string, bytesMax: number): Buffer {
    const at = this.#at;
    const length = this.u32(field);
    if (length > bytesMax) throw this.wrong(field, `has ${length} bytes, at most ${bytesMax} are allowed`, at);
    return this.bytes(length, field);
  }

  wrong(field: string, says: string, at: number = this.#at): MsecError {
    return evidenceInvalid(`${this.#what}, entry ${this.entry}, ${field} at byte ${at}: ${says}`, field, at);
  }

  #take(length: number, field: string): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw this.wrong(field, 'the log ends before this field does');
    this.#at = at + length;
    return at;
  }
}
