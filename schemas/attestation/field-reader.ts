/** Reads the big-endian fields of attestation messages, as views of the bytes: EVIDENCE_INVALID with field and offset. */
import { MsecError } from '../base.ts';
import { BigEndianReader } from '../big-endian-reader.ts';

export class FieldReader extends BigEndianReader {
  constructor(bytes: Uint8Array, start: number, end: number, what: string) {
    super(bytes.subarray(start, end), what);
  }

  /** Unix milliseconds, or another whole number below 2^53. */
  u64(field: string): number {
    const at = this.position;
    const value = Number(this.wide(field));
    if (value > Number.MAX_SAFE_INTEGER) throw this.wrong(field, 'the number is beyond 2^53', at);
    return value;
  }

  /** Behind a length of so many bits. */
  sized(bits: 16 | 32, bytesMax: number, field: string): Buffer {
    const at = this.position;
    const length = bits === 16 ? this.u16(field) : this.u32(field);
    return this.view(this.lengthWithin(length, bytesMax, field, at), field);
  }

  rest(): Buffer {
    return this.view(this.remaining, 'rest');
  }

  protected override invalid(says: string, field: string, byteOffset: number): MsecError {
    return new MsecError('EVIDENCE_INVALID', says, { field, byteOffset });
  }
}
