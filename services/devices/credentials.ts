/**
 * A device's token: 256 random bits, shown once, stored as its SHA-256. A random token needs no slow hash: there is
 * nothing to guess. Whether one is right is answered in the same time for known, unknown and revoked devices.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { Random } from '../../engine/index.ts';

/** Base64url of 32 bytes. */
const TOKEN_CHARS = 43;
const NOBODY = Buffer.alloc(32);

export function makeToken(random: Random): string {
  return Buffer.from(random.bytes(32)).toString('base64url');
}

export function hashToken(token: string | Uint8Array): Buffer {
  return hash('sha256', token, 'buffer');
}

/** `expected` is null where there is no such device; any length of token is allowed, only 43 characters can be right. */
export function isToken(token: string | Uint8Array, expected: Uint8Array | null): boolean {
  const isPlausible = token.length === TOKEN_CHARS;
  const actual = hashToken(isPlausible ? token : '');
  const isEqual = timingSafeEqual(actual, expected ?? NOBODY);
  return isEqual && isPlausible && expected !== null;
}
