/** The points of an object: whether they are whole, and, where somebody asks, what they say. */
import { isUtf8, textOf } from '../text.ts';
import type { Field, Layout } from './dnp3-layout.ts';

export type Fields = Record<string, unknown>;

/** What an object's head says of its points. */
export interface PointsHead {
  readonly prefixCode: number;
  readonly start: number;
  readonly count: number;
}

/** Codes 1 to 3: its index stands before a point; 4 to 6: its size. */
const PREFIX_BYTES = [0, 1, 2, 4, 1, 2, 4, 0];
const isIndex = (code: number): boolean => code >= 1 && code <= 3;
export const isSize = (code: number): boolean => code >= 4 && code <= 6;
const LENGTH_MASK = 0xffff;

/** The lowest octet first. */
export const numberAt = (bytes: Uint8Array, at: number, size: number): number => {
  let value = 0;
  for (let place = size - 1; place >= 0; place -= 1) value = value * 256 + bytes[at + place]!;
  return value;
};

/** As the 64 bits without a sign that Suricata makes of it, as exactly as a number can be. */
const signedAt = (bytes: Uint8Array, at: number, size: number): number => {
  const value = numberAt(bytes, at, size);
  return value < 2 ** (8 * size - 1) ? value : 2 ** 64 - 2 ** (8 * size) + value;
};

const floatAt = (bytes: Uint8Array, at: number, size: 4 | 8): number | null => {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, size);
  const value = size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
  return Number.isFinite(value) ? value : null;
};

export class PointReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** The place behind the points; -1: they are not whole. */
  end(layout: Layout, head: PointsHead): number {
    const left = this.#bytes.length - this.#at;
    const { count, prefixCode } = head;
    const prefixBytes = PREFIX_BYTES[prefixCode]!;
    if (layout.prefixes?.includes(prefixCode) === false) return -1;
    if (layout.packedBits > 0) {
      const size = prefixBytes + Math.floor(count / 8) + 1;
      return size > left ? -1 : this.#at + size;
    }
    if (left < Math.floor(count / 8)) return -1;
    // Without a prefix the rest of a point is nothing.
    const size = layout.size ?? (prefixBytes === 0 && isRest(layout) ? 0 : null);
    if (size !== null) {
      const all = count * (prefixBytes + size);
      return all > left ? -1 : this.#at + all;
    }
    for (let index = 0; index < count; index += 1) if (!this.#point(layout, prefixCode, null)) return -1;
    return this.#at;
  }

  /** What the points say, up to the first that is not whole; no more than `most`. */
  read(layout: Layout, head: PointsHead, most: number): Fields[] {
    const { count, prefixCode } = head;
    if (layout.prefixes?.includes(prefixCode) === false) return [];
    if (layout.packedBits > 0) return this.#packed(layout, head, most);
    if (this.#bytes.length - this.#at < Math.floor(count / 8)) return [];
    const points: Fields[] = [];
    while (points.length < Math.min(count, most)) {
      const said: Fields = {};
      const point = { prefix: 0, index: head.start + points.length, said };
      if (!this.#point(layout, prefixCode, point)) break;
      points.push({ ...headOf(prefixCode, point.prefix, point.index), ...said });
    }
    return points;
  }

  #packed({ packedBits, fields }: Layout, { prefixCode, start, count }: PointsHead, most: number): Fields[] {
    const prefix = this.#prefix(prefixCode);
    const points: Fields[] = [];
    if (prefix < 0 || fields[0]?.kind !== 'bits') return points;
    const { name, mask } = fields[0].bits[0]!;
    for (let octets = Math.floor(count / 8) + 1; octets > 0 && this.#at < this.#bytes.length; octets -= 1) {
      const octet = this.#bytes[this.#at++]!;
      for (let shift = 0; shift < 8 && points.length < Math.min(count, most); shift += packedBits)
        points.push({
          ...headOf(prefixCode, prefix, start + points.length),
          [name]: (octet >> shift) & mask,
        });
    }
    return points;
  }

  /** -1: it is not whole. */
  #prefix(code: number): number {
    const size = PREFIX_BYTES[code]!;
    if (this.#at + size > this.#bytes.length) return -1;
    this.#at += size;
    return numberAt(this.#bytes, this.#at - size, size);
  }

  #point(layout: Layout, prefixCode: number, point: { prefix: number; readonly said: Fields } | null): boolean {
    const prefix = this.#prefix(prefixCode);
    if (prefix < 0) return false;
    if (point !== null) point.prefix = prefix;
    const end = this.#at + prefix;
    const lengths: Record<string, number> = {};
    for (const one of layout.fields) if (!this.#field(one, end, lengths, point?.said ?? null)) return false;
    return true;
  }

  #field(one: Field, end: number, lengths: Record<string, number>, said: Fields | null): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    const isRestWhole = !('length' in one) || one.length !== null || (end >= at && end - at < one.limit);
    if (!isRestWhole) return false;
    const size = 'length' in one ? lengthOf(one.length, end - at, lengths) : one.kind === 'bits' ? 1 : one.size;
    if (at + size > bytes.length) return false;
    this.#at = at + size;
    if (one.kind === 'number' && !one.isSigned) lengths[one.name] = numberAt(bytes, at, size);
    if (said !== null) say(one, bytes.subarray(at, at + size), said);
    return true;
  }
}

const lengthOf = (field: string | null, rest: number, lengths: Readonly<Record<string, number>>): number =>
  field === null ? rest & LENGTH_MASK : lengths[field]!;

const isRest = ({ fields }: Layout): boolean =>
  fields.length === 1 && 'length' in fields[0]! && fields[0].length === null;

const headOf = (code: number, prefix: number, index: number): Fields => ({
  prefix,
  index: isIndex(code) ? prefix : index % 2 ** 32,
  ...(isSize(code) ? { size: prefix } : {}),
});

function say(one: Field, bytes: Uint8Array, said: Fields): void {
  if (one.kind === 'bits') for (const { name, shift, mask } of one.bits) said[name] = (bytes[0]! >> shift) & mask;
  else if (one.kind === 'float') said[one.name] = floatAt(bytes, 0, one.size);
  else if (one.kind === 'number')
    said[one.name] = one.isSigned ? signedAt(bytes, 0, one.size) : numberAt(bytes, 0, one.size);
  else if (one.kind === 'text') said[one.name] = textOf(bytes);
  else if (one.kind === 'data') {
    if (bytes.length > 0) said[one.name] = Buffer.from(bytes).toString('base64');
  } else {
    const nul = bytes.indexOf(0);
    const code = nul === -1 ? bytes : bytes.subarray(0, nul);
    // Suricata leaves out one that is no text.
    if (isUtf8(code)) said[one.name] = textOf(code);
  }
}
