/** Bytes from the wire as text for EVE. */

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LOSSY = new TextDecoder('utf-8', { ignoreBOM: true });

/** Node's own, for any view of bytes: of a short text a decoder costs several times as much. */
const { latin1Slice } = Buffer.prototype as unknown as {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string;
};

/** Longer texts are looked through faster by the decoder itself. */
const SHORT_BYTES_MAX = 256;

const isShortAscii = (bytes: Uint8Array): boolean => bytes.length <= SHORT_BYTES_MAX && isAscii(bytes);

export function isAscii(bytes: Uint8Array): boolean {
  const { length } = bytes;
  let all = 0;
  for (let at = 0; at < length; at += 1) all |= bytes[at]!;
  return all < 0x80;
}

/** UTF-8 where it is; else ASCII with `\xff` for what is none, as Suricata writes it. */
export function textOf(bytes: Uint8Array): string {
  if (isShortAscii(bytes)) return latin1Slice.call(bytes, 0, bytes.length);
  try {
    return UTF8.decode(bytes);
  } catch {
    return escaped(bytes);
  }
}

/** `\xff`: as bytes first, a message may have a million of them. */
function escaped(bytes: Uint8Array): string {
  const text = new Uint8Array(ESCAPE_BYTES * bytes.length);
  let end = 0;
  for (const byte of bytes) {
    if (byte < 0x80) text[end++] = byte;
    else {
      text[end++] = 0x5c;
      text[end++] = 0x78;
      text[end++] = HEX_DIGITS.charCodeAt(byte >> 4);
      text[end++] = HEX_DIGITS.charCodeAt(byte & 15);
    }
  }
  return latin1Slice.call(text, 0, end);
}

const ESCAPE_BYTES = 4;
const HEX_DIGITS = '0123456789abcdef';

export function isUtf8(bytes: Uint8Array): boolean {
  if (isShortAscii(bytes)) return true;
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
export const lossyText = (bytes: Uint8Array): string =>
  isShortAscii(bytes) ? latin1Slice.call(bytes, 0, bytes.length) : LOSSY.decode(bytes);

export const hexOf = (byte: number): string => byte.toString(16).padStart(2, '0');

/** `aa:bb:cc` */
export const colonHex = (bytes: Uint8Array): string => Array.from(bytes, hexOf).join(':');

/** As UTF-8 that is whole everywhere; the same bytes where they are. */
export function lossyBytes(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at]! >= 0x80) return Buffer.from(LOSSY.decode(bytes));
  return bytes;
}
