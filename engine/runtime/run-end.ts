/** How many records may be handled in one loop: those that bring nothing about but themselves. */

/** Places in a `RunTimes`. */
export const LIMIT = 0;
export const LATEST = 1;

/**
 * Event time of a run: where something is due, and how far its records bring it. In an array, so that no time is boxed
 * at a call.
 */
export type RunTimes = Float64Array;

export function runTimes(): RunTimes {
  return Float64Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
}

/**
 * Behind the first of the records [from, end) that brings event time to times[LIMIT]. times[LATEST] is how far it had come
 * before them, and becomes how far they bring it.
 */
export function runEnd(timestamps: Float64Array, from: number, end: number, times: RunTimes): number {
  const limit = times[LIMIT]!;
  let latest = times[LATEST]!;
  let to = from;
  while (to < end) {
    const timestamp = timestamps[to++]!;
    if (timestamp <= latest) continue;
    latest = timestamp;
    if (latest >= limit) break;
  }
  times[LATEST] = latest;
  return to;
}
