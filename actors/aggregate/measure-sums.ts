/**
 * Sums of whole numbers that stay exact, so that a window's result does not depend on the order of its records. A sum
 * is low + high × 2^52, both doubles that hold integers; 2^105 before the high half rounds. One measure of one window:
 *
 *   f64 count · sum low · sum high · squares low · squares high · least · greatest · (unused)
 */
export const MEASURE_BYTES = 64;
export const MEASURE_DOUBLES = MEASURE_BYTES / 8;

const AT_COUNT = 0;
const AT_SUM = 1;
const AT_SUM_HIGH = 2;
const AT_SQUARES = 3;
const AT_SQUARES_HIGH = 4;
const AT_LEAST = 5;
const AT_GREATEST = 6;

const HIGH = 2 ** 52;
const HALF = 2 ** 26;

/** Adds a whole number, |value| < 2^52, to the measure whose doubles begin at `at`. The caller has touched the block. */
export function addValue(doubles: Float64Array, at: number, value: number): void {
  const count = doubles[at + AT_COUNT] as number;
  doubles[at + AT_COUNT] = count + 1;
  const sum = (doubles[at + AT_SUM] as number) + value;
  doubles[at + AT_SUM] = sum;
  if (sum >= HIGH || sum <= -HIGH) carry(doubles, at + AT_SUM);
  const magnitude = value < 0 ? -value : value;
  if (magnitude < HALF) {
    const squares = (doubles[at + AT_SQUARES] as number) + value * value;
    doubles[at + AT_SQUARES] = squares;
    if (squares >= HIGH) carry(doubles, at + AT_SQUARES);
  } else addLargeSquare(doubles, at, magnitude);
  if (count === 0 || value < (doubles[at + AT_LEAST] as number)) doubles[at + AT_LEAST] = value;
  if (count === 0 || value > (doubles[at + AT_GREATEST] as number)) doubles[at + AT_GREATEST] = value;
}

function carry(doubles: Float64Array, at: number): void {
  const low = doubles[at] as number;
  const high = Math.trunc(low / HIGH);
  doubles[at] = low - high * HIGH;
  doubles[at + 1] = (doubles[at + 1] as number) + high;
}

/** (a·2^26 + b)² in parts below 2^53: a² counts 2^52 each, 2ab is split between both halves, b² is low. */
function addLargeSquare(doubles: Float64Array, at: number, magnitude: number): void {
  const a = Math.floor(magnitude / HALF);
  const b = magnitude - a * HALF;
  const middle = 2 * a * b;
  const middleHigh = Math.floor(middle / HALF);
  doubles[at + AT_SQUARES_HIGH] = (doubles[at + AT_SQUARES_HIGH] as number) + a * a + middleHigh;
  doubles[at + AT_SQUARES] = (doubles[at + AT_SQUARES] as number) + (middle - middleHigh * HALF) * HALF;
  carry(doubles, at + AT_SQUARES);
  doubles[at + AT_SQUARES] = (doubles[at + AT_SQUARES] as number) + b * b;
  carry(doubles, at + AT_SQUARES);
}

export interface MeasureResult {
  readonly count: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly stddev: number | null;
}

const NOTHING: MeasureResult = { count: 0, mean: null, min: null, max: null, stddev: null };

function exact(low: number, high: number): bigint {
  return BigInt(low) + BigInt(high) * BigInt(HIGH);
}

/**
 * In the measure's unit: wire integers are value × scale. The variance is (n·Σx² − (Σx)²) / n², the difference taken
 * in whole numbers, where in doubles it would lose its digits.
 */
export function measureResult(doubles: Float64Array, at: number, scale: number): MeasureResult {
  const count = doubles[at + AT_COUNT] as number;
  if (count === 0) return NOTHING;
  const sum = doubles[at + AT_SUM] as number;
  const sumHigh = doubles[at + AT_SUM_HIGH] as number;
  const squares = doubles[at + AT_SQUARES] as number;
  const squaresHigh = doubles[at + AT_SQUARES_HIGH] as number;
  const isSmall = sumHigh === 0 && squaresHigh === 0 && squares * count < HIGH && sum * sum < HIGH;
  let spread: number;
  let total: number;
  if (isSmall) {
    spread = squares * count - sum * sum;
    total = sum;
  } else {
    const exactSum = exact(sum, sumHigh);
    spread = Number(exact(squares, squaresHigh) * BigInt(count) - exactSum * exactSum);
    total = Number(exactSum);
  }
  return {
    count,
    mean: total / (count * scale),
    min: (doubles[at + AT_LEAST] as number) / scale,
    max: (doubles[at + AT_GREATEST] as number) / scale,
    stddev: Math.sqrt(spread) / (count * scale),
  };
}
