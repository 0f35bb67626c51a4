/**
 * What goes wrong in one run, drawn from its seed: how slow disk and messages are, and a bounded list of faults, each at
 * a moment or at the n-th time that the run comes to a named point. Everything is drawn before the run begins, so two
 * versions of the code under one seed meet the same plan.
 */
import { type Random, randomBelow } from '../base/index.ts';

/** Points of a worker thread. */
export const THREAD_POINTS = [
  'thread-started',
  'assigned',
  'restore',
  'first-fetch',
  'record',
  'commit-before',
  'commit-after',
  'draining',
] as const;
/** Points of the process as a whole. */
export const PROCESS_POINTS = ['store-before', 'store-durable', 'acquire'] as const;

export type ThreadPoint = (typeof THREAD_POINTS)[number];
export type ProcessPoint = (typeof PROCESS_POINTS)[number];
export type Point = ThreadPoint | ProcessPoint;

/**
 * crash: the process dies, and with it what is not on the disk. kill, heap: a thread dies. zombie: the main thread takes
 * a thread for dead, which goes on reading, and whose commits reach the log late.
 */
export type FaultAction = 'crash' | 'kill' | 'heap' | 'zombie';
export type DiskTrouble = 'slow' | 'full';

export type Fault =
  | { readonly at: 'point'; readonly point: Point; readonly nth: number; readonly action: FaultAction }
  | { readonly at: 'time'; readonly ms: number; readonly action: FaultAction }
  | { readonly at: 'disk'; readonly ms: number; readonly forMs: number; readonly trouble: DiskTrouble };

export interface FaultPlan {
  readonly faults: readonly Fault[];
  readonly diskMsMax: number;
  readonly messageMsMax: number;
  /** Between the main thread and the log, so that a commit may come after the take-over that it was sent before. */
  readonly commitMsMax: number;
  /** Of 256 reads, how many take time. */
  readonly slowReads: number;
  readonly readMsMax: number;
  /** Whether messages are really cloned and buffers really transferred, as between threads; slower. */
  readonly clonesMessages: boolean;
}

const chosen = <T>(random: Random, list: readonly T[]): T => list[randomBelow(random, list.length)]!;

export function drawFaults(random: Random, horizonMs: number): FaultPlan {
  // One run in eight is calm: without a fault nothing may differ either.
  const count = randomBelow(random, 8) === 0 ? 0 : 1 + randomBelow(random, 6);
  return {
    faults: Array.from({ length: count }, () => drawFault(random, horizonMs)),
    diskMsMax: chosen(random, [0.5, 5, 5, 40]),
    messageMsMax: chosen(random, [0.1, 1, 20]),
    commitMsMax: chosen(random, [0, 0, 2, 60, 300]),
    slowReads: chosen(random, [0, 16, 128, 256]),
    readMsMax: chosen(random, [0.2, 5]),
    clonesMessages: randomBelow(random, 16) === 0,
  };
}

function drawFault(random: Random, horizonMs: number): Fault {
  switch (randomBelow(random, 8)) {
    case 0:
      return {
        at: 'disk',
        ms: randomBelow(random, horizonMs),
        forMs: 50 + randomBelow(random, 1000),
        trouble: chosen(random, ['slow', 'full']),
      };
    case 1:
    case 2:
      return { at: 'time', ms: randomBelow(random, horizonMs), action: drawAction(random) };
    case 3:
    case 4:
      return {
        at: 'point',
        point: chosen(random, PROCESS_POINTS),
        nth: 1 + randomBelow(random, 20),
        action: 'crash',
      };
    default: {
      const point = chosen(random, THREAD_POINTS);
      const nth = 1 + randomBelow(random, NTH_MAX[point]);
      return { at: 'point', point, nth, action: drawAction(random) };
    }
  }
}

/** About how often a run comes to the point; a fault beyond it is no fault. */
const NTH_MAX: Readonly<Record<ThreadPoint, number>> = {
  'thread-started': 4,
  assigned: 8,
  restore: 12,
  'first-fetch': 8,
  record: 60,
  'commit-before': 16,
  'commit-after': 16,
  draining: 3,
};

function drawAction(random: Random): FaultAction {
  return chosen(random, ['crash', 'crash', 'kill', 'kill', 'heap', 'zombie', 'zombie']);
}
