/** Public keys of devices: P-256 points, which sign and agree on session keys, and Ed25519, which signs. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { MsecError } from '../../engine/index.ts';
import { KEY_ID_BYTES } from './layout.ts';

/** As a device record names them. */
export type KeyAlgorithm = 'ecdsa-p256-sha256' | 'ed25519';

/** SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point (RFC 5480, 2.1.1). */
const SPKI_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
const ED25519_BYTES = 32;

/**
 * Ed25519 points of small order, without the sign bit: under such a key some signatures hold for any message. 0, 1, the
 * two of order 8, and −1, then 0 and 1 written as p and p + 1.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

function parseSpki(spki: Buffer): KeyObject | null {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

function invalid(says: string): MsecError {
  return new MsecError('DEVICE_INVALID', `publicKey ${says}`, { field: 'publicKey' });
}

/**
 * A public key from its SPKI (DER) or its raw uncompressed point (65 bytes, first 0x04). Fails with DEVICE_INVALID
 * when it is neither a point of P-256 nor an Ed25519 key.
 */
export function importPublicKey(bytes: Uint8Array): KeyObject {
  const spki = bytes.length === 65 && bytes[0] === 4 ? Buffer.concat([SPKI_PREFIX, bytes]) : Buffer.from(bytes);
  const key = parseSpki(spki);
  if (key === null) throw invalid('is not a SubjectPublicKeyInfo or an uncompressed point');
  if (key.asymmetricKeyType === 'ed25519') {
    const point = exportPublicKey(key).subarray(-ED25519_BYTES);
    point[ED25519_BYTES - 1]! &= 0x7f;
    if (SMALL_ORDER.has(point.toString('hex'))) throw invalid('is a point of small order');
    return key;
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw invalid('must lie on P-256, or be an Ed25519 key');
  }
  return key;
}

export function algorithmOf(publicKey: KeyObject): KeyAlgorithm {
  return publicKey.asymmetricKeyType === 'ed25519' ? 'ed25519' : 'ecdsa-p256-sha256';
}

/** The key's canonical SPKI: a P-256 key's always with the uncompressed point. */
export function exportPublicKey(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === 'ed25519') return key.export({ format: 'der', type: 'spki' });
  const jwk = key.export({ format: 'jwk' });
  const x = Buffer.from(jwk.x ?? '', 'base64url');
  const y = Buffer.from(jwk.y ?? '', 'base64url');
  return Buffer.concat([SPKI_PREFIX, Buffer.of(4), x, y]);
}

/** The first 8 bytes of the SHA-256 of the canonical SPKI. */
export function keyIdOf(publicKey: KeyObject): Buffer {
  return createHash('sha256').update(exportPublicKey(publicKey)).digest().subarray(0, KEY_ID_BYTES);
}
