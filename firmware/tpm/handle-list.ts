/** The list of handles that TPM2_GetCapability answers: more u8 · CAP_HANDLES u32 · count u32 · handles. */
import { CAP_HANDLES, type TpmReader } from '../../schemas/tpm/index.ts';

export const HANDLES_MAX = 254;

export function readHandles(reader: TpmReader): number[] {
  reader.u8('more data');
  if (reader.u32('capability') !== CAP_HANDLES) throw reader.wrong('capability', 'is not the list of handles');
  const at = reader.position;
  const count = reader.u32('handles');
  if (count > HANDLES_MAX) throw reader.wrong('handles', `${count} of them`, at);
  const handles = Array.from({ length: count }, () => reader.u32('handle'));
  reader.end();
  return handles;
}
