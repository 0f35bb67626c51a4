/** Bytes of HTTP: their classes, and the few things that are done with runs of them. No strings are made here. */

export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const TAB = 0x09;
export const COLON = 0x3a;
export const SLASH = 0x2f;
export const PERCENT = 0x25;

export const NO_BYTES = new Uint8Array();

/** Space, tab, CR, LF, vertical tab, form feed. */
export const isSpace = (byte: number): boolean => byte === SPACE || (byte >= TAB && byte <= CR);
export const isBlank = (byte: number): boolean => byte === SPACE || byte === TAB;
export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
export const lowerOf = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

/** The value of a hexadecimal digit; -1: it is none. */
export function hexOf(byte: number): number {
  if (isDigit(byte)) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

export const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** Whether the bytes are this text, which is in lower case; their own case does not matter. */
export function isText(bytes: Uint8Array, lower: string): boolean {
  return bytes.length === lower.length && startsWithText(bytes, 0, lower);
}

export function startsWithText(bytes: Uint8Array, at: number, lower: string): boolean {
  if (at + lower.length > bytes.length) return false;
  for (let i = 0; i < lower.length; i += 1) if (lowerOf(bytes[at + i]!) !== lower.charCodeAt(i)) return false;
  return true;
}

/** Whether the text, in lower case, is in it; NUL bytes in between do not count. */
export function includesText(bytes: Uint8Array, lower: string): boolean {
  for (let start = 0; start + lower.length <= bytes.length; start += 1) {
    let matched = 0;
    for (let at = start; at < bytes.length && matched < lower.length; at += 1) {
      const byte = bytes[at]!;
      if (byte === 0) continue;
      if (lowerOf(byte) !== lower.charCodeAt(matched)) break;
      matched += 1;
    }
    if (matched === lower.length) return true;
  }
  return false;
}

/** Whether the text, in lower case, is one of the words between commas. */
export function hasToken(bytes: Uint8Array, lower: string): boolean {
  for (let start = 0; start <= bytes.length; ) {
    const comma = bytes.indexOf(0x2c, start);
    let end = comma === -1 ? bytes.length : comma;
    const next = end + 1;
    while (start < end && isSpace(bytes[start]!)) start += 1;
    while (end > start && isSpace(bytes[end - 1]!)) end -= 1;
    if (isText(bytes.subarray(start, end), lower)) return true;
    start = next;
  }
  return false;
}

export function isSameNoCase(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i] && lowerOf(a[i]!) !== lowerOf(b[i]!)) return false;
  return true;
}

export function lowered(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i += 1) copy[i] = lowerOf(bytes[i]!);
  return copy;
}

/** A copy whatever the bytes are: the slice of a Buffer is a view. */
export const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Where `needle` is at or behind `from`; -1: nowhere. */
export const indexOf = (bytes: Uint8Array, needle: Uint8Array, from: number): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(needle, from);

/** The end of a line without what ends it. */
export function chomped(bytes: Uint8Array, start: number, end: number): number {
  let stop = end;
  while (stop > start && (bytes[stop - 1] === LF || bytes[stop - 1] === CR)) stop -= 1;
  return stop;
}

/** A decimal number with blanks around it; -1: it is none. */
export function numberOf(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && isBlank(bytes[at]!)) at += 1;
  const start = at;
  let value = 0;
  while (at < bytes.length && isDigit(bytes[at]!)) {
    value = value * 10 + bytes[at]! - 0x30;
    if (value > Number.MAX_SAFE_INTEGER) return -1;
    at += 1;
  }
  if (at === start) return -1;
  while (at < bytes.length && isBlank(bytes[at]!)) at += 1;
  return at === bytes.length ? value : -1;
}

/** As a Content-Length is read: anything before the first digit and behind the last is passed over. */
export function lengthOf(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && !isDigit(bytes[at]!)) at += 1;
  if (at === bytes.length) return -1;
  let value = 0;
  for (; at < bytes.length && isDigit(bytes[at]!); at += 1) {
    value = value * 10 + bytes[at]! - 0x30;
    if (value > Number.MAX_SAFE_INTEGER) return -1;
  }
  return value;
}
