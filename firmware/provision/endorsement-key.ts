/**
 * The endorsement key (EK): made from the TPM's own seed by the template that its maker used, so that it is the key of the
 * certificate which the maker has left in NV (TCG EK Credential Profile for TPM 2.0, 2.2.1.4 and B.4). It decrypts only
 * what is bound to another key of the same TPM, and so proves where that lives.
 */
import { X509Certificate } from 'node:crypto';
import { MsecError } from '../../engine/base/index.ts';
import {
  ALG_CFB,
  ALG_ECC,
  ALG_RSA,
  ALG_SHA256,
  ALG_SHA384,
  createPrimary,
  ECC_NIST_P256,
  ECC_NIST_P384,
  HT_NV_INDEX,
  HT_PERSISTENT,
  handlesOf,
  OBJECT_ADMIN_WITH_POLICY,
  OBJECT_DECRYPT,
  OBJECT_FIXED_PARENT,
  OBJECT_FIXED_TPM,
  OBJECT_RESTRICTED,
  OBJECT_SENSITIVE_DATA_ORIGIN,
  OBJECT_USER_WITH_AUTH,
  orPolicy,
  permanent,
  policyOr,
  policySecret,
  publicKeyOf,
  RH_ENDORSEMENT,
  readNv,
  readObject,
  secretPolicy,
  type Tpm,
  type TpmObject,
  type TpmPublic,
  usingPolicy,
  withPolicy,
} from '../tpm/index.ts';

const ATTRIBUTES =
  OBJECT_FIXED_TPM |
  OBJECT_FIXED_PARENT |
  OBJECT_SENSITIVE_DATA_ORIGIN |
  OBJECT_ADMIN_WITH_POLICY |
  OBJECT_RESTRICTED |
  OBJECT_DECRYPT;
const NOTHING = Buffer.alloc(0);
/** PolicyA of the profile: the password of the endorsement hierarchy. PolicyC: what an NV index of the maker says. */
const POLICY_A_SHA384 = secretPolicy(permanent(RH_ENDORSEMENT).name, ALG_SHA384);
const POLICY_C_SHA384 = Buffer.from(
  'd6032ce61f2fb3c240eb3cf6a33237ef2b6a16f4293c22b455e261cffd217ad5b4947c2d73e63005eed2dc2b3593d165',
  'hex',
);
/** PolicyB: one or the other. */
const CHOICES_SHA384 = [POLICY_A_SHA384, POLICY_C_SHA384];

const common = {
  nameAlg: ALG_SHA256,
  attributes: ATTRIBUTES,
  authPolicy: secretPolicy(permanent(RH_ENDORSEMENT).name),
  symmetric: { keyBits: 128, mode: ALG_CFB },
  scheme: null,
} as const;

/** Template L-2. */
export const EK_ECC_P256: TpmPublic = {
  ...common,
  type: ALG_ECC,
  curve: ECC_NIST_P256,
  x: Buffer.alloc(32),
  y: Buffer.alloc(32),
};

/** Template H-3. */
const EK_ECC_P384: TpmPublic = {
  type: ALG_ECC,
  nameAlg: ALG_SHA384,
  attributes: ATTRIBUTES | OBJECT_USER_WITH_AUTH,
  authPolicy: orPolicy(CHOICES_SHA384, ALG_SHA384),
  symmetric: { keyBits: 256, mode: ALG_CFB },
  scheme: null,
  curve: ECC_NIST_P384,
  x: NOTHING,
  y: NOTHING,
};

/** Template L-1. */
const EK_RSA_2048: TpmPublic = { ...common, type: ALG_RSA, keyBits: 2048, exponent: 0, modulus: Buffer.alloc(256) };

/** NV index of the certificate, and where makers leave the key itself; the cheapest first. */
const KINDS = [
  { certificate: 0x01c0000a, handle: 0x8101000a, template: EK_ECC_P256 },
  { certificate: 0x01c00016, handle: 0x81010016, template: EK_ECC_P384 },
  { certificate: 0x01c00002, handle: 0x81010001, template: EK_RSA_2048 },
] as const;

export interface EndorsementKey {
  /** Persistent, or transient: then the caller flushes it. */
  readonly key: TpmObject;
  /** X.509, DER. */
  readonly certificate: Buffer;
}

/** TPM_UNCERTIFIED where NV holds no certificate of an endorsement key, or none of a key that this TPM has. */
export async function endorsementKey(tpm: Tpm): Promise<EndorsementKey> {
  const indexes = await handlesOf(tpm, HT_NV_INDEX);
  const persistent = await handlesOf(tpm, HT_PERSISTENT);
  for (const kind of KINDS) {
    if (!indexes.includes(kind.certificate)) continue;
    const certificate = certificateIn(await readNv(tpm, kind.certificate));
    if (certificate === null) continue;
    if (persistent.includes(kind.handle)) {
      const key = await readObject(tpm, kind.handle);
      if (isKeyOf(certificate, key)) return { key, certificate: certificate.raw };
    }
    const key = await createPrimary(tpm, permanent(RH_ENDORSEMENT), { template: kind.template });
    if (isKeyOf(certificate, key)) return { key, certificate: certificate.raw };
    await tpm.flush(key);
  }
  throw new MsecError(
    'TPM_UNCERTIFIED',
    `the TPM at ${tpm.address} holds no certificate of an endorsement key of its own (NV indexes ${KINDS.map(({ certificate }) => `0x0${certificate.toString(16)}`).join(', ')})`,
  );
}

/** Some makers fill the index up behind the certificate: its own length counts. */
function certificateIn(bytes: Buffer): X509Certificate | null {
  const isLong = bytes.length > 4 && bytes[0] === 0x30 && bytes[1] === 0x82;
  const length = isLong ? bytes.readUInt16BE(2) + 4 : bytes.length;
  try {
    return new X509Certificate(bytes.subarray(0, length));
  } catch {
    return null;
  }
}

function isKeyOf(certificate: X509Certificate, { area }: TpmObject): boolean {
  try {
    return certificate.publicKey.equals(publicKeyOf(area));
  } catch {
    return false;
  }
}

/**
 * Authorizes the endorsement key for one command, by its policy. Its password is never used, empty as it is: a TPM counts a
 * loss of power after that as a wrong guess, and after some of them refuses the key for hours (LOCKOUT).
 */
export async function usingEndorsementKey<T>(
  tpm: Tpm,
  key: TpmObject,
  use: (key: TpmObject) => Promise<T>,
): Promise<T> {
  const { nameAlg } = key.area;
  return await usingPolicy(
    tpm,
    async (session) => {
      await policySecret(tpm, session, permanent(RH_ENDORSEMENT));
      if (nameAlg === ALG_SHA384) await policyOr(tpm, session, CHOICES_SHA384);
      return await use(withPolicy(key, session));
    },
    nameAlg,
  );
}
