/** Arrays that grow together: a table by columns, without an object for each row. */
type Numbers = Int32Array | Uint32Array | Float32Array | Float64Array | Uint8Array;

/** A copy with room for `length`; what is new holds `fill`. */
export function grown<T extends Numbers>(column: T, length: number, fill = 0): T {
  const larger = new (column.constructor as new (length: number) => T)(length);
  larger.set(column as never);
  if (fill !== 0) larger.fill(fill, column.length);
  return larger;
}

/** Room for `needed` and for as many again. */
export const lengthFor = (length: number, needed: number): number => Math.max(2 * length, needed);
