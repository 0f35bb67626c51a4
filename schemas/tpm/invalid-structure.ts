/** What breaks the TPM's canonical form: TPM_RESPONSE_INVALID, with the place where it breaks. */
import { MsecError } from '../base.ts';

export function invalidResponse(says: string, byteOffset?: number): MsecError {
  return new MsecError('TPM_RESPONSE_INVALID', says, byteOffset === undefined ? {} : { byteOffset });
}
