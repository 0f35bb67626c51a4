/** Elements of DER (X.690), and of BER with definite lengths: a tag of one byte, a length and content. */

export interface Element {
  readonly tag: number;
  /** The element itself, from its tag on. */
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

const LENGTH_BYTES_MAX = 4;

/** The element at `at`, within `end`; null: there is none. */
export function elementAt(bytes: Uint8Array, at: number, end: number): Element | null {
  if (at + 2 > end) return null;
  const tag = bytes[at]!;
  // Tags of several bytes are in nothing that is read here.
  if ((tag & 0x1f) === 0x1f) return null;
  const first = bytes[at + 1]!;
  let content = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > LENGTH_BYTES_MAX || content + count > end) return null;
    length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + bytes[content + index]!;
    content += count;
  }
  return content + length > end ? null : { tag, start: at, content, end: content + length };
}

/** The elements inside of one; null: what is in it is malformed. */
export function elementsIn(bytes: Uint8Array, { content, end }: Element): Element[] | null {
  const found: Element[] = [];
  for (let at = content; at < end; ) {
    const element = elementAt(bytes, at, end);
    if (element === null) return null;
    found.push(element);
    at = element.end;
  }
  return found;
}

/** An object identifier with dots. */
export function identifierText(bytes: Uint8Array, { content, end }: Element): string {
  const parts: number[] = [];
  let value = 0;
  for (let at = content; at < end; at++) {
    const byte = bytes[at]!;
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (parts.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      parts.push(first, value - 40 * first);
    } else parts.push(value);
    value = 0;
  }
  return parts.join('.');
}
