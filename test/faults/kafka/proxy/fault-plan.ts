/**
 * Which fault befalls which request: drawn from a seed, request by request. The moments at which requests come differ
 * from run to run, so a seed repeats the faults and their mixture, and not each interleaving.
 */
import { API, type RequestHead } from './request-head.ts';

/**
 * pass       goes through, its answer too
 * slow       waits some milliseconds, on its connection alone, and so changes the order across connections
 * slowAnswer the same for its answer
 * cutBefore  never arrives, and the connection is reset
 * cutAfter   arrives, and the connection is reset before its answer
 * mute       arrives; the connection then stays open and says nothing more in either direction
 * heldCut    is held back, the client sees a reset; arrives when others of its transactional id have passed
 * heldMute   is held back, the client sees nothing; arrives in the same way
 */
export type Fault = 'pass' | 'slow' | 'slowAnswer' | 'cutBefore' | 'cutAfter' | 'mute' | 'heldCut' | 'heldMute';

export interface Decision {
  readonly fault: Fault;
  /** slow, slowAnswer. */
  readonly delayMs: number;
  /** held: arrives when so many others of its transactional id were answered, or after `delayMs` at the latest. */
  readonly others: number;
}

export interface FaultRates {
  /** Of a hundred requests of a transaction, how many are held back, cut, muted or slowed. */
  readonly held: number;
  readonly cut: number;
  readonly mute: number;
  readonly slow: number;
}

export const DEFAULT_RATES: FaultRates = { held: 1.5, cut: 0.6, mute: 0.3, slow: 15 };

const HELD_MS_MAX = 6000;
const OTHERS_MAX = 8;
const SLOW_MS_MAX = 40;

export const PASS: Decision = { fault: 'pass', delayMs: 0, others: 0 };

const HELD: ReadonlySet<number> = new Set([API.produce, API.endTxn, API.txnOffsetCommit, API.addPartitionsToTxn]);

/** `random` gives numbers in [0, 1). */
export function decide(head: RequestHead, random: () => number, rates: FaultRates): Decision {
  const drawn = random() * 100;
  const size = random();
  const others = Math.floor(random() * (OTHERS_MAX + 1));
  if (head.transactionalId === null) {
    // What belongs to no transaction is only slowed, else clients would spend their time looking the cluster up.
    return drawn < rates.slow / 3 ? { fault: 'slow', delayMs: size * SLOW_MS_MAX, others: 0 } : PASS;
  }
  const faults: readonly (readonly [Fault, number])[] = [
    ['heldCut', HELD.has(head.apiKey) ? rates.held / 2 : 0],
    ['heldMute', HELD.has(head.apiKey) ? rates.held / 2 : 0],
    ['cutBefore', rates.cut / 2],
    ['cutAfter', rates.cut / 2],
    ['mute', rates.mute],
    ['slow', rates.slow / 2],
    ['slowAnswer', rates.slow / 2],
  ];
  let sum = 0;
  for (const [fault, rate] of faults) {
    sum += rate;
    if (drawn >= sum) continue;
    const isHeld = fault === 'heldCut' || fault === 'heldMute';
    return { fault, delayMs: isHeld ? HELD_MS_MAX : size * SLOW_MS_MAX, others };
  }
  return PASS;
}

/** For requests to a broker that is out of reach: they arrive late, whether or not their client still waits. */
export function away(head: RequestHead, random: () => number): Decision {
  if (head.transactionalId === null) return PASS;
  const fault = random() < 0.5 ? 'heldMute' : 'heldCut';
  return { fault, delayMs: HELD_MS_MAX, others: Math.floor(random() * (OTHERS_MAX + 1)) };
}
