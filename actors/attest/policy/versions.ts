/** The order of versions. */
const NUMBERED = /^\d{1,9}(?:\.\d{1,9})*$/;

/** Whether a version can be older or newer than another one: numbers with dots, and nothing else. */
export const isNumbered = (version: string): boolean => NUMBERED.test(version);

/** Below 0 where `a` is older; a part that is missing is 0. Both are numbered. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
