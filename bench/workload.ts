/** What a workload is, and what one figure of it says. */

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly runs: number;
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly ours: Spread;
  /** What was measured beside it in the same run, by name, in the same unit. */
  readonly peers: Readonly<Record<string, Spread>>;
  /** Ours divided by the peer's, run by run. */
  readonly ratios: Readonly<Record<string, Spread>>;
  /**
   * The bar that `judged` must reach (or stay under, where less is better), and where it is meant to come to; null where
   * the figure only tells.
   */
  readonly floor: number | null;
  readonly aim: number | null;
  /** `ours`, or the name of a ratio. */
  readonly judged: string;
  readonly isLessBetter: boolean;
  /** True where there is no bar. */
  readonly pass: boolean;
  /** What else was measured or compared: each a sentence. */
  readonly notes: readonly string[];
}

/** What was measured at several sizes of something, for plots and for plans. */
export interface Curve {
  readonly name: string;
  /** What runs along the x axis, e.g. `keys`. */
  readonly x: string;
  readonly isLogarithmic: boolean;
  /** Of the y axis. */
  readonly unit: string;
  readonly series: Readonly<Record<string, readonly CurvePoint[]>>;
}

export interface CurvePoint {
  readonly x: number;
  readonly y: Spread;
}

export interface Measured {
  readonly figures: readonly Figure[];
  readonly curves: readonly Curve[];
  /** Of parts that gave nothing; absent: none. */
  readonly failures?: readonly PartFailure[];
}

export interface PartFailure {
  readonly part: string;
  readonly error: Error;
}

export interface RunOptions {
  readonly isQuick: boolean;
  /** Of the soak, in minutes. */
  readonly minutes: number | null;
  /** A scratch folder, removed after the run. */
  readonly folder: string;
  readonly progress: (text: string) => void;
}

export interface Workload {
  readonly name: string;
  readonly says: string;
  /** The first figure stands for the workload where there is room for one. */
  run(options: RunOptions): Promise<readonly Figure[] | Measured>;
}

/** A workload whose subject is not there yet: it is listed and shown with the reason, and never with a figure. */
export interface PendingWorkload {
  readonly name: string;
  readonly says: string;
  readonly pending: string;
}

export type AnyWorkload = Workload | PendingWorkload;

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { min: sorted[0]!, median, max: sorted.at(-1)!, runs: sorted.length };
}

export interface FigureDraft extends Omit<Figure, 'ours' | 'peers' | 'ratios' | 'pass' | 'isLessBetter'> {
  /** One value a run; peers have as many. */
  readonly ours: readonly number[];
  readonly peers?: Readonly<Record<string, readonly number[]>>;
  readonly isLessBetter?: boolean;
}

/** The median is judged. */
export function figure(draft: FigureDraft): Figure {
  const { ours, peers = {}, isLessBetter = false, judged, floor } = draft;
  const ratios: Record<string, Spread> = {};
  const peerSpreads: Record<string, Spread> = {};
  for (const [name, values] of Object.entries(peers)) {
    peerSpreads[name] = spread(values);
    // Beside nothing there is no ratio, which no file or plot could hold either.
    if (!values.includes(0)) ratios[name] = spread(values.map((value, run) => ours[run]! / value));
  }
  const oursSpread = spread(ours);
  const value = judged === 'ours' ? oursSpread.median : (ratios[judged]?.median ?? Number.POSITIVE_INFINITY);
  const pass = floor === null || (isLessBetter ? value <= floor : value >= floor);
  return { ...draft, ours: oursSpread, peers: peerSpreads, ratios, isLessBetter, pass };
}
