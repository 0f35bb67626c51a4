/**
 * A pattern that must not be there, as Suricata's prefilter finds it: wherever it is, whatever the rule asks of its end.
 * A rule whose pattern was found so is not asked. One that has a place is not looked for so.
 */
import type { FastPattern } from '../prefilter/index.ts';

export function isFound(pattern: FastPattern, buffer: Uint8Array): boolean {
  if (!isLookedFor(pattern)) return false;
  const { bytes, nocase } = pattern;
  // What a prefilter names is a candidate alone.
  for (let at = 0; at + bytes.length <= buffer.length; at += 1) if (liesAt(buffer, at, bytes, nocase)) return true;
  return false;
}

export function isLookedFor({ buffer: { terms, sizeNamed }, bytes, content }: FastPattern): boolean {
  const { offset, depth, startsWith, distance, within } = content;
  if (offset !== null || depth !== null || startsWith || within !== null) return false;
  // As the first one it is relative to the start, and a distance of nothing is no place.
  if (distance !== null && (distance !== 0 || terms[0] !== content)) return false;
  // A size gives it a place.
  return bytes.length > 0 && sizeNamed === undefined;
}

function liesAt(buffer: Uint8Array, at: number, bytes: Uint8Array, nocase: boolean): boolean {
  for (let i = 0; i < bytes.length; i += 1) {
    const [a, b] = [buffer[at + i]!, bytes[i]!];
    if (a !== b && !(nocase && lower(a) === lower(b))) return false;
  }
  return true;
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
