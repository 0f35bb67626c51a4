/** Why verify refuses a frame, as errors that name the field. */
import { MsecError } from '../../engine/index.ts';
import type { EnvelopeView } from '../../schemas/envelope/index.ts';
import { OLD_EPOCH, type Verdict } from './sequence-window.ts';

type Refusal =
  | 'BUDGET_EXHAUSTED'
  | 'CLOCK_SKEW'
  | 'DEVICE_QUARANTINED'
  | 'DEVICE_REVOKED'
  | 'DEVICE_UNKNOWN'
  | 'ENVELOPE_INVALID'
  | 'IDENTITY_MISMATCH'
  | 'REPLAYED'
  | 'SEQUENCE_CONFLICT'
  | 'SIGNATURE_INVALID'
  | 'UNSIGNED';

export function refusal(code: Refusal, says: string, field: string): MsecError {
  return new MsecError(code, says, { field });
}

export function keyUnknown(says: string): MsecError {
  return new MsecError('KEY_UNKNOWN', `key ${says}`, { field: 'keyId' });
}

export function replayed(verdict: Verdict, { bootEpoch, sequence }: EnvelopeView): MsecError {
  return verdict === OLD_EPOCH
    ? refusal('REPLAYED', `boot epoch ${bootEpoch} was followed by a higher one`, 'bootEpoch')
    : refusal('REPLAYED', `sequence ${sequence} lies before the last 1024 of boot epoch ${bootEpoch}`, 'sequence');
}
