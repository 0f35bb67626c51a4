/** How a value becomes bytes and comes back; the one contract of topics and of state. */
import type { ByteWriter } from './byte-writer.ts';

export interface Codec<T> {
  /** Two topics of one name fit together when their codecs carry the same format, e.g. `avro:msec.readings`. */
  readonly format: string;
  /**
   * Reads the value in [start, end). It may be one object that is filled anew by each call, valid until the next.
   * Throws an MsecError of kind input, with field and offset, on bad bytes.
   */
  decode(bytes: Uint8Array, start: number, end: number): T;
  encode(value: T, writer: ByteWriter): void;
}
