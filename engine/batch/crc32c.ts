/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), as record batches carry it; node:zlib's crc32 is another polynomial.
 * Short inputs are summed here, eight bytes a step; long ones go to native code, whose call costs more than it saves
 * on few bytes (bench/micro/batch-bench.ts measures where they meet).
 */
import { crc32c as nativeCrc32c } from '@node-rs/crc32';

const POLYNOMIAL_REFLECTED = 0x82f63b78;
/** From this many bytes up, the native code is faster. */
export const CRC_NATIVE_BYTES_MIN = 192;

const tables = makeTables();
const [T0, T1, T2, T3, T4, T5, T6, T7] = tables;

function makeTables(): [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
] {
  const table = () => new Int32Array(256);
  const made: ReturnType<typeof makeTables> = [table(), table(), table(), table(), table(), table(), table(), table()];
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL_REFLECTED : crc >>> 1;
    made[0][n] = crc;
  }
  for (let k = 1; k < 8; k++) {
    const previous = made[k - 1]!;
    for (let n = 0; n < 256; n++) made[k]![n] = (previous[n]! >>> 8) ^ made[0][previous[n]! & 0xff]!;
  }
  return made;
}

/** The sum of bytes[start, end), in 0..2^32-1. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  if (end - start >= CRC_NATIVE_BYTES_MIN) return nativeCrc32c(bytes.subarray(start, end));
  return crc32cInScript(bytes, start, end);
}

/** The same in JavaScript alone; exported for the bench and for the test that compares both. */
export function crc32cInScript(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      T7[crc & 0xff]! ^
      T6[(crc >>> 8) & 0xff]! ^
      T5[(crc >>> 16) & 0xff]! ^
      T4[crc >>> 24]! ^
      T3[bytes[at + 4]!]! ^
      T2[bytes[at + 5]!]! ^
      T1[bytes[at + 6]!]! ^
      T0[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ T0[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}

/** x^(8·2^k) modulo the polynomial, bits reflected: what 2^k bytes more behind some bytes multiply their sum by. */
const SHIFTS = makeShifts();

function makeShifts(): Int32Array {
  const shifts = new Int32Array(32);
  // x^8.
  shifts[0] = 1 << 23;
  for (let k = 1; k < 32; k++) shifts[k] = multiply(shifts[k - 1]!, shifts[k - 1]!);
  return shifts;
}

/** Of two polynomials over two elements, bits reflected, modulo CRC-32C's. */
function multiply(left: number, right: number): number {
  let product = 0;
  let shifted = right;
  for (let bit = 31; bit >= 0; bit--) {
    if ((left >>> bit) & 1) product ^= shifted;
    shifted = (shifted >>> 1) ^ (shifted & 1 ? POLYNOMIAL_REFLECTED : 0);
  }
  return product;
}

/**
 * The sum of bytes of which some have changed, from their sum before: `changes` holds, for each byte of a stretch, what it
 * was xor what it is, and `bytesAfter` more follow the stretch unchanged. What the sum says of the others stays: where it
 * was wrong, it is wrong now.
 */
export function crc32cAfterChange(before: number, changes: Uint8Array, bytesAfter: number): number {
  let sum = 0;
  for (const change of changes) sum = (sum >>> 8) ^ T0[(sum ^ change) & 0xff]!;
  for (let k = 0, left = bytesAfter; left > 0; k++, left = Math.floor(left / 2))
    if (left % 2 === 1) sum = multiply(SHIFTS[k]!, sum);
  return (before ^ sum) >>> 0;
}
