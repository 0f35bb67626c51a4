/** A check of a device's state as an interaction: what it is worth to others that the device keeps proving itself. */
import type { TrustInteraction } from '../../../schemas/index.ts';

/** Who judges, and what for. */
const JUDGE = 'msec';
const SERVICE = 'attestation';
/** Of an interaction's reason, in UTF-8. */
const REASON_BYTES_MAX = 256;

export function checkInteraction(id: string, isTrusted: boolean, says: string, at: number): TrustInteraction {
  return {
    ...{ id, trustor: JUDGE, service: SERVICE, satisfaction: isTrusted ? 1 : 0, weight: 1, time: at },
    ...{ responseMs: null, availability: null, quality: null, reason: shortened(says) },
  };
}

function shortened(text: string): string {
  if (Buffer.byteLength(text) <= REASON_BYTES_MAX) return text;
  let cut = text.slice(0, REASON_BYTES_MAX);
  while (Buffer.byteLength(cut) > REASON_BYTES_MAX - 3) cut = cut.slice(0, -1);
  // Half a character of two units would not be UTF-8.
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}
