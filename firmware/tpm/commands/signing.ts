/** Hashing, signing, verifying, and ECDH with a TPM's key (part 3, 14.5, 15.4, 20). */
import {
  ALG_ECC,
  ALG_SHA256,
  encodeSignature,
  type HashAlgorithm,
  invalidResponse,
  leftPadded,
  RH_NULL,
  RH_OWNER,
  readSignature,
  type Scheme,
  ST_VERIFIED,
  type TpmSignature,
  writeScheme,
  written,
} from '../../../schemas/tpm/index.ts';
import type { Tpm } from '../tpm.ts';
import { isTpmRefusal } from '../tpm-error.ts';
import { skipTicket, type TpmObject, writeNullTicket } from './objects.ts';

export interface HashCheck {
  readonly digest: Buffer;
  /** That the TPM has made the digest itself, of something that does not look like an attestation. */
  readonly ticket: Buffer;
}

const HASHED_BYTES_MAX = 1024;

/** The digest by the TPM of at most 1,024 bytes. A restricted key signs nothing else. */
export async function hashInTpm(tpm: Tpm, data: Uint8Array, hash: HashAlgorithm = ALG_SHA256): Promise<HashCheck> {
  if (data.length > HASHED_BYTES_MAX) throw new RangeError(`a TPM hashes ${HASHED_BYTES_MAX} bytes at once`);
  const { parameters } = await tpm.execute({
    name: 'Hash',
    parameters: written((writer) => {
      writer.sized(data);
      writer.u16(hash);
      writer.u32(RH_OWNER);
    }),
    isFirstSized: true,
    isFirstAnswerSized: true,
  });
  const digest = parameters.sized('digest', 64);
  return { digest, ticket: parameters.rest('ticket') };
}

/** `scheme` only for a key that leaves it open. */
export async function sign(
  tpm: Tpm,
  key: TpmObject,
  digest: Uint8Array,
  { scheme = null, ticket }: { readonly scheme?: Scheme | null; readonly ticket?: Uint8Array } = {},
): Promise<TpmSignature> {
  const { parameters } = await tpm.execute({
    name: 'Sign',
    handles: [key],
    authCount: 1,
    parameters: written((writer) => {
      writer.sized(digest);
      writeScheme(writer, scheme);
      if (ticket === undefined) writeNullTicket(writer, RH_NULL);
      else writer.copy(ticket);
    }),
    isFirstSized: true,
  });
  const signature = readSignature(parameters);
  parameters.end();
  return signature;
}

/** By the TPM. A signature that does not hold is false; anything else that is wrong is thrown. */
export async function verify(tpm: Tpm, key: TpmObject, digest: Uint8Array, signature: TpmSignature): Promise<boolean> {
  try {
    const { parameters } = await tpm.execute({
      name: 'VerifySignature',
      handles: [key],
      parameters: written((writer) => {
        writer.sized(digest);
        writer.copy(encodeSignature(signature));
      }),
      isFirstSized: true,
    });
    if (skipTicket(parameters) !== ST_VERIFIED) throw invalidResponse('the ticket is none of a verified signature');
    parameters.end();
    return true;
  } catch (error) {
    if (isTpmRefusal(error, 'SIGNATURE')) return false;
    throw error;
  }
}

/** The x coordinate of the key's private part times a P-256 point (x‖y, 64 bytes): TPM2_ECDH_ZGen. */
export async function ecdhZGen(tpm: Tpm, key: TpmObject, point: Uint8Array): Promise<Buffer> {
  if (key.area.type !== ALG_ECC) throw invalidResponse('ECDH takes an ECC key');
  const half = point.length / 2;
  const { parameters } = await tpm.execute({
    name: 'ECDH_ZGen',
    handles: [key],
    authCount: 1,
    parameters: written((writer) => {
      writer.sized(written((inner) => inner.sized(point.subarray(0, half)).sized(point.subarray(half))));
    }),
    isFirstSized: true,
    isFirstAnswerSized: true,
  });
  const x = parameters.inside('point', (inner) => {
    const value = inner.sized('x', 66);
    inner.sized('y', 66);
    return value;
  });
  parameters.end();
  return leftPadded(x, half);
}
