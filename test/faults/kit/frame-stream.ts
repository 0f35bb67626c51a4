/**
 * A numbered stream of frames, the same for every process that makes it: frame n is always the same device, sequence,
 * time and values. Some are malformed, and some carry a noise level that the hostile actor answers with violence.
 */
import { Fleet } from '../../../bench/load/fleet.ts';

export const PARTITIONS = 4;
export const DEVICES = 40;
const FRAMES_PER_SECOND = 10;
const MALFORMED_EVERY = 37;
const NOISE = 1;

/** Noise levels that no frame of the fleet has by itself. */
export const MARKS = { heap: 120, uncaught: 121, hang: 122, refused: 123 } as const;
export type Mark = keyof typeof MARKS;

export interface StreamOptions {
  readonly startMs: number;
  readonly seed: number;
  /** Frame numbers and what they do to the actor. */
  readonly marked: readonly (readonly [number, Mark])[];
}

export class FrameStream {
  readonly fleet: Fleet;
  /** Of the present frame. */
  number = -1;
  isMalformed = false;
  readonly #marks: ReadonlyMap<number, Mark>;

  constructor({ startMs, seed, marked }: StreamOptions) {
    this.fleet = new Fleet({ devices: DEVICES, seed, framesPerSecond: FRAMES_PER_SECOND, startMs });
    this.#marks = new Map(marked);
  }

  next(): void {
    this.fleet.next();
    this.number++;
    const mark = this.#marks.get(this.number);
    this.isMalformed = mark === undefined && this.number % MALFORMED_EVERY === MALFORMED_EVERY - 1;
    if (mark !== undefined) this.fleet.wire[NOISE] = MARKS[mark];
  }
}
