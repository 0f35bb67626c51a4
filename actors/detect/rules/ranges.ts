/** Sets of numbers as sorted ranges that neither overlap nor touch, both ends included. */

export type Range<N extends number | bigint> = readonly [N, N];

const next = <N extends number | bigint>(value: N): N =>
  (typeof value === 'bigint' ? value + 1n : (value as number) + 1) as N;
const before = <N extends number | bigint>(value: N): N =>
  (typeof value === 'bigint' ? value - 1n : (value as number) - 1) as N;

export function union<N extends number | bigint>(ranges: readonly Range<N>[]): readonly Range<N>[] {
  const sorted = [...ranges].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const joined: [N, N][] = [];
  for (const [low, high] of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && low <= next(last[1])) {
      if (high > last[1]) last[1] = high;
    } else joined.push([low, high]);
  }
  return joined;
}

/** What is in the first and not in the second; both are unions. */
export function difference<N extends number | bigint>(
  from: readonly Range<N>[],
  without: readonly Range<N>[],
): readonly Range<N>[] {
  const left: Range<N>[] = [];
  for (const [low, high] of from) {
    let start = low;
    let isUsedUp = false;
    for (const [cutLow, cutHigh] of without) {
      if (cutHigh < start) continue;
      if (cutLow > high) break;
      if (cutLow > start) left.push([start, before(cutLow)]);
      if (cutHigh >= high) {
        isUsedUp = true;
        break;
      }
      start = next(cutHigh);
    }
    if (!isUsedUp) left.push([start, high]);
  }
  return left;
}

export function holds<N extends number | bigint>(ranges: readonly Range<N>[], value: N): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const [first, last] = ranges[middle]!;
    if (value < first) high = middle - 1;
    else if (value > last) low = middle + 1;
    else return true;
  }
  return false;
}
