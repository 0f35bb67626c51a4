/** Sequence numbers as signed words: they wrap, so only differences compare. */
export function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

export function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

export function plus(sequence: number, count: number): number {
  return (sequence + count) | 0;
}
