/** The device's way to its bridge, over a connection that the device has opened. */
import { MsecError } from '../../engine/base/index.ts';

export interface AttestationChannel {
  /**
   * Hands over each challenge as it came, repeats included, until the signal. Connections that fail are tried again, later
   * each time, and told. It ends with NOT_AUTHENTICATED, as the same credential would be refused again, and with CONFIG_INVALID
   * where the bridge attests no devices.
   */
  run(
    onChallenge: (challenge: Uint8Array) => void,
    onTrouble: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Resolves true once the bridge has it durably; false where it refused it for good. DEPENDENCY_DOWN where nobody knows: then
   * the same bytes may be sent again. Where it waited for a connection and it is in vain by then, that is DEPENDENCY_DOWN, too.
   */
  send(evidence: Uint8Array, isVain?: () => boolean): Promise<boolean>;
}

export const RETRY_MS_MIN = 250;
export const RETRY_MS_MAX = 60_000;

export interface Credential {
  readonly deviceId: string;
  readonly token: string;
}

export const refusedCredential = (): MsecError =>
  new MsecError('NOT_AUTHENTICATED', 'The bridge refuses the credential: the device or its token is another.');

export const notAttesting = (): MsecError =>
  new MsecError('CONFIG_INVALID', 'The bridge attests no devices: no policy is configured there.', { field: 'bridge' });
