/**
 * A record's headers, from where their number stands, which is -1 where there is no record. RecordPlaces has checked
 * every length of them.
 */
import type { Header } from './layout.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

class Walk {
  readonly #bytes: Uint8Array;
  position: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.position = at;
  }

  varint(): number {
    let raw = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.position++]!;
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1);
    }
  }
}

export function countHeaders(bytes: Uint8Array, at: number): number {
  return at < 0 || bytes[at] === 0 ? 0 : new Walk(bytes, at).varint();
}

/** The last header of that name: a view. Undefined where there is none or its value is null. */
export function findHeader(bytes: Uint8Array, at: number, name: string): Uint8Array | undefined {
  if (at < 0) return undefined;
  const walk = new Walk(bytes, at);
  let found: Uint8Array | undefined;
  for (let left = walk.varint(); left > 0; left--) {
    const nameLength = walk.varint();
    const nameStart = walk.position;
    walk.position += nameLength;
    const valueLength = walk.varint();
    const valueStart = walk.position;
    walk.position += Math.max(valueLength, 0);
    if (!isText(bytes, nameStart, nameStart + nameLength, name)) continue;
    found = valueLength < 0 ? undefined : bytes.subarray(valueStart, valueStart + valueLength);
  }
  return found;
}

/** All headers in their order, copied. */
export function copyHeaders(bytes: Uint8Array, at: number): Header[] {
  if (at < 0) return [];
  const walk = new Walk(bytes, at);
  const headers: Header[] = [];
  for (let left = walk.varint(); left > 0; left--) {
    const nameLength = walk.varint();
    const nameEnd = walk.position + nameLength;
    const name = decoder.decode(bytes.subarray(walk.position, nameEnd));
    walk.position = nameEnd;
    const valueLength = walk.varint();
    const valueStart = walk.position;
    walk.position += Math.max(valueLength, 0);
    headers.push({ name, value: valueLength < 0 ? null : bytes.slice(valueStart, walk.position) });
  }
  return headers;
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  let at = start;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return decoder.decode(bytes.subarray(start, end)) === text;
    if (at >= end || bytes[at++] !== unit) return false;
  }
  return at === end;
}
