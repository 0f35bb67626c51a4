/** Confluent's wire format: every value begins with 0x00 and its schema's id as a big-endian u32. */
import { MsecError } from '../base/index.ts';

export const WIRE_HEADER_BYTES = 5;

export function wireHeader(schemaId: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(WIRE_HEADER_BYTES);
  new DataView(header.buffer).setUint32(1, schemaId);
  return header;
}

/** The schema id of the value in [start, end). Throws AVRO_INVALID. */
export function readWireHeader(bytes: Uint8Array, start = 0, end = bytes.length): number {
  if (end - start < WIRE_HEADER_BYTES || bytes[start] !== 0) {
    throw new MsecError('AVRO_INVALID', 'the value does not begin with 0 and a schema id', {
      field: 'schemaId',
      byteOffset: 0,
    });
  }
  return ((bytes[start + 1] << 24) | (bytes[start + 2] << 16) | (bytes[start + 3] << 8) | bytes[start + 4]) >>> 0;
}
