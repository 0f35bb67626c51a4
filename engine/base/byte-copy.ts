/** Copies of a few bytes, such as keys: four at a time, the last four once more where they are no whole word. */

/** A view of less is not worth being made. */
const VIEWED_BYTES_MIN = 1024;

/** What was last copied from, most often the arena of keys, time after time, and what before that. */
let source: Uint8Array = new Uint8Array(0);
let view: DataView = new DataView(source.buffer);
let sourceBefore = source;
let viewBefore = view;

/** Gives the position behind the copy; `target` has room for it. */
export function copyShort(target: DataView, at: number, from: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 4 || (from !== source && !isViewed(from))) {
    for (let i = 0; i < length; i++) target.setUint8(at + i, from[start + i]!);
    return at + length;
  }
  const last = length - 4;
  for (let i = 0; i < last; i += 4) target.setInt32(at + i, view.getInt32(start + i, true), true);
  target.setInt32(at + last, view.getInt32(end - 4, true), true);
  return at + length;
}

function isViewed(from: Uint8Array): boolean {
  if (from.length < VIEWED_BYTES_MIN) return false;
  const before = source;
  const known = from === sourceBefore ? viewBefore : new DataView(from.buffer, from.byteOffset, from.length);
  viewBefore = view;
  sourceBefore = before;
  source = from;
  view = known;
  return true;
}
