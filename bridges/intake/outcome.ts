/**
 * What became of a frame that a device sent: stored and durable, or refused with a reason that it can be told.
 */
import { ERROR_TABLE, type ErrorCode, type ErrorPlace } from '../../engine/index.ts';

export interface Accepted {
  readonly isAccepted: true;
  readonly partition: number;
  readonly offset: number;
  /** Of an interaction, which may have been given one here. */
  readonly id?: string;
}

export interface Refused extends ErrorPlace {
  readonly isAccepted: false;
  readonly code: ErrorCode;
  /** A sentence for people, without anything of the frame's content. */
  readonly message: string;
  /** When it is worth trying again; absent where the device cannot know. */
  readonly retryAfterMs?: number;
}

export type Outcome = Accepted | Refused;

export function refusal(code: ErrorCode, message: string, more: { retryAfterMs?: number } & ErrorPlace = {}): Refused {
  return { isAccepted: false, code, message, ...more };
}

/** Whether the same bytes would be refused for ever, so that sending them again is pointless. */
export function isLasting(refused: Refused): boolean {
  return ERROR_TABLE[refused.code].kind === 'input';
}
