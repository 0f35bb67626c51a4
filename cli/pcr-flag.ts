/** --pcrs: numbers of PCRs with commas. */
import { MsecError } from '../engine/base/index.ts';
import { type PcrSelection, pcrs } from '../firmware/tpm/index.ts';

/** CONFIG_INVALID. */
export function pcrsOf(text: string | undefined): PcrSelection | null {
  if (text === undefined) return null;
  const numbers = text.split(',').map((part) => (/^\d{1,2}$/.test(part) ? Number(part) : Number.NaN));
  if (numbers.every((pcr) => pcr <= 23)) return pcrs(...numbers);
  throw new MsecError('CONFIG_INVALID', '--pcrs takes numbers from 0 to 23 with commas, such as 0,7.', {
    field: 'pcrs',
  });
}
