/**
 * The loop of the original demonstration (M-Sec cookbook, 1.3): read the sensor, have the TPM hash the value and sign the
 * hash, then check on this side of the bus, with the public key alone, that the signature belongs to the value.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { hashInTpm, isSignatureOf, publicKeyOf, sign, type Tpm, verify } from '../tpm/index.ts';
import { type DeviceKeys, usingKey } from './device-keys.ts';

export interface SignedReading {
  /** What the converter said. */
  readonly value: number;
  /** What was hashed: the value in two bytes, big-endian. */
  readonly bytes: Buffer;
  /** By the TPM. */
  readonly digest: Buffer;
  /** r‖s. */
  readonly signature: Buffer;
  /** Whether the hash that was computed here is the TPM's. */
  readonly isSameHash: boolean;
  /** Whether the signature holds: computed here, and by the TPM. */
  readonly isVerified: boolean;
}

export async function signReading(tpm: Tpm, keys: DeviceKeys, value: number): Promise<SignedReading> {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  const { digest } = await hashInTpm(tpm, bytes);
  const signature = await usingKey(tpm, keys.signing, keys.boundTo, (key) => sign(tpm, key, digest));
  const own = createHash('sha256').update(bytes).digest();
  const isHere = isSignatureOf(signature, bytes, publicKeyOf(keys.signing.area));
  return {
    value,
    bytes,
    digest,
    signature: signature.bytes,
    isSameHash: own.length === digest.length && timingSafeEqual(own, digest),
    isVerified: isHere && (await verify(tpm, keys.signing, own, signature)),
  };
}
