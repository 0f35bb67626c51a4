/** Chance in a choice. */
import { type Random, randomBelow } from '../../../engine/index.ts';

/** In [0, 1). */
export const uniform = (random: Random): number => random.u32() / 2 ** 32;

/** One of several, each as likely as another. */
export const randomOf = (random: Random, of: readonly string[]): string => of[randomBelow(random, of.length)]!;
