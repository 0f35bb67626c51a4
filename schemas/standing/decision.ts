/**
 * What became of an operator's command: a record of the topic trust.decisions, which is the audit of all of them. Written
 * by the actor in the transaction that changes the standing, so that there is one for each change by hand, and no other.
 */
import { MsecError } from '../../engine/base/index.ts';
import type { StandingNow } from '../codec/index.ts';
import type { StandingAction } from './command.ts';

export interface StandingDecision {
  readonly version: 1;
  /** The command's. */
  readonly id: string;
  readonly trustee: string;
  readonly service: string;
  readonly action: StandingAction;
  readonly by: string;
  /** Unix milliseconds, when it was ordered. */
  readonly at: number;
  readonly why: string;
  readonly before: StandingNow;
  readonly after: StandingNow;
}

export function encodeStandingDecision(decision: StandingDecision): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(decision)) as Uint8Array<ArrayBuffer>;
}

/** Only the actor writes these. VALUE_INVALID where it is no JSON. */
export function decodeStandingDecision(bytes: Uint8Array, start = 0, end = bytes.length): StandingDecision {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end))) as StandingDecision;
  } catch (cause) {
    throw new MsecError('VALUE_INVALID', 'standing decision: not JSON in UTF-8', { byteOffset: 0, cause });
  }
}
