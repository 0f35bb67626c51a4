/** The few fields of a batch header that a broker looks at (record-batch.md); big-endian. */
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

export const readI16 = (bytes: Uint8Array, at: number): number => view(bytes).getInt16(at);
export const readI32 = (bytes: Uint8Array, at: number): number => view(bytes).getInt32(at);
