/** What is wrong with an interaction: the reason of its dead letter, and what a bridge answers before it becomes one. */
import { MsecError } from '../../engine/index.ts';
import {
  AT_AVAILABILITY,
  AT_ID,
  AT_INTERACTION_WEIGHT,
  AT_QUALITY,
  AT_REASON,
  AT_RESPONSE,
  AT_SATISFACTION,
  AT_SERVICE,
  AT_TIME,
  AT_TRUSTOR,
  type InteractionView,
} from '../../schemas/index.ts';
import { WEIGHT_MAX } from './model/interaction.ts';
import { isName, NAME_BYTES_MAX } from './names.ts';

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

/** Bytes [start, end) of a name. */
export interface NameBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The same of its names, whose places begin at spans[s] in `bytes`. Null where there is nothing wrong. */
export function wrongName(
  bytes: Uint8Array,
  spans: Int32Array,
  s: number,
  trustee: NameBytes,
  rates: (service: string) => boolean,
): MsecError | null {
  const [trustorStart, trustorEnd] = [spans[s + AT_TRUSTOR]!, spans[s + AT_TRUSTOR + 1]!];
  if (isSame(bytes, trustorStart, trustorEnd, trustee)) return selfRating();
  const [serviceStart, serviceEnd] = [spans[s + AT_SERVICE]!, spans[s + AT_SERVICE + 1]!];
  if (!isName(bytes, serviceStart, serviceEnd)) return invalid('service');
  if (!rates(utf8.decode(bytes.subarray(serviceStart, serviceEnd)))) return unknownService();
  if (!isName(bytes, trustorStart, trustorEnd)) return invalid('trustor');
  return isName(trustee.bytes, trustee.start, trustee.end) ? null : invalid('trustee');
}

/** Whom an interaction may be about, and when. */
export interface InteractionBounds {
  /** Of which there are ratings; empty: any. */
  readonly services: readonly string[];
  /** How far a trustor's clock may be ahead of the receipt. */
  readonly aheadMs: number;
}

/** Why one that is received now cannot count, as far as that can be told from itself: not whether it is too late. */
export function mistakeIn(
  view: InteractionView,
  trustee: Uint8Array,
  { services, aheadMs }: InteractionBounds,
  receivedAtMs: number,
): MsecError | null {
  const { bytes, numbers, spans } = view;
  const field = wrongField(numbers, 0, spans, 0, receivedAtMs + aheadMs);
  if (field !== '') return invalid(field);
  const rates = (service: string): boolean => services.length === 0 || services.includes(service);
  return wrongName(bytes, spans, 0, { bytes: trustee, start: 0, end: trustee.length }, rates);
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function isSame(bytes: Uint8Array, start: number, end: number, other: NameBytes): boolean {
  if (end - start !== other.end - other.start) return false;
  for (let i = start; i < end; i++) if (bytes[i] !== other.bytes[other.start + i - start]) return false;
  return true;
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

const selfRating = (): MsecError => invalid('trustor', 'is the trustee: nobody judges itself');
const unknownService = (): MsecError => invalid('service', 'is none of those under trust.services');

export function late(): MsecError {
  return new MsecError(
    'INTERACTION_LATE',
    'interaction, time: it is too old to tell whether it was counted before (trust.horizon, trust.idsMax)',
    { field: 'time' },
  );
}
