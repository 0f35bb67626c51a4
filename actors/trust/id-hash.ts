/**
 * 64 bits of an id, for telling it from the other ids of one pair. Kept in state, so that it never changes. Who makes two
 * of its own ids collide only has the second taken for a correction of the first.
 */
export class IdHash {
  high = 0;
  low = 0;

  of(bytes: Uint8Array, start: number, end: number): void {
    let a = 0x9e3779b1 ^ (end - start);
    let b = 0x85ebca77;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a ^= a >>> 15;
      b = Math.imul(b + word, 0x1b873593) ^ (b >>> 13);
    }
    let rest = 0;
    for (; at < end; at++) rest = (rest << 8) | bytes[at]!;
    a = Math.imul(a ^ rest, 0xcc9e2d51);
    b = Math.imul(b + rest, 0x1b873593);
    this.high = mixed(a ^ (b >>> 7));
    this.low = mixed(b ^ Math.imul(a, 0xc2b2ae3d));
  }
}

/** The end of MurmurHash3. */
function mixed(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
