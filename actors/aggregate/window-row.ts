/**
 * The head of one window of one device in its row; the sums of its measures follow (measure-sums.ts).
 *
 *   f64 readings · f64 of them verified · u32 hash of the type's name · u32 head of the pseudonyms · f64 distinct
 */
import { sumBytes } from './measure-sums.ts';

export const HEAD_BYTES = 64;
export const AT_READINGS = 0;
export const AT_VERIFIED = 1;
/** In words of 32 bits. */
export const AT_TYPE = 4;
export const AT_DISTINCT_HEAD = 5;
/** In doubles. */
export const AT_DISTINCT = 3;

export function rowBytesFor(measures: number): number {
  return HEAD_BYTES + sumBytes(measures);
}

/** FNV-1a of the name: the same after a restart with other types beside it. Never 0, which means "no reading yet". */
export function typeHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0 || 1;
}
