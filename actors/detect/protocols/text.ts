/** Bytes from the wire as text for EVE. */

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LOSSY = new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8 where it is; else ASCII with `\xff` for what is none, as Suricata writes it. */
export function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    let text = '';
    for (const byte of bytes) text += byte < 0x80 ? String.fromCharCode(byte) : `\\x${hexOf(byte)}`;
    return text;
  }
}

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    UTF8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Of longer text so many bytes, and a word that says so. */
export const limitedText = (bytes: Uint8Array, most: number): string =>
  bytes.length <= most ? textOf(bytes) : `${textOf(bytes.subarray(0, most))}[truncated]`;

/** UTF-8 with U+FFFD for what is none. */
export const lossyText = (bytes: Uint8Array): string => LOSSY.decode(bytes);

export const hexOf = (byte: number): string => byte.toString(16).padStart(2, '0');

/** `aa:bb:cc` */
export const colonHex = (bytes: Uint8Array): string => Array.from(bytes, hexOf).join(':');

/** As UTF-8 that is whole everywhere; the same bytes where they are. */
export function lossyBytes(bytes: Uint8Array): Uint8Array {
  return bytes.every((byte) => byte < 0x80) ? bytes : Buffer.from(LOSSY.decode(bytes));
}
