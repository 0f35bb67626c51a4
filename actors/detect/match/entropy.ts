/** Shannon's entropy of bytes, in bits. */
import type { EntropyTerm } from '../rules/rule.ts';

function entropyOf(bytes: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]! += 1;
  let sum = 0;
  for (const count of counts) if (count > 0) sum -= (count / bytes.length) * Math.log2(count / bytes.length);
  return sum;
}

export function isEntropy({ bytes, offset, is, value, high }: EntropyTerm, buffer: Uint8Array): boolean {
  if (offset >= buffer.length) return false;
  const part = buffer.subarray(offset, bytes === 0 ? buffer.length : offset + bytes);
  if (part.length === 0) return false;
  const entropy = entropyOf(part);
  switch (is) {
    case '=':
      return entropy === value;
    case '!=':
      return entropy !== value;
    case '<':
      return entropy < value;
    case '<=':
      return entropy <= value;
    case '>':
      return entropy > value;
    case '>=':
      return entropy >= value;
    default:
      return entropy > value && entropy < high;
  }
}
