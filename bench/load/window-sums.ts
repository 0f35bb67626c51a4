/**
 * The plain computation that the engine's windows are judged by: sums for each device and minute, from the fleet's
 * numbers, in one pass and one array. It shares no code with the actors or codecs.
 */
import { type Fleet, MEASURES } from './fleet.ts';

const WINDOW_MS = 60_000;
/** count, then for each measure: sum, sum of squares, least, greatest. */
const STRIDE = 1 + 4 * MEASURES;

export interface ExpectedWindow {
  readonly count: number;
  readonly measures: readonly {
    readonly mean: number;
    readonly min: number;
    readonly max: number;
    readonly stddev: number;
  }[];
}

const SCALE = [1, 1, 10, 10] as const;

export class WindowSums {
  readonly #devices: number;
  readonly #windowFirst: number;
  readonly #windows: Float64Array[] = [];
  size = 0;

  constructor({ options }: Fleet) {
    this.#devices = options.devices;
    this.#windowFirst = Math.floor(options.startMs / WINDOW_MS);
  }

  add({ device, timestamp, wire }: Fleet): void {
    const window = Math.floor(timestamp / WINDOW_MS) - this.#windowFirst;
    this.#windows[window] ??= new Float64Array(this.#devices * STRIDE);
    const sums = this.#windows[window];
    const at = device * STRIDE;
    const count = sums[at]!;
    if (count === 0) this.size++;
    sums[at] = count + 1;
    for (let i = 0; i < MEASURES; i++) {
      const from = at + 1 + 4 * i;
      const value = wire[i]!;
      sums[from] = sums[from]! + value;
      sums[from + 1] = sums[from + 1]! + value * value;
      if (count === 0 || value < sums[from + 2]!) sums[from + 2] = value;
      if (count === 0 || value > sums[from + 3]!) sums[from + 3] = value;
    }
  }

  /** Null where the device sent nothing in that window. */
  window(device: number, windowStartMs: number): ExpectedWindow | null {
    const sums = this.#windows[windowStartMs / WINDOW_MS - this.#windowFirst];
    const count = sums?.[device * STRIDE] ?? 0;
    if (sums === undefined || count === 0) return null;
    return {
      count,
      measures: SCALE.map((scale, i) => {
        const from = device * STRIDE + 1 + 4 * i;
        const [sum, squares] = [sums[from]!, sums[from + 1]!];
        const mean = sum / count;
        return {
          mean: mean / scale,
          min: sums[from + 2]! / scale,
          max: sums[from + 3]! / scale,
          stddev: Math.sqrt(Math.max(0, squares / count - mean * mean)) / scale,
        };
      }),
    };
  }
}
