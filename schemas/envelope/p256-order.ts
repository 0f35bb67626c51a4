/**
 * The order n of P-256's group, and halves of signatures beside it. With (r, s) also (r, n − s) is a signature of the
 * same message; an envelope takes the one with s ≤ n/2, so that nobody can make a second envelope out of one.
 */

/** FIPS 186-5 with SP 800-186, 3.2.1.3. */
export const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
/** (n − 1) / 2. */
const HALF_ORDER = Buffer.from('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8', 'hex');
/** Bytes of r, and of s. */
export const SCALAR_BYTES = 32;

/** Whether 0 < the 32 bytes at `at` < the order. */
export function isScalar(bytes: Uint8Array, at: number): boolean {
  let i = 0;
  while (i < SCALAR_BYTES && bytes[at + i] === ORDER[i]) i++;
  if (i === SCALAR_BYTES || bytes[at + i]! > ORDER[i]!) return false;
  for (i = 0; i < SCALAR_BYTES; i++) if (bytes[at + i] !== 0) return true;
  return false;
}

/** Whether the 32 bytes at `at` are at most half the order. */
export function isLow(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < SCALAR_BYTES; i++) {
    const difference = bytes[at + i]! - HALF_ORDER[i]!;
    if (difference !== 0) return difference < 0;
  }
  return true;
}

/** Replaces a high s of r‖s by n − s, in place. */
export function makeLow(signature: Uint8Array): void {
  if (isLow(signature, SCALAR_BYTES)) return;
  let borrow = 0;
  for (let i = SCALAR_BYTES - 1; i >= 0; i--) {
    const difference = ORDER[i]! - signature[SCALAR_BYTES + i]! - borrow;
    borrow = difference < 0 ? 1 : 0;
    signature[SCALAR_BYTES + i] = difference & 0xff;
  }
}
