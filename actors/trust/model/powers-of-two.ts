/**
 * Powers of two for weights that fade: whole ones from a table, exactly, and those between two whole ones by a table and a
 * short series, within two units of the last place. The language's own power takes several times as long.
 */

/** 2^-1074 is the least double. */
const LEAST = 1074;
const GREATEST = 1023;
const WHOLE = new Float64Array(LEAST + GREATEST + 1);
for (let i = 0; i < WHOLE.length; i++) WHOLE[i] = 2 ** (i - LEAST);

const STEPS = 256;
const PART = new Float64Array(STEPS);
for (let i = 0; i < STEPS; i++) PART[i] = 2 ** (i / STEPS);

/** 2^exponent for a whole number; 0 where that is less than any double. */
export function wholePower(exponent: number): number {
  if (exponent < -LEAST) return 0;
  return exponent > GREATEST ? Number.POSITIVE_INFINITY : WHOLE[exponent + LEAST]!;
}

/** The last number before 1. */
const NEARLY_ONE = 1 - 2 ** -53;

/**
 * How much of a half-life a time is behind the epoch in which it lies. The quotient of both has too few digits left for that: of a half-life of
 * a minute it would be known to 10^-8.
 */
export function partOf(timeMs: number, epoch: number, halfLifeMs: number): number {
  const part = (timeMs - epoch * halfLifeMs) / halfLifeMs;
  // Of half-lives that are no whole milliseconds the product is rounded.
  return part < 0 ? 0 : part < 1 ? part : NEARLY_ONE;
}

/** 2^fraction for a fraction in [0, 1). */
export function partPower(fraction: number): number {
  const step = Math.floor(fraction * STEPS);
  // Below 0.0028: the term that follows the last one here is less than 2^-60.
  const x = (fraction - step / STEPS) * Math.LN2;
  return PART[step]! * (1 + x * (1 + x * (1 / 2 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120))))));
}
