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
  permanent,
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
/** PolicyB for SHA-384 (EK Credential Profile, B.6.4): the owner of the hierarchy, or what an NV index says. */
const POLICY_B_SHA384 = Buffer.from(
  'b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12',
  'hex',
);

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
  authPolicy: POLICY_B_SHA384,
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

/** Authorizes the endorsement key for one command: by its policy, which asks for the endorsement hierarchy's password. */
export async function usingEndorsementKey<T>(
  tpm: Tpm,
  key: TpmObject,
  use: (key: TpmObject) => Promise<T>,
): Promise<T> {
  if ((key.area.attributes & OBJECT_USER_WITH_AUTH) !== 0) return await use(key);
  return await usingPolicy(tpm, async (session) => {
    await policySecret(tpm, session, permanent(RH_ENDORSEMENT));
    return await use(withPolicy(key, session));
  });
}
