/**
 * What the sequence window remembers of a frame: a keyed 32-bit hash (HalfSipHash-1-3) of the device time, the payload's
 * length and the payload. Not of the key, the signature and the mode, so that the same content signed anew, alone or in
 * a batch, is a repeat. It is hashed as a single envelope holds it: [device time i64] · length u32 · payload, big-endian.
 */
import { HalfSipHash } from './half-sip-hash.ts';

const hash = new HalfSipHash();

/** In the order of bytes that a big-endian number is hashed in. */
export const swapped = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);

/** Never 0, which stands for "not seen". `key0` is another one for frames with a device time: contentTagAt. */
export function contentTag(bytes: Uint8Array, start: number, end: number, key0: number, key1: number): number {
  hash.begin(key0, key1);
  hash.word(swapped(end - start));
  return hash.finish(bytes, start, end) >>> 0 || 1;
}

/** With the device time, Unix milliseconds. */
export function contentTagAt(
  timeMs: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  key0: number,
  key1: number,
): number {
  const high = Math.floor(timeMs / 2 ** 32);
  hash.begin(~key0, key1);
  hash.word(swapped(high));
  hash.word(swapped((timeMs - high * 2 ** 32) | 0));
  hash.word(swapped(end - start));
  return hash.finish(bytes, start, end) >>> 0 || 1;
}
