/**
 * Makes a credential that only one TPM can open, and only while it holds the key of that Name (part 1, 24): encrypted to
 * the endorsement key, bound to the other key's Name by the HMAC. Needs no TPM.
 *
 *   blob   = hmac 2B · AES-CFB(credential 2B)
 *   secret = what the endorsement key's TPM needs to come to the seed
 */
import { createCipheriv, createHmac } from 'node:crypto';
import { type Random, systemRandom } from '../../engine/base/index.ts';
import { ALG_KEYEDHASH, hashOf, invalidResponse, NO_BYTES, type TpmPublic, written } from '../../schemas/tpm/index.ts';
import { kdfA } from './key-derivation.ts';
import { shareSecret } from './secret-sharing.ts';

export interface ProtectedCredential {
  /** Content of a TPM2B_ID_OBJECT. */
  readonly blob: Uint8Array;
  /** Content of a TPM2B_ENCRYPTED_SECRET. */
  readonly secret: Uint8Array;
}

/** `name`: of the key that must live in the same TPM. TPM_RESPONSE_INVALID where `endorsementKey` is no storage key. */
export function makeCredential(
  endorsementKey: TpmPublic,
  name: Uint8Array,
  credential: Uint8Array,
  random: Random = systemRandom,
): ProtectedCredential {
  if (endorsementKey.type === ALG_KEYEDHASH || endorsementKey.symmetric === null)
    throw invalidResponse('a credential is made for a storage key');
  const { nameAlg, symmetric } = endorsementKey;
  const { name: hash, bytes } = hashOf(nameAlg)!;
  const { secret: seed, encrypted } = shareSecret(endorsementKey, 'IDENTITY', random);
  const key = kdfA(nameAlg, seed, 'STORAGE', name, NO_BYTES, symmetric.keyBits);
  const cipher = createCipheriv(`aes-${symmetric.keyBits}-cfb`, key, Buffer.alloc(16));
  const sealed = Buffer.concat([cipher.update(written((writer) => writer.sized(credential))), cipher.final()]);
  const hmacKey = kdfA(nameAlg, seed, 'INTEGRITY', NO_BYTES, NO_BYTES, bytes * 8);
  const hmac = createHmac(hash, hmacKey).update(sealed).update(name).digest();
  return {
    blob: written((writer) => {
      writer.sized(hmac);
      writer.copy(sealed);
    }),
    secret: encrypted,
  };
}
