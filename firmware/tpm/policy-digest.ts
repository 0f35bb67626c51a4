/** What policies come to (part 3, 23), computed without a TPM: the authPolicy of an object that is still to be made. */
import { createHash } from 'node:crypto';
import {
  ALG_SHA256,
  CC,
  type HashAlgorithm,
  hashOf,
  type PcrSelection,
  pcrDigest,
  writePcrSelection,
  written,
} from '../../schemas/tpm/index.ts';
import { handleBytes } from './entity.ts';

function extended(hash: HashAlgorithm, before: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const digest = createHash(hashOf(hash)!.name).update(before);
  for (const part of parts) digest.update(part);
  return digest.digest();
}

const start = (hash: HashAlgorithm): Buffer => Buffer.alloc(hashOf(hash)!.bytes);

/** Of PolicyPCR alone; `values` in the order of the selections. */
export function pcrPolicy(
  selections: readonly PcrSelection[],
  values: readonly Uint8Array[],
  hash: HashAlgorithm = ALG_SHA256,
): Buffer {
  const selected = written((writer) => writePcrSelection(writer, selections));
  return extended(hash, start(hash), handleBytes(CC.PolicyPCR), selected, pcrDigest(values, hash));
}

/** Of PolicyOR: it forgets what came before. */
export function orPolicy(digests: readonly Uint8Array[], hash: HashAlgorithm = ALG_SHA256): Buffer {
  return extended(hash, start(hash), handleBytes(CC.PolicyOR), ...digests);
}

/** Of PolicySecret alone, with an empty policyRef: the second hash is over that. */
export function secretPolicy(entityName: Uint8Array, hash: HashAlgorithm = ALG_SHA256): Buffer {
  return extended(hash, extended(hash, start(hash), handleBytes(CC.PolicySecret), entityName));
}
