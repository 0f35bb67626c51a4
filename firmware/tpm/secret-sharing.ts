/**
 * A secret that only the TPM which holds a storage key can learn (part 1, B.10.3 and C.6.1): by ECDH with a one-time
 * key, or encrypted by RSA-OAEP. Sessions are salted so, and credentials are protected so.
 */
import { constants, createECDH, type ECDH, publicEncrypt } from 'node:crypto';
import type { Random } from '../../engine/base/index.ts';
import {
  ALG_ECC,
  ALG_RSA,
  curveOf,
  ECC_NIST_P256,
  type EccPublic,
  hashOf,
  invalidResponse,
  leftPadded,
  publicKeyOf,
  type TpmPublic,
  written,
} from '../../schemas/tpm/index.ts';
import { kdfE } from './key-derivation.ts';

const DRAWS_MAX = 16;

export interface SharedSecret {
  readonly secret: Buffer;
  /** What the TPM needs to come to the same: the content of a TPM2B_ENCRYPTED_SECRET. */
  readonly encrypted: Buffer;
}

/** `label` is SECRET for a session's salt, IDENTITY for a credential. TPM_RESPONSE_INVALID where the key is none. */
export function shareSecret(key: TpmPublic, label: string, random: Random): SharedSecret {
  if (key.type === ALG_ECC) return byEcdh(key, label, random);
  if (key.type !== ALG_RSA) throw invalidResponse('a sealed object can receive no secret');
  const { name, bytes } = hashOf(key.nameAlg)!;
  const secret = Buffer.from(random.bytes(bytes));
  const encrypted = publicEncrypt(
    {
      key: publicKeyOf(key),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: name,
      oaepLabel: Buffer.from(`${label}\0`, 'latin1'),
    },
    secret,
  );
  return { secret, encrypted };
}

function byEcdh(key: EccPublic, label: string, random: Random): SharedSecret {
  const { bytes } = curveOf(key.curve);
  const [x, y] = [leftPadded(key.x, bytes), leftPadded(key.y, bytes)];
  const oneTime = createECDH(key.curve === ECC_NIST_P256 ? 'prime256v1' : 'secp384r1');
  setPrivateKey(oneTime, bytes, random);
  const point = oneTime.getPublicKey();
  const oneTimeX = point.subarray(1, 1 + bytes);
  let sharedX: Buffer;
  try {
    sharedX = oneTime.computeSecret(Buffer.concat([Buffer.of(4), x, y]));
  } catch (cause) {
    throw invalidResponse(`the key is no point of its curve: ${(cause as Error).message}`);
  }
  return {
    secret: kdfE(key.nameAlg, sharedX, label, oneTimeX, x, hashOf(key.nameAlg)!.bytes * 8),
    encrypted: written((writer) => writer.sized(oneTimeX).sized(point.subarray(1 + bytes))),
  };
}

/** Uniform below the order of the group: what lies above it is drawn again, at most once in 2^32 times. */
function setPrivateKey(ecdh: ECDH, length: number, random: Random): void {
  for (let attempt = 1; ; attempt++) {
    try {
      ecdh.setPrivateKey(random.bytes(length));
      return;
    } catch (error) {
      if (attempt === DRAWS_MAX) throw error;
    }
  }
}
