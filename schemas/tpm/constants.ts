/**
 * The numbers of the TPM 2.0 library specification, part 2, that this client uses, under the specification's names
 * (without the TPM_ prefix).
 */
export const ST_NO_SESSIONS = 0x8001;
export const ST_SESSIONS = 0x8002;
export const ST_ATTEST_CERTIFY = 0x8017;
export const ST_ATTEST_QUOTE = 0x8018;
export const ST_VERIFIED = 0x8022;
export const ST_HASHCHECK = 0x8024;
/** First four bytes of everything a TPM attests of itself: no data from outside may begin with them. */
export const GENERATED_VALUE = 0xff544347;

export const CC = {
  EvictControl: 0x120,
  NV_UndefineSpace: 0x122,
  NV_DefineSpace: 0x12a,
  CreatePrimary: 0x131,
  NV_Write: 0x137,
  PCR_Reset: 0x13d,
  Startup: 0x144,
  ActivateCredential: 0x147,
  Certify: 0x148,
  NV_Read: 0x14e,
  PolicySecret: 0x151,
  Create: 0x153,
  ECDH_ZGen: 0x154,
  Load: 0x157,
  Quote: 0x158,
  Sign: 0x15d,
  Unseal: 0x15e,
  FlushContext: 0x165,
  LoadExternal: 0x167,
  MakeCredential: 0x168,
  NV_ReadPublic: 0x169,
  PolicyOR: 0x171,
  ReadPublic: 0x173,
  StartAuthSession: 0x176,
  VerifySignature: 0x177,
  GetCapability: 0x17a,
  GetRandom: 0x17b,
  Hash: 0x17d,
  PCR_Read: 0x17e,
  PolicyPCR: 0x17f,
  PCR_Extend: 0x182,
  PolicyGetDigest: 0x189,
} as const;
export type CommandName = keyof typeof CC;

export const ALG_RSA = 0x0001;
export const ALG_SHA1 = 0x0004;
export const ALG_AES = 0x0006;
export const ALG_KEYEDHASH = 0x0008;
export const ALG_SHA256 = 0x000b;
export const ALG_SHA384 = 0x000c;
export const ALG_SHA512 = 0x000d;
export const ALG_NULL = 0x0010;
export const ALG_RSASSA = 0x0014;
export const ALG_RSAPSS = 0x0016;
export const ALG_ECDSA = 0x0018;
export const ALG_ECC = 0x0023;
export const ALG_CFB = 0x0043;

export const ECC_NIST_P256 = 0x0003;
export const ECC_NIST_P384 = 0x0004;

export const RH_OWNER = 0x40000001;
export const RH_NULL = 0x40000007;
export const RS_PW = 0x40000009;
export const RH_ENDORSEMENT = 0x4000000b;
export const RH_PLATFORM = 0x4000000c;

/** What the first byte of a handle says. */
export const HT_NV_INDEX = 0x01;
export const HT_HMAC_SESSION = 0x02;
export const HT_POLICY_SESSION = 0x03;
export const HT_TRANSIENT = 0x80;
export const HT_PERSISTENT = 0x81;

export const SE_HMAC = 0x00;
export const SE_POLICY = 0x01;

/** TPMA_SESSION. */
export const SESSION_CONTINUE = 0x01;
/** Set by the TPM in responses alone: no other command came between two audited ones. */
export const SESSION_AUDIT_EXCLUSIVE = 0x02;
export const SESSION_DECRYPT = 0x20;
export const SESSION_ENCRYPT = 0x40;
export const SESSION_AUDIT = 0x80;

/** TPMA_OBJECT. */
export const OBJECT_FIXED_TPM = 0x0000_0002;
export const OBJECT_FIXED_PARENT = 0x0000_0010;
export const OBJECT_SENSITIVE_DATA_ORIGIN = 0x0000_0020;
export const OBJECT_USER_WITH_AUTH = 0x0000_0040;
export const OBJECT_ADMIN_WITH_POLICY = 0x0000_0080;
export const OBJECT_NO_DA = 0x0000_0400;
export const OBJECT_RESTRICTED = 0x0001_0000;
export const OBJECT_DECRYPT = 0x0002_0000;
export const OBJECT_SIGN = 0x0004_0000;

/** TPMA_NV. */
export const NV_OWNERWRITE = 0x0000_0002;
export const NV_AUTHWRITE = 0x0000_0004;
export const NV_OWNERREAD = 0x0002_0000;
export const NV_AUTHREAD = 0x0004_0000;
export const NV_NO_DA = 0x0200_0000;
export const NV_WRITTEN = 0x2000_0000;

export const CAP_HANDLES = 1;
export const CAP_TPM_PROPERTIES = 6;
export const PT_MANUFACTURER = 0x105;
export const PT_NV_BUFFER_MAX = 0x12c;

export type HashAlgorithm = typeof ALG_SHA1 | typeof ALG_SHA256 | typeof ALG_SHA384 | typeof ALG_SHA512;

interface HashRow {
  /** node:crypto's name. */
  readonly name: string;
  readonly bytes: number;
}

const HASHES: Readonly<Record<number, HashRow>> = {
  [ALG_SHA1]: { name: 'sha1', bytes: 20 },
  [ALG_SHA256]: { name: 'sha256', bytes: 32 },
  [ALG_SHA384]: { name: 'sha384', bytes: 48 },
  [ALG_SHA512]: { name: 'sha512', bytes: 64 },
};

/** undefined for an algorithm that is none of the hashes known here. */
export function hashOf(algorithm: number): HashRow | undefined {
  return HASHES[algorithm];
}

export function isHash(algorithm: number): algorithm is HashAlgorithm {
  return HASHES[algorithm] !== undefined;
}
