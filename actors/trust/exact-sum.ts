/**
 * Sums of doubles of which single ones are taken out again: kept in two doubles, so that what remains has lost nothing that
 * one double could tell, however often the parts changed and in whatever order (Knuth, vol. 2, 4.2.2, theorem B).
 */

/** Adds to the sum doubles[at] + doubles[at + 1]. */
export function addTo(doubles: Float64Array, at: number, value: number): void {
  const high = doubles[at]!;
  const sum = high + value;
  const part = sum - high;
  const lost = high - (sum - part) + (value - part) + doubles[at + 1]!;
  const total = sum + lost;
  doubles[at] = total;
  doubles[at + 1] = lost - (total - sum);
}

/** Times a power of two: nothing is rounded. */
export function scaleSum(doubles: Float64Array, at: number, factor: number): void {
  doubles[at] = doubles[at]! * factor;
  doubles[at + 1] = doubles[at + 1]! * factor;
}
