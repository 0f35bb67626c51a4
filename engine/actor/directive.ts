/** What becomes of a record whose handling failed, decided in this one place. */
import { MsecError } from '../base/index.ts';

export type Directive = 'dead-letter' | 'pause' | 'retry' | 'stop';

/** `attempts` counts this failure too. */
export function directiveFor(thrown: unknown, attempts: number, attemptsMax: number): Directive {
  if (thrown instanceof MsecError) {
    if (thrown.code === 'FENCED' || thrown.code === 'CLOSED' || thrown.code === 'REOPEN_NEEDED') return 'stop';
    if (thrown.retriable) return 'pause';
    if (thrown.kind === 'input') return 'dead-letter';
  }
  return attempts < attemptsMax ? 'retry' : 'dead-letter';
}
