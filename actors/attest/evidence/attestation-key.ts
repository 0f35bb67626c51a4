/**
 * A key whose signature says that a TPM saw what it signs: made in that TPM, fixed to it, and restricted, so that it
 * signs nothing from outside that looks like an attestation. All of that stands in its public area.
 */
import type { KeyObject } from 'node:crypto';
import {
  ALG_ECC,
  ALG_ECDSA,
  ALG_KEYEDHASH,
  ALG_RSA,
  ALG_SHA1,
  decodePublic,
  type HashAlgorithm,
  nameOf,
  OBJECT_DECRYPT,
  OBJECT_FIXED_PARENT,
  OBJECT_FIXED_TPM,
  OBJECT_RESTRICTED,
  OBJECT_SENSITIVE_DATA_ORIGIN,
  OBJECT_SIGN,
  publicKeyOf,
  type Scheme,
  type TpmPublic,
  written,
} from '../../../schemas/tpm/index.ts';
import { evidenceInvalid } from './log-reader.ts';
import { digestOf } from './pcr-bank.ts';

export interface AttestationKey {
  readonly key: KeyObject;
  readonly name: Buffer;
  /** The only way in which it may sign. */
  readonly scheme: Scheme;
  /** Of the key in its hierarchy, as its TPM states it; null where it is not known. */
  readonly qualifiedName: Buffer | null;
}

const MUST: readonly (readonly [number, string])[] = [
  [OBJECT_RESTRICTED, 'restricted'],
  [OBJECT_SIGN, 'sign'],
  [OBJECT_FIXED_TPM, 'fixedTPM'],
  [OBJECT_FIXED_PARENT, 'fixedParent'],
  [OBJECT_SENSITIVE_DATA_ORIGIN, 'sensitiveDataOrigin'],
];
const RSA_BITS_MIN = 2048;

/**
 * Of a TPMT_PUBLIC, or of a TPM2B_PUBLIC as tpm2-tools write it. Throws EVIDENCE_INVALID where it is not a key that may
 * attest. Making one takes longer than checking a quote: keep it.
 */
export function attestationKey(publicArea: Uint8Array, qualifiedName: Uint8Array | null = null): AttestationKey {
  const area = readArea(publicArea);
  const unfit = (says: string, field: string) => evidenceInvalid(`the attestation key ${says}`, field);
  if (area.type === ALG_KEYEDHASH) throw unfit('is no asymmetric key', 'type');
  for (const [bit, name] of MUST) if ((area.attributes & bit) === 0) throw unfit(`is not ${name}`, 'attributes');
  if ((area.attributes & OBJECT_DECRYPT) !== 0) throw unfit('may decrypt as well', 'attributes');
  if (area.scheme === null) throw unfit('has no signing scheme', 'scheme');
  if ((area.scheme.algorithm === ALG_ECDSA) !== (area.type === ALG_ECC))
    throw unfit('has the scheme of another kind of key', 'scheme');
  if (area.scheme.hash === ALG_SHA1) throw unfit('signs with SHA-1', 'scheme');
  if (area.type === ALG_RSA && area.modulus.length * 8 < RSA_BITS_MIN)
    throw unfit(`has ${area.modulus.length * 8} bits, at least ${RSA_BITS_MIN} are wanted`, 'modulus');
  return {
    key: keyOf(area),
    name: nameOf(area),
    scheme: area.scheme,
    qualifiedName: qualifiedName === null ? null : Buffer.from(qualifiedName),
  };
}

function readArea(bytes: Uint8Array): TpmPublic {
  // A TPM2B begins with the length of the rest; a TPMT with a type, none of which is a length of a key's area.
  const isSized = bytes.length > 2 && ((bytes[0]! << 8) | bytes[1]!) === bytes.length - 2;
  try {
    return decodePublic(isSized ? bytes.subarray(2) : bytes);
  } catch (cause) {
    throw evidenceInvalid((cause as Error).message, 'public area');
  }
}

function keyOf(area: TpmPublic): KeyObject {
  try {
    return publicKeyOf(area);
  } catch (cause) {
    throw evidenceInvalid((cause as Error).message, 'public area');
  }
}

/** The Qualified Name (part 1, 16.5) of an object whose parent has this one; a hierarchy has its handle for one. */
export function qualifiedNameOf(name: Uint8Array, parent: Uint8Array): Buffer {
  const nameAlg = ((name[0]! << 8) | name[1]!) as HashAlgorithm;
  return written((writer) => {
    writer.u16(nameAlg);
    writer.copy(digestOf(nameAlg, Buffer.concat([parent, name])));
  });
}
