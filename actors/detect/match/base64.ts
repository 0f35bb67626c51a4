/**
 * Base64 as Suricata reads it in a payload: up to the first character that is none of it. Padding counts as a character
 * without bits wherever it stands, and what is left at the end is filled up; a single character left is a byte.
 */

const PADDING = 0x3d;
const GROUP = 4;

const VALUES = new Int8Array(256).fill(-1);
for (const [value, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  VALUES[char.charCodeAt(0)] = value;

export const isBase64 = (byte: number): boolean => VALUES[byte]! >= 0 || byte === PADDING;

/** A copy. */
export function decodeBase64(text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(text.length / GROUP) * 3);
  let length = 0;
  let group = 0;
  let count = 0;
  let padding = 0;
  const write = (wanted: number): void => {
    const bits = group << (6 * (GROUP - count));
    for (let i = 0; i < wanted; i += 1) bytes[length++] = (bits >> (16 - 8 * i)) & 255;
    group = 0;
    count = 0;
    padding = 0;
  };
  for (const char of text) {
    const value = VALUES[char]!;
    if (value < 0 && char !== PADDING) break;
    if (value < 0) padding += 1;
    group = (group << 6) | Math.max(0, value);
    count += 1;
    if (count === GROUP) write(Math.max(0, 3 - padding));
  }
  if (count > 0) write(count > 1 ? count - 1 : 1);
  return bytes.subarray(0, length);
}
