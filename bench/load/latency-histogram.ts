/**
 * Latencies from a microsecond to an hour in log-linear buckets, as HdrHistogram has them: each power of two is cut into
 * 128, so what is read from it is at most 0.8 % above what was recorded. A recording costs one increment.
 */

const SUB_BITS = 7;
const SUB = 1 << SUB_BITS;
const POWERS = 26;
const LAST = SUB * (POWERS + 1) - 1;

/** In milliseconds. */
export interface Ladder {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
}

export class LatencyHistogram {
  readonly #counts = new Float64Array(LAST + 1);
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** What is below nothing counts as nothing: clocks of two processors may differ by as much. */
  record(ms: number): void {
    this.#counts[bucketOf(ms * 1000)]!++;
    this.#count++;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** In milliseconds; the upper edge of the bucket in which that share of all recordings ends. */
  at(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket <= LAST; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(upperEdge(bucket) / 1000, this.#maxMs);
    }
    return this.#maxMs;
  }

  ladder(): Ladder {
    return {
      count: this.#count,
      p50: this.at(0.5),
      p90: this.at(0.9),
      p99: this.at(0.99),
      p999: this.at(0.999),
      p9999: this.at(0.9999),
      max: this.#maxMs,
    };
  }
}

export function ladderText({ p50, p90, p99, p999, p9999, max }: Ladder): string {
  const ms = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1));
  return `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, p99.9 ${ms(p999)}, p99.99 ${ms(p9999)}, most ${ms(max)} ms`;
}

/** The first 128 microseconds have a bucket each; from then on each power of two has as many. */
function bucketOf(us: number): number {
  const whole = us > 0 ? Math.floor(us) : 0;
  if (whole < SUB) return whole;
  const power = 31 - Math.clz32(Math.min(whole, 2 ** 31 - 1)) - SUB_BITS;
  const bucket = SUB * (power + 1) + (Math.floor(whole / 2 ** power) - SUB);
  return Math.min(bucket, LAST);
}

function upperEdge(bucket: number): number {
  if (bucket < SUB) return bucket + 1;
  const power = Math.floor(bucket / SUB) - 1;
  return ((bucket % SUB) + SUB + 1) * 2 ** power;
}
