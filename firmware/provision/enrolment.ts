/**
 * The device's side of its enrolment: says which keys it has, and proves to the registrar that all of them live in the TPM
 * whose endorsement key its maker certified. The registrar's side is services/enrolment. JSON, so that any transport serves.
 */
import { MsecError } from '../../engine/base/index.ts';
import { activateCredential, certify, encodePublic, encodeSignature, type Tpm } from '../tpm/index.ts';
import { type DeviceKeys, type KeyKind, usingKey } from './device-keys.ts';
import { type EndorsementKey, usingEndorsementKey } from './endorsement-key.ts';

/** Everything in base64. */
export interface EnrolmentRequest {
  readonly version: 1;
  /** X.509, DER. */
  readonly endorsementCertificate: string;
  /** TPMT_PUBLIC. */
  readonly endorsementKey: string;
  readonly keys: Readonly<Record<KeyKind, string>>;
}

/** What only the TPM with the endorsement key can open, and only while it holds the attestation key of the request. */
export interface EnrolmentChallenge {
  readonly blob: string;
  readonly secret: string;
}

export interface CertifiedKey {
  /** TPMS_ATTEST. */
  readonly attest: string;
  /** TPMT_SIGNATURE by the attestation key. */
  readonly signature: string;
}

export interface EnrolmentAnswer {
  /** What the challenge held. It is the nonce of the two certificates, too. */
  readonly credential: string;
  readonly signing: CertifiedKey;
  readonly agreement: CertifiedKey;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export function enrolmentRequest(endorsement: EndorsementKey, keys: DeviceKeys): EnrolmentRequest {
  return {
    version: 1,
    endorsementCertificate: text(endorsement.certificate),
    endorsementKey: text(encodePublic(endorsement.key.area)),
    keys: {
      signing: text(encodePublic(keys.signing.area)),
      attestation: text(encodePublic(keys.attestation.area)),
      agreement: text(encodePublic(keys.agreement.area)),
    },
  };
}

/**
 * TPM_REFUSED where the challenge is not for this TPM and this attestation key. POLICY_FAIL
 * where the keys are bound to PCRs that have changed.
 */
export async function answerChallenge(
  tpm: Tpm,
  endorsement: EndorsementKey,
  keys: DeviceKeys,
  challenge: EnrolmentChallenge,
): Promise<EnrolmentAnswer> {
  const protectedBy = {
    blob: Buffer.from(challenge.blob, 'base64'),
    secret: Buffer.from(challenge.secret, 'base64'),
  };
  const credential = await usingEndorsementKey(tpm, endorsement.key, (key) =>
    activateCredential(tpm, keys.attestation, key, protectedBy),
  );
  if (credential.length < 16) throw new MsecError('TPM_RESPONSE_INVALID', 'the credential is too short for a nonce');
  const certified = async (kind: 'signing' | 'agreement'): Promise<CertifiedKey> => {
    const { bytes, signature } = await usingKey(tpm, keys.attestation, keys.boundTo, (key) =>
      certify(tpm, keys[kind], key, credential),
    );
    return { attest: text(bytes), signature: text(encodeSignature(signature)) };
  };
  return {
    credential: text(credential),
    signing: await certified('signing'),
    agreement: await certified('agreement'),
  };
}
