/** The line before a chunk of a chunked body. */
import { hexOf, isSpace } from './octets.ts';

export const EMPTY_LINE = -2;
export const INVALID = -1;
const LENGTH_MAX = 0x7fff_ffff;

/** The length of the chunk; what is behind the digits is passed over. */
export function chunkLength(line: Uint8Array): number {
  let at = 0;
  while (at < line.length && isSpace(line[at]!)) at += 1;
  if (at === line.length) return EMPTY_LINE;
  const start = at;
  let value = 0;
  for (; at < line.length; at += 1) {
    const digit = hexOf(line[at]!);
    if (digit === -1) break;
    value = value * 16 + digit;
    if (value > LENGTH_MAX) return INVALID;
  }
  return at === start ? INVALID : value;
}

/** Whether a chunk's length can begin with it. */
export const canBeChunkLength = (byte: number): boolean => hexOf(byte) !== -1;

export const hasExtension = (line: Uint8Array): boolean => line.includes(0x3b);
