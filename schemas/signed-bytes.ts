/** Signatures over whole files: who builds firmware signs reference values, who writes rules signs bundles of them. */
import { type KeyObject, verify } from 'node:crypto';

const RSA_BITS_MIN = 2048;

/** Ed25519; ECDSA in DER or RSA PKCS #1, both with SHA-256. Any other key has signed nothing. */
export function isSignedBy(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa' && (details?.modulusLength ?? 0) < RSA_BITS_MIN) return false;
  if (type !== 'ed25519' && type !== 'ec' && type !== 'rsa') return false;
  return verify(type === 'ed25519' ? null : 'sha256', bytes, key, signature);
}
