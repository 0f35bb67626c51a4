/**
 * What goes wrong with a TPM, as errors of the one table: TPM_REFUSED where the TPM said no (with its response code
 * decoded), TPM_RESPONSE_INVALID where what came back is no response to the command or was changed on the way,
 * DEPENDENCY_DOWN where nothing comes back.
 */
import { MsecError } from '../../engine/base/index.ts';
import { decodeResponseCode, describeResponseCode, type ResponseCode } from './response-code.ts';

export class TpmError extends MsecError {
  readonly responseCode: ResponseCode;

  constructor(command: string, responseCode: ResponseCode) {
    const { subject, number } = responseCode;
    super(
      'TPM_REFUSED',
      `TPM2_${command}: ${describeResponseCode(responseCode)}`,
      subject === null ? {} : { field: number === 0 ? subject : `${subject} ${number}` },
    );
    this.responseCode = responseCode;
  }
}

export function tpmRefused(command: string, code: number): TpmError {
  return new TpmError(command, decodeResponseCode(code));
}

/** Whether the TPM refused with this name, such as POLICY_FAIL. */
export function isTpmRefusal(thrown: unknown, ...names: readonly string[]): thrown is TpmError {
  return thrown instanceof TpmError && (names.length === 0 || names.includes(thrown.responseCode.name));
}

export function tpmDown(says: string, cause?: unknown): MsecError {
  return new MsecError('DEPENDENCY_DOWN', says, { cause });
}
