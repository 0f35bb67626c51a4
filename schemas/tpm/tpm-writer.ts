/** Writes the TPM's canonical form: ByteWriter with sized buffers (TPM2B). */
import { assert, ByteWriter } from '../base.ts';

export class TpmWriter extends ByteWriter {
  /** A TPM2B of these bytes. */
  sized(bytes: Uint8Array): this {
    assert(bytes.length <= 0xffff, 'a sized buffer of a TPM has a length of 16 bits');
    this.u16(bytes.length);
    this.copy(bytes);
    return this;
  }
}

/** The bytes that `write` writes. */
export function written(write: (writer: TpmWriter) => void): Buffer {
  const writer = new TpmWriter(256);
  write(writer);
  return Buffer.from(writer.take());
}
