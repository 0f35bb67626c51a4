/**
 * Reads the TPM's canonical form: big-endian integers and sized buffers (TPM2B). It never reads past its end, and every
 * buffer it gives is a copy of at most the length that was asked for: TPM_RESPONSE_INVALID with the offset otherwise.
 */
import { BigEndianReader } from '../big-endian-reader.ts';
import { invalidResponse } from './invalid-structure.ts';

/** No structure that this client reads holds a buffer that is longer. */
export const BUFFER_BYTES_MAX = 4096;

export class TpmReader extends BigEndianReader {
  u64(field: string): bigint {
    return this.wide(field);
  }

  bytes(length: number, field: string): Buffer {
    return Buffer.from(this.view(length, field));
  }

  /** A TPM2B: its length in 16 bits, then that many bytes. */
  sized(field: string, bytesMax: number = BUFFER_BYTES_MAX): Buffer {
    const at = this.position;
    return this.bytes(this.lengthWithin(this.u16(field), bytesMax, field, at), field);
  }

  /** A TPM2B whose content is a structure: all of it must be used up. */
  inside<T>(field: string, read: (inner: TpmReader, whole: Buffer) => T): T {
    const whole = this.sized(field);
    const inner = new TpmReader(whole, `${this.what}, ${field}`);
    const value = read(inner, whole);
    inner.end();
    return value;
  }

  rest(field: string): Buffer {
    return this.bytes(this.remaining, field);
  }

  protected override invalid(says: string, _field: string, byteOffset: number): Error {
    return invalidResponse(says, byteOffset);
  }
}
