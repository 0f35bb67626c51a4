/**
 * A pattern that must not be there, as Suricata's prefilter finds it: where it may not stand by its offset and depth is
 * heeded, what the rule asks beside it is not. A rule whose pattern was found so is not asked.
 */
import type { FastPattern } from '../prefilter/index.ts';

export function isFound({ bytes, nocase, content }: FastPattern, buffer: Uint8Array): boolean {
  const { offset, depth, startsWith } = content;
  if (offset === null && depth === null && !startsWith) return true;
  // A variable has no value yet.
  if (typeof offset === 'string' || typeof depth === 'string') return true;
  const low = offset ?? 0;
  const room = startsWith ? content.bytes.length : depth;
  const high = Math.min(buffer.length, room === null ? buffer.length : low + room);
  for (let at = low; at + bytes.length <= high; at += 1) if (liesAt(buffer, at, bytes, nocase)) return true;
  return false;
}

function liesAt(buffer: Uint8Array, at: number, bytes: Uint8Array, nocase: boolean): boolean {
  for (let i = 0; i < bytes.length; i += 1) {
    const [a, b] = [buffer[at + i]!, bytes[i]!];
    if (a !== b && !(nocase && lower(a) === lower(b))) return false;
  }
  return true;
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
