/**
 * Whether the lag of a reader stays bounded at a rate. Records wait for the next commit, so the lag goes up and down by what comes
 * in between two of them; what it has grown beyond that, from the beginning of the measured time to its end, is lag
 * that will never be made up.
 */

export interface LagSample {
  readonly atMs: number;
  /** Records that have come, or should have, and are not committed. */
  readonly lag: number;
}

export interface LagVerdict {
  readonly isBounded: boolean;
  /** Of the middle of the lag, from the first third of the samples to the last; records. */
  readonly growth: number;
  /** What one commit interval explains; records. */
  readonly allowed: number;
  /** Growth in records a second. */
  readonly perSecond: number;
}

export interface LagBounds {
  /** Records that come each second. */
  readonly ratePerSecond: number;
  readonly commitIntervalMs: number;
}

export const LAG_SAMPLES_MIN = 6;

/** The samples of the measured time, the warm-up left out, at least LAG_SAMPLES_MIN. */
export function judgeLag(samples: readonly LagSample[], { ratePerSecond, commitIntervalMs }: LagBounds): LagVerdict {
  if (samples.length < LAG_SAMPLES_MIN) throw new RangeError(`${samples.length} samples tell nothing of a lag`);
  const third = Math.floor(samples.length / 3);
  const [first, last] = [samples.slice(0, third), samples.slice(-third)];
  const growth = middle(last, ({ lag }) => lag) - middle(first, ({ lag }) => lag);
  const seconds = (middle(last, ({ atMs }) => atMs) - middle(first, ({ atMs }) => atMs)) / 1000;
  // One record more: at a low rate an interval explains a part of one.
  const allowed = (ratePerSecond * commitIntervalMs) / 1000 + 1;
  return { isBounded: growth <= allowed, growth, allowed, perSecond: growth / seconds };
}

function middle(samples: readonly LagSample[], of: (sample: LagSample) => number): number {
  const sorted = samples.map(of).sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
