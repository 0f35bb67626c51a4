/**
 * What the sequence window remembers of a frame: a keyed 32-bit hash (HalfSipHash-1-3) of the device time, the payload's
 * length and the payload. Not of the key, the signature and the mode, so that the same content signed anew, alone or in
 * a batch, is a repeat. It is hashed as a single envelope holds it: [device time i64] · length u32 · payload, big-endian.
 */

/** The state between the words; one object for a thread, as a call with four results would need one each time. */
const state = new Int32Array(4);

function take(word: number): void {
  let [v0, v1, v2, v3] = [state[0]!, state[1]!, state[2]!, state[3]! ^ word];
  v0 = (v0 + v1) | 0;
  v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
  v0 = (v0 << 16) | (v0 >>> 16);
  v2 = (v2 + v3) | 0;
  v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
  v0 = (v0 + v3) | 0;
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
  v2 = (v2 + v1) | 0;
  v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
  v2 = (v2 << 16) | (v2 >>> 16);
  state[0] = v0 ^ word;
  state[1] = v1;
  state[2] = v2;
  state[3] = v3;
}

const swapped = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);

/**
 * Never 0, which stands for "not seen". `key0` is another one for frames with a device time; `timeMs` counts only there.
 */
export function contentTag(
  hasTime: boolean,
  timeMs: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  key0: number,
  key1: number,
): number {
  const length = end - start;
  state[0] = key0;
  state[1] = key1;
  state[2] = 0x6c796765 ^ key0;
  state[3] = 0x74656462 ^ key1;
  if (hasTime) {
    const high = Math.floor(timeMs / 2 ** 32);
    take(swapped(high));
    take(swapped((timeMs - high * 2 ** 32) | 0));
  }
  take(swapped(length));
  let [v0, v1, v2, v3] = [state[0]!, state[1]!, state[2]!, state[3]!];
  let at = start;
  // The round is written out again: a call for each word costs more than the round.
  for (const last = end - 4; at <= last; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  let word = (length + (hasTime ? 12 : 4)) << 24;
  const rest = end - at;
  if (rest > 2) word |= bytes[at + 2]! << 16;
  if (rest > 1) word |= bytes[at + 1]! << 8;
  if (rest > 0) word |= bytes[at]!;
  v3 ^= word;
  for (let round = 0; round < 4; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (round === 0) {
      v0 ^= word;
      v2 ^= 0xff;
    }
  }
  return (v1 ^ v3) >>> 0 || 1;
}
