/** Templates of the objects that devices have. */
import {
  ALG_CFB,
  ALG_ECC,
  ALG_ECDSA,
  ALG_KEYEDHASH,
  ALG_RSA,
  ALG_RSAPSS,
  ALG_RSASSA,
  ALG_SHA256,
  ECC_NIST_P256,
  type EccPublic,
  type KeyedHashPublic,
  NO_BYTES,
  OBJECT_DECRYPT,
  OBJECT_FIXED_PARENT,
  OBJECT_FIXED_TPM,
  OBJECT_NO_DA,
  OBJECT_RESTRICTED,
  OBJECT_SENSITIVE_DATA_ORIGIN,
  OBJECT_SIGN,
  OBJECT_USER_WITH_AUTH,
  type RsaPublic,
} from '../../schemas/tpm/index.ts';

/** It was made in this TPM and can never leave it. */
const NATIVE = OBJECT_FIXED_TPM | OBJECT_FIXED_PARENT | OBJECT_SENSITIVE_DATA_ORIGIN;

/** Used by password (userWithAuth), or by the policy alone where there is one; certified and activated by password. */
function use(authPolicy: Uint8Array): number {
  return authPolicy.length === 0 ? OBJECT_USER_WITH_AUTH : 0;
}

const ecc = (attributes: number, authPolicy: Uint8Array, scheme: EccPublic['scheme']): EccPublic => ({
  type: ALG_ECC,
  nameAlg: ALG_SHA256,
  attributes: NATIVE | OBJECT_NO_DA | attributes | use(authPolicy),
  authPolicy,
  symmetric: null,
  scheme,
  curve: ECC_NIST_P256,
  x: NO_BYTES,
  y: NO_BYTES,
});

const ECDSA_SHA256 = { algorithm: ALG_ECDSA, hash: ALG_SHA256 } as const;

/** Signs any digest: ECDSA on P-256 with SHA-256. */
export function signingKeyTemplate(authPolicy: Uint8Array = NO_BYTES): EccPublic {
  return ecc(OBJECT_SIGN, authPolicy, ECDSA_SHA256);
}

/** Signs only what the TPM itself says or has hashed: for quotes and certificates. */
export function attestationKeyTemplate(authPolicy: Uint8Array = NO_BYTES): EccPublic {
  return ecc(OBJECT_SIGN | OBJECT_RESTRICTED, authPolicy, ECDSA_SHA256);
}

/** For ECDH alone. */
export function agreementKeyTemplate(authPolicy: Uint8Array = NO_BYTES): EccPublic {
  return ecc(OBJECT_DECRYPT, authPolicy, null);
}

/** RSA-2048 with SHA-256, PKCS #1 v1.5 or PSS. */
export function rsaSigningKeyTemplate(
  padding: 'pkcs1' | 'pss' = 'pkcs1',
  authPolicy: Uint8Array = NO_BYTES,
): RsaPublic {
  return {
    type: ALG_RSA,
    nameAlg: ALG_SHA256,
    attributes: NATIVE | OBJECT_NO_DA | OBJECT_SIGN | use(authPolicy),
    authPolicy,
    symmetric: null,
    scheme: { algorithm: padding === 'pss' ? ALG_RSAPSS : ALG_RSASSA, hash: ALG_SHA256 },
    keyBits: 2048,
    exponent: 0,
    modulus: NO_BYTES,
  };
}

/** A parent of other keys, which is itself a child. */
export function storageKeyTemplate(authPolicy: Uint8Array = NO_BYTES): EccPublic {
  return {
    ...ecc(OBJECT_DECRYPT | OBJECT_RESTRICTED, authPolicy, null),
    symmetric: { keyBits: 128, mode: ALG_CFB },
  };
}

/** For `seal`: the data come from outside. */
export function sealTemplate(authPolicy: Uint8Array = NO_BYTES): KeyedHashPublic {
  return {
    type: ALG_KEYEDHASH,
    nameAlg: ALG_SHA256,
    attributes: OBJECT_FIXED_TPM | OBJECT_FIXED_PARENT | OBJECT_NO_DA | use(authPolicy),
    authPolicy,
    scheme: null,
    unique: NO_BYTES,
  };
}
