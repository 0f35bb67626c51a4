/** What is wrong with an interaction, as the reason of its dead letter. */
import { MsecError } from '../../engine/index.ts';
import {
  AT_AVAILABILITY,
  AT_ID,
  AT_INTERACTION_WEIGHT,
  AT_QUALITY,
  AT_REASON,
  AT_RESPONSE,
  AT_SATISFACTION,
  AT_TIME,
} from '../../schemas/index.ts';
import { WEIGHT_MAX } from './model/interaction.ts';
import { NAME_BYTES_MAX } from './names.ts';

export const REASON_BYTES_MAX = 256;

/**
 * The field that makes the interaction one that cannot count, whatever is known; '' where there is none. Its numbers begin
 * at numbers[n], its spans at spans[s]. `latest`: the last time that is not in the future.
 */
export function wrongField(numbers: Float64Array, n: number, spans: Int32Array, s: number, latest: number): string {
  const idLength = spans[s + AT_ID + 1]! - spans[s + AT_ID]!;
  if (idLength < 1 || idLength > NAME_BYTES_MAX) return 'id';
  const satisfaction = numbers[n + AT_SATISFACTION]!;
  if (!(satisfaction >= 0 && satisfaction <= 1)) return 'satisfaction';
  const weight = numbers[n + AT_INTERACTION_WEIGHT]!;
  if (!(weight >= 0 && weight <= WEIGHT_MAX)) return 'weight';
  const time = numbers[n + AT_TIME]!;
  if (!(time >= 0 && time <= latest)) return 'time';
  // NaN: it was not measured.
  if (numbers[n + AT_RESPONSE]! < 0 || numbers[n + AT_RESPONSE] === Number.POSITIVE_INFINITY) return 'responseMs';
  if (numbers[n + AT_AVAILABILITY]! < 0 || numbers[n + AT_AVAILABILITY]! > 1) return 'availability';
  if (numbers[n + AT_QUALITY]! < 0 || numbers[n + AT_QUALITY]! > 1) return 'quality';
  const hasReason = spans[s + AT_REASON]! >= 0;
  if (hasReason && spans[s + AT_REASON + 1]! - spans[s + AT_REASON]! > REASON_BYTES_MAX) return 'reason';
  return '';
}

const SAYS: Readonly<Record<string, string>> = {
  id: `must have 1 to ${NAME_BYTES_MAX} bytes`,
  trustor: `must be 1 to ${NAME_BYTES_MAX} bytes of UTF-8 without spaces and control characters`,
  trustee: `(the key) must be 1 to ${NAME_BYTES_MAX} bytes of UTF-8 without spaces and control characters`,
  satisfaction: 'must lie between 0 and 1',
  weight: `must lie between 0 and ${WEIGHT_MAX}`,
  responseMs: 'must be a number from 0 on',
  availability: 'must lie between 0 and 1',
  quality: 'must lie between 0 and 1',
  reason: `must have at most ${REASON_BYTES_MAX} bytes`,
  service: `must be 1 to ${NAME_BYTES_MAX} bytes of UTF-8 without spaces and control characters`,
  time: 'lies in the future, or before 1970',
};

export function invalid(field: string, says = SAYS[field]!): MsecError {
  return new MsecError('INTERACTION_INVALID', `interaction, ${field}: ${says}`, { field });
}

export const selfRating = (): MsecError => invalid('trustor', 'is the trustee: nobody judges itself');
export const unknownService = (): MsecError => invalid('service', 'is none of those under trust.services');

export function late(): MsecError {
  return new MsecError(
    'INTERACTION_LATE',
    'interaction, time: it is too old to tell whether it was counted before (trust.horizon, trust.idsMax)',
    { field: 'time' },
  );
}
