/** Which byte stands for a character beyond Latin-1 where an address is brought to single bytes. */

const UNKNOWN = 0x3f;

export function bestFit(point: number): number {
  if (point < 0x100) return point;
  // Full-width forms of ASCII, with which a path hides from whoever does not look for them.
  if (point >= 0xff01 && point <= 0xff5e) return point - 0xfee0;
  return UNKNOWN;
}

export const REPLACEMENT = UNKNOWN;
