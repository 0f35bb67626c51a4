/** Draws that the models share. */
import type { Random } from '../../../engine/index.ts';

/** In [0, 1). */
export const uniform = (random: Random): number => random.u32() / 2 ** 32;

/** An index, each as likely as its value is great; the last where all are 0. */
export function inProportion(random: Random, values: readonly number[]): number {
  let left = uniform(random) * values.reduce((sum, value) => sum + value, 0);
  for (let i = 0; i < values.length; i++) {
    left -= values[i]!;
    if (left < 0) return i;
  }
  return values.length - 1;
}
