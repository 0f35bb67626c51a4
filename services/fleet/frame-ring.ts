/**
 * What a device remembers until it is acknowledged: store and forward. Bounded; when it is full the oldest frame goes,
 * as in a device with little memory, and is counted.
 */
import type { FleetFrame } from './simulated-device.ts';

export interface RingCounts {
  readonly acknowledged: number;
  /** Refused for good. */
  readonly refused: number;
  readonly dropped: number;
  readonly waiting: number;
}

export const ADDED: RingCounts = { acknowledged: 0, refused: 0, dropped: 0, waiting: 0 };

export function addCounts(a: RingCounts, b: RingCounts): RingCounts {
  return {
    acknowledged: a.acknowledged + b.acknowledged,
    refused: a.refused + b.refused,
    dropped: a.dropped + b.dropped,
    waiting: a.waiting + b.waiting,
  };
}

/** One device's way to a bridge. */
export interface FramePublisher {
  publish(frame: FleetFrame): void;
  counts(): RingCounts;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
  /** Ends the connection, as a lost link does; it is made again by itself. Absent where each request has its own. */
  cut?(): void;
  close(): void;
}

export const RING_FRAMES_MAX = 256;
