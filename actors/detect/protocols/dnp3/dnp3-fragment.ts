/** The objects of a fragment of the application layer, up to the first that nobody can read. */
import { layoutOf } from './dnp3-layout.ts';
import { numberAt, PointReader, type PointsHead } from './dnp3-points.ts';

export interface Dnp3Object extends PointsHead {
  readonly group: number;
  readonly variation: number;
  readonly qualifier: number;
  readonly rangeCode: number;
  readonly stop: number;
  /** Where its points begin in the fragment; -1: there are none. */
  readonly pointsAt: number;
}

const HEAD_BYTES = 3;
/** By range code: octets of the start and of the stop; of a count; of neither. Others are reserved. */
const RANGES: ReadonlyMap<number, readonly [bounds: number, count: number]> = new Map([
  [0, [1, 0]],
  [1, [2, 0]],
  [2, [4, 0]],
  [3, [1, 0]],
  [4, [2, 0]],
  [5, [4, 0]],
  [6, [0, 0]],
  [7, [0, 1]],
  [8, [0, 2]],
  [9, [0, 4]],
  [11, [0, 1]],
]);

/** complete: all of them; cut: the fragment ends in the middle of a head, or a range is reserved; unknown: points cannot be read. */
export type Reading = 'complete' | 'cut' | 'unknown';

export function readObjects(bytes: Uint8Array, from: number, into: Dnp3Object[]): Reading {
  let at = from;
  while (at < bytes.length) {
    if (at + HEAD_BYTES > bytes.length) return 'cut';
    const [group, variation, qualifier] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!];
    const rangeCode = qualifier & 15;
    const [bounds, counted] = RANGES.get(rangeCode) ?? [0, 0];
    const pointsAt = at + HEAD_BYTES + 2 * bounds + counted;
    const isWhole = RANGES.has(rangeCode) && pointsAt <= bytes.length;
    const start = isWhole ? numberAt(bytes, at + HEAD_BYTES, bounds) : 0;
    const stop = isWhole ? numberAt(bytes, at + HEAD_BYTES + bounds, bounds) : 0;
    // As 32 bits without a sign: a range that ends before it begins is nearly all of them.
    const span = bounds > 0 && isWhole ? (stop - start + 1) >>> 0 : 0;
    const count = isWhole && counted > 0 ? numberAt(bytes, at + HEAD_BYTES, counted) : span;
    const hasPoints = isWhole && variation > 0 && count > 0;
    const prefixCode = (qualifier >> 4) & 7;
    const object = {
      ...{ group, variation, qualifier, prefixCode, rangeCode, start, stop, count },
      pointsAt: hasPoints ? pointsAt : -1,
    };
    into.push(object);
    if (!isWhole) return 'cut';
    at = pointsAt;
    if (!hasPoints) continue;
    const layout = layoutOf(group, variation);
    if (layout === undefined) return 'unknown';
    at = new PointReader(bytes, at).end(layout, object);
    if (at < 0) return 'unknown';
  }
  return 'complete';
}
