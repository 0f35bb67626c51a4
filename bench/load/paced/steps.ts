/** What the load and the reader of a paced run are told, and what they say; a line of JSON each. */
import type { Ladder } from '../latency-histogram.ts';
import type { PacedFleet } from './paced-frames.ts';

/** One stretch of time at one pace. Its frames have the counters [first, first + frames). */
export interface PacedStep {
  readonly kind: 'step';
  readonly framesPerSecond: number;
  readonly tickMs: number;
  readonly first: number;
  readonly frames: number;
  /** When the first frame is due, on the machine's monotonic clock (`monotonicMs`). */
  readonly startMs: number;
  /** Frames at its beginning that no figure counts. */
  readonly warmUpFrames: number;
}

/** To the load: no more is sent. */
export interface Stop {
  readonly kind: 'stop';
}

/** To the reader: the step has no more frames than these. */
export interface StoppedAt {
  readonly kind: 'stopped';
  readonly frames: number;
}

export interface LoadTask extends PacedFleet {
  readonly bootstrap: string;
  readonly topic: string;
}

export interface ReaderTask extends PacedFleet {
  readonly bootstrap: string;
  /**
   * Where each frame comes out once: u32 counter · i16 battery · noise · temperature · humidity. Where u32 times follows,
   * it must count the frames of the device.
   */
  readonly topic: string;
  /** Of each device, before the first step: what its first frame counts from. */
  readonly timesBefore: number;
  /** How often `ReaderProgress` is said; 0: never. */
  readonly progressMs: number;
}

export interface LoadReport {
  readonly kind: 'load';
  /** Less than was asked for where it was stopped. */
  readonly frames: number;
  /** From when a frame was due until it was handed to the socket: of the last frame of each stretch. */
  readonly sent: Ladder;
  /** From then until the broker had it. */
  readonly answered: Ladder;
}

export interface ReaderReport {
  readonly kind: 'reader';
  /** From when each frame was due until what became of it was read, committed. */
  readonly latency: Ladder;
  /** Of the last quarter of the frames. */
  readonly lastQuarter: Ladder;
  /** Frames that had not come out when the reader gave up. */
  readonly missing: number;
}

export interface ReaderProgress {
  readonly kind: 'progress';
  readonly atMs: number;
  /** Of the step. */
  readonly frames: number;
  /** Of each partition: the counter that was read last; -1 before the first. */
  readonly newest: readonly number[];
}

/** The same for all processes of the machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function dueMs({ startMs, framesPerSecond, first }: PacedStep, counter: number): number {
  return startMs + ((counter - first) * 1000) / framesPerSecond;
}
