/**
 * The enrolment of a device whose keys live in a TPM, both ends of it in one process: proof of its keys against the
 * certificates of its TPM's maker, what the registry then gets, and the device's certificate. Nothing is written before
 * the proof is complete.
 */
import { systemClock, systemRandom } from '../engine/base/index.ts';
import { answerChallenge, type DeviceKeys, endorsementKey, enrolmentRequest } from '../firmware/provision/index.ts';
import type { Tpm } from '../firmware/tpm/index.ts';
import { exportPublicKey } from '../schemas/envelope/index.ts';
import { encodePublic } from '../schemas/tpm/index.ts';
import { beginEnrolment, type EnrolledKeys, type EnrolmentAuthority, makersOf } from '../services/enrolment/index.ts';

export const CERTIFICATE_DAYS = 365;
const DAY_MS = 86_400_000;

/** Public keys in base64, and when they end with the certificate. */
export interface KeyedRow {
  readonly publicKey: string;
  readonly sessionKey: string;
  /** Its public area. */
  readonly attestationKey: string;
  readonly notAfterMs: number;
}

/** `makers`: certificates in PEM. ENROLMENT_REFUSED. */
export async function provedKeys(tpm: Tpm, keys: DeviceKeys, makers: string): Promise<EnrolledKeys> {
  const endorsement = await endorsementKey(tpm);
  try {
    const pending = beginEnrolment(enrolmentRequest(endorsement, keys), {
      makers: makersOf(makers),
      nowMs: systemClock.now(),
      random: systemRandom,
    });
    return pending.check(await answerChallenge(tpm, endorsement, keys, pending.challenge));
  } finally {
    await tpm.flush(endorsement.key);
  }
}

export function keyedRow(proved: EnrolledKeys, { attestation }: DeviceKeys, days: number): KeyedRow {
  return {
    publicKey: exportPublicKey(proved.signing).toString('base64'),
    sessionKey: exportPublicKey(proved.agreement).toString('base64'),
    attestationKey: Buffer.from(encodePublic(attestation.area)).toString('base64'),
    notAfterMs: systemClock.now() + days * DAY_MS,
  };
}

/** The device's, with the authority's behind it, in PEM. */
export function certificateOf(
  authority: EnrolmentAuthority,
  deviceId: string,
  proved: EnrolledKeys,
  days: number,
): string {
  const subject = { deviceId, key: proved.signing, days };
  return authority.certify(subject, systemClock.now(), systemRandom) + authority.certificate;
}
