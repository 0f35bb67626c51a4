/**
 * Sums of whole numbers that stay exact, so that a window's result does not depend on the order of its records. A sum
 * is low + high × 2^52, both doubles that hold integers: exact below 2^105, which 2^31 of the largest numbers that a
 * frame can carry (2^37) stay under. Of the measures of one window, what changes with each record stands together, two
 * measures in 64 bytes, and what seldom does behind it:
 *
 *   hot, for each measure:  f64 sum low · squares low · least · greatest
 *   cold, for each measure: f64 missing · sum high · squares high · (unused)
 */
import { BLOCK_BYTES, type RowStore } from '../../engine/index.ts';

/** Of a measure, in each of both parts. */
const PART_BYTES = 32;
const PART_DOUBLES = PART_BYTES / 8;
const BLOCK_DOUBLES = BLOCK_BYTES / 8;

const AT_SUM = 0;
const AT_SQUARES = 1;
const AT_LEAST = 2;
const AT_GREATEST = 3;

const AT_MISSING = 0;
const AT_SUM_HIGH = 1;
const AT_SQUARES_HIGH = 2;

const HIGH = 2 ** 52;
const HALF = 2 ** 26;

/** The sums of up to `measures` measures, in the rows of a store, each from byte `headBytes` of its row on. */
export class MeasureSums {
  readonly #rows: RowStore;
  readonly #doublesPerRow: number;
  readonly #hot: number;
  readonly #cold: number;

  constructor(rows: RowStore, headBytes: number, measures: number) {
    this.#rows = rows;
    this.#doublesPerRow = rows.rowBytes / 8;
    this.#hot = headBytes / 8;
    this.#cold = this.#hot + partBytes(measures) / 8;
  }

  /** Before the first value of a row, for as many measures as it will have. */
  begin(row: number, measures: number): void {
    for (let i = 0; i < measures; i++) {
      const at = this.#touch(row, this.#hot + i * PART_DOUBLES);
      this.#rows.f64[at + AT_LEAST] = Number.POSITIVE_INFINITY;
      this.#rows.f64[at + AT_GREATEST] = Number.NEGATIVE_INFINITY;
    }
  }

  /** One value of each measure, whole numbers below 2^52; NaN where there is none. */
  add(row: number, values: Float64Array, measures: number): void {
    const rows = this.#rows;
    const blocksEnd = (this.#hot + measures * PART_DOUBLES) / BLOCK_DOUBLES;
    for (let block = this.#hot / BLOCK_DOUBLES; block < blocksEnd; block++) rows.touch(row, block);
    const doubles = rows.f64;
    let at = row * this.#doublesPerRow + this.#hot;
    for (let i = 0; i < measures; i++, at += PART_DOUBLES) {
      const value = values[i] as number;
      if (Number.isNaN(value)) {
        this.#miss(row, i);
        continue;
      }
      const sum = (doubles[at + AT_SUM] as number) + value;
      doubles[at + AT_SUM] = sum;
      if (sum >= HIGH || sum <= -HIGH) this.#carry(row, i, AT_SUM, AT_SUM_HIGH);
      if (value < HALF && value > -HALF) {
        const squares = (doubles[at + AT_SQUARES] as number) + value * value;
        doubles[at + AT_SQUARES] = squares;
        if (squares >= HIGH) this.#carry(row, i, AT_SQUARES, AT_SQUARES_HIGH);
      } else this.#addLargeSquare(row, i, Math.abs(value));
      if (value < (doubles[at + AT_LEAST] as number)) doubles[at + AT_LEAST] = value;
      if (value > (doubles[at + AT_GREATEST] as number)) doubles[at + AT_GREATEST] = value;
    }
  }

  /** In the measure's unit: wire integers are value × scale. `readings` are the row's, with those that miss a value. */
  result(row: number, measure: number, readings: number, scale: number): MeasureResult {
    const doubles = this.#rows.f64;
    const hot = row * this.#doublesPerRow + this.#hot + measure * PART_DOUBLES;
    const cold = row * this.#doublesPerRow + this.#cold + measure * PART_DOUBLES;
    const count = readings - (doubles[cold + AT_MISSING] as number);
    if (count === 0) return NOTHING;
    return {
      count,
      min: (doubles[hot + AT_LEAST] as number) / scale,
      max: (doubles[hot + AT_GREATEST] as number) / scale,
      ...moments(
        count,
        scale,
        doubles[hot + AT_SUM] as number,
        doubles[cold + AT_SUM_HIGH] as number,
        doubles[hot + AT_SQUARES] as number,
        doubles[cold + AT_SQUARES_HIGH] as number,
      ),
    };
  }

  /** Announces the change of the block around a place of the row; gives the place in the store. */
  #touch(row: number, double: number): number {
    this.#rows.touch(row, (double / BLOCK_DOUBLES) | 0);
    return row * this.#doublesPerRow + double;
  }

  #miss(row: number, measure: number): void {
    const at = this.#touch(row, this.#cold + measure * PART_DOUBLES) + AT_MISSING;
    this.#rows.f64[at] = (this.#rows.f64[at] as number) + 1;
  }

  #carry(row: number, measure: number, lowAt: number, highAt: number): void {
    const low = this.#touch(row, this.#hot + measure * PART_DOUBLES) + lowAt;
    const high = this.#touch(row, this.#cold + measure * PART_DOUBLES) + highAt;
    const doubles = this.#rows.f64;
    const carried = Math.trunc((doubles[low] as number) / HIGH);
    doubles[low] = (doubles[low] as number) - carried * HIGH;
    doubles[high] = (doubles[high] as number) + carried;
  }

  /** (a·2^26 + b)² in parts below 2^53: a² counts 2^52 each, 2ab is split between both halves, b² is low. */
  #addLargeSquare(row: number, measure: number, magnitude: number): void {
    const low = this.#touch(row, this.#hot + measure * PART_DOUBLES) + AT_SQUARES;
    const high = this.#touch(row, this.#cold + measure * PART_DOUBLES) + AT_SQUARES_HIGH;
    const doubles = this.#rows.f64;
    const a = Math.floor(magnitude / HALF);
    const b = magnitude - a * HALF;
    const middle = 2 * a * b;
    const middleHigh = Math.floor(middle / HALF);
    doubles[high] = (doubles[high] as number) + a * a + middleHigh;
    doubles[low] = (doubles[low] as number) + (middle - middleHigh * HALF) * HALF;
    this.#carry(row, measure, AT_SQUARES, AT_SQUARES_HIGH);
    doubles[low] = (doubles[low] as number) + b * b;
    this.#carry(row, measure, AT_SQUARES, AT_SQUARES_HIGH);
  }
}

/** Whole blocks. */
function partBytes(measures: number): number {
  return Math.ceil((measures * PART_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
}

/** What the sums of that many measures take. */
export function sumBytes(measures: number): number {
  return 2 * partBytes(measures);
}

export interface MeasureResult {
  readonly count: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Of the population. */
  readonly stddev: number | null;
}

const NOTHING: MeasureResult = { count: 0, mean: null, min: null, max: null, stddev: null };

/**
 * The variance is (n·Σx² − (Σx)²) / n², the difference taken in whole numbers, where in doubles it would lose its digits.
 */
function moments(
  count: number,
  scale: number,
  sum: number,
  sumHigh: number,
  squares: number,
  squaresHigh: number,
): { readonly mean: number; readonly stddev: number } {
  const isSmall = sumHigh === 0 && squaresHigh === 0 && squares * count < HIGH && sum * sum < HIGH;
  if (isSmall) {
    return { mean: sum / (count * scale), stddev: Math.sqrt(squares * count - sum * sum) / (count * scale) };
  }
  const exactSum = whole(sum, sumHigh);
  const spread = whole(squares, squaresHigh) * BigInt(count) - exactSum * exactSum;
  return { mean: Number(exactSum) / (count * scale), stddev: Math.sqrt(Number(spread)) / (count * scale) };
}

function whole(low: number, high: number): bigint {
  return BigInt(low) + BigInt(high) * BigInt(HIGH);
}
