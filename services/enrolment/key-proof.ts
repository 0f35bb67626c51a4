/**
 * The registrar's side of an enrolment: a challenge that only the certified TPM can open while it holds the attestation
 * key, and then that key's word for the others. What is accepted is in that TPM, was made there and can never leave it.
 */
import { createPublicKey, type KeyObject, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { MsecError, type Random } from '../../engine/index.ts';
import {
  type CertifiedKey,
  type EnrolmentAnswer,
  type EnrolmentChallenge,
  type EnrolmentRequest,
  isLike,
  KEY_KINDS,
  KEY_TEMPLATES,
  type KeyKind,
} from '../../firmware/provision/index.ts';
import {
  decodeAttest,
  decodePublic,
  decodeSignature,
  isSignatureOf,
  makeCredential,
  nameOf,
  OBJECT_DECRYPT,
  OBJECT_FIXED_PARENT,
  OBJECT_FIXED_TPM,
  OBJECT_RESTRICTED,
  OBJECT_SENSITIVE_DATA_ORIGIN,
  OBJECT_SIGN,
  type ProtectedCredential,
  publicKeyOf,
  type TpmPublic,
} from '../../firmware/tpm/index.ts';
import { checkEndorsementChain } from './endorsement-chain.ts';

const SECRET_BYTES = 32;
const POLICY_BYTES = 32;
const FIELD_CHARS_MAX = 8192;
const EK_SET =
  OBJECT_FIXED_TPM | OBJECT_FIXED_PARENT | OBJECT_SENSITIVE_DATA_ORIGIN | OBJECT_RESTRICTED | OBJECT_DECRYPT;

export interface EnrolmentOptions {
  readonly makers: readonly X509Certificate[];
  readonly nowMs: number;
  readonly random: Random;
}

/** One enrolment between its challenge and its answer. */
export interface PendingEnrolment {
  readonly challenge: EnrolmentChallenge;
  /** The public keys, once the answer has proved them. ENROLMENT_REFUSED. */
  check(answer: EnrolmentAnswer): EnrolledKeys;
}

export interface EnrolledKeys {
  readonly signing: KeyObject;
  readonly attestation: KeyObject;
  readonly agreement: KeyObject;
  /** As the maker numbered the TPM. */
  readonly endorsementSerial: string;
}

function refused(field: string, says: string, cause?: unknown): MsecError {
  return new MsecError('ENROLMENT_REFUSED', `${field}: ${says}`, { field, cause });
}

/** ENROLMENT_REFUSED names the field. */
export function beginEnrolment(request: EnrolmentRequest, options: EnrolmentOptions): PendingEnrolment {
  if (request.version !== 1) throw refused('version', 'must be 1');
  const certificate = checkEndorsementChain(
    bytesOf(request.endorsementCertificate, 'endorsementCertificate'),
    options.makers,
    options.nowMs,
  );
  const endorsement = publicOf(request.endorsementKey, 'endorsementKey');
  if ((endorsement.attributes & (EK_SET | OBJECT_SIGN)) !== EK_SET)
    throw refused('endorsementKey', 'is no endorsement key by its attributes');
  if (!certificate.publicKey.equals(keyIn(endorsement, 'endorsementKey')))
    throw refused('endorsementKey', 'is not the one that the certificate is of');
  const areas = Object.fromEntries(KEY_KINDS.map((kind) => [kind, keyArea(request.keys?.[kind], kind)])) as Record<
    KeyKind,
    TpmPublic
  >;
  const secret = Buffer.from(options.random.bytes(SECRET_BYTES));
  const made = challengeFor(endorsement, nameOf(areas.attestation), secret, options.random);
  return {
    challenge: { blob: textOf(made.blob), secret: textOf(made.secret) },
    check(answer) {
      const credential = bytesOf(answer.credential, 'credential');
      if (credential.length !== SECRET_BYTES || !timingSafeEqual(credential, secret))
        throw refused('credential', 'is not what the challenge held: the keys are not in the certified TPM');
      const attestation = keyIn(areas.attestation, 'attestation');
      for (const kind of ['signing', 'agreement'] as const)
        checkCertified(answer[kind], areas[kind], attestation, secret, kind);
      return {
        signing: keyIn(areas.signing, 'signing'),
        attestation,
        agreement: keyIn(areas.agreement, 'agreement'),
        endorsementSerial: certificate.serialNumber,
      };
    },
  };
}

function challengeFor(
  endorsement: TpmPublic,
  name: Uint8Array,
  secret: Uint8Array,
  random: Random,
): ProtectedCredential {
  try {
    return makeCredential(endorsement, name, secret, random);
  } catch (cause) {
    throw refused('endorsementKey', (cause as Error).message, cause);
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function bytesOf(text: unknown, field: string): Buffer {
  if (typeof text !== 'string' || text.length > FIELD_CHARS_MAX || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    throw refused(field, `must be base64 of at most ${FIELD_CHARS_MAX} characters`);
  return Buffer.from(text, 'base64');
}

function publicOf(text: unknown, field: string): TpmPublic {
  const bytes = bytesOf(text, field);
  try {
    return decodePublic(bytes);
  } catch (cause) {
    throw refused(field, (cause as Error).message, cause);
  }
}

function keyIn(area: TpmPublic, field: string): KeyObject {
  try {
    return createPublicKey(publicKeyOf(area).export({ type: 'spki', format: 'pem' }));
  } catch (cause) {
    throw refused(field, (cause as Error).message, cause);
  }
}

/** By the very template of its use, free or bound to PCRs: the attributes are part of the Name that is proved. */
function keyArea(text: unknown, kind: KeyKind): TpmPublic {
  const area = publicOf(text, kind);
  const template = KEY_TEMPLATES[kind];
  if (!isLike(area, template()) && !isLike(area, template(Buffer.alloc(POLICY_BYTES))))
    throw refused(kind, 'was not made as a key for this use');
  return area;
}

function checkCertified(
  certified: CertifiedKey,
  area: TpmPublic,
  attestation: KeyObject,
  nonce: Uint8Array,
  kind: KeyKind,
): void {
  const bytes = bytesOf(certified?.attest, kind);
  try {
    const signature = decodeSignature(bytesOf(certified.signature, kind));
    if (!isSignatureOf(signature, bytes, attestation)) throw new Error('the attestation key did not sign this');
    const attest = decodeAttest(bytes);
    if (attest.type !== 'certify') throw new Error(`it is a ${attest.type}`);
    if (!attest.extraData.equals(nonce)) throw new Error('it is of another enrolment');
    if (!attest.name.equals(nameOf(area))) throw new Error('it is of another key');
  } catch (cause) {
    throw refused(kind, (cause as Error).message, cause);
  }
}
