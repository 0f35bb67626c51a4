/** The objects' descriptions, read once. */
import { OBJECTS } from './dnp3-objects.ts';

export type Field =
  | { readonly kind: 'bits'; readonly bits: readonly Bit[] }
  | { readonly kind: 'number'; readonly name: string; readonly size: number; readonly isSigned: boolean }
  | { readonly kind: 'float'; readonly name: string; readonly size: 4 | 8 }
  | {
      readonly kind: 'text' | 'data';
      readonly name: string;
      /** The name of the field that says it, or: the rest of the point, which has fewer than `limit` octets. */
      readonly length: string | null;
      readonly limit: number;
    }
  | { readonly kind: 'code'; readonly name: string; readonly size: number };

export interface Bit {
  readonly name: string;
  readonly shift: number;
  readonly mask: number;
}

export interface Layout {
  /** Points of so many bits, without fields; 0: of fields. */
  readonly packedBits: 0 | 1 | 2;
  readonly fields: readonly Field[];
  /** Of a point, its prefix left out; null: each has its own. */
  readonly size: number | null;
  /** The prefix codes with which it can be read; null: any. */
  readonly prefixes: readonly number[] | null;
}

const ANY_SIZE = [4, 5, 6];
const WORD_SIZE = [5];

function bitsOf(text: string): Bit[] {
  let shift = 0;
  return text.split(' ').map((part) => {
    const [name, width = '1'] = part.split('.');
    const bit = { name: name!, shift, mask: (1 << Number(width)) - 1 };
    shift += Number(width);
    return bit;
  });
}

function field(text: string): Field {
  if (text.startsWith('(')) return { kind: 'bits', bits: bitsOf(text.slice(1, -1)) };
  const [, name, sign, rest] = /^(.+?)([:=@#])(.+)$/.exec(text)!;
  if (sign === '#') return { kind: 'code', name: name!, size: Number(rest) };
  if (sign === ':') {
    const size = Number(rest!.replace(/^\D/, ''));
    if (rest!.startsWith('f')) return { kind: 'float', name: name!, size: size === 4 ? 4 : 8 };
    return { kind: 'number', name: name!, size, isSigned: rest!.startsWith('i') };
  }
  const kind = sign === '=' ? 'text' : 'data';
  if (!rest!.startsWith('*')) return { kind, name: name!, length: rest!, limit: Number.POSITIVE_INFINITY };
  return { kind, name: name!, length: null, limit: rest === '*' ? Number.POSITIVE_INFINITY : Number(rest!.slice(1)) };
}

const sizeOf = (one: Field): number => {
  if (one.kind === 'bits') return 1;
  return 'size' in one ? one.size : Number.NaN;
};

function layout(text: string): Layout {
  const parts = text.match(/\([^)]*\)|\S+/g)!;
  const [first] = parts;
  const fields = parts.filter((part) => !/^(?:packed2?|sized2?)$/.test(part));
  if (first === 'packed' || first === 'packed2') {
    const packedBits = first === 'packed' ? 1 : 2;
    const bits = [{ name: fields[0]!, shift: 0, mask: (1 << packedBits) - 1 }];
    return { packedBits, fields: [{ kind: 'bits', bits }], size: null, prefixes: null };
  }
  const read = fields.map(field);
  const size = read.reduce((sum, one) => sum + sizeOf(one), 0);
  const prefixes = first === 'sized' ? ANY_SIZE : first === 'sized2' ? WORD_SIZE : null;
  return { packedBits: 0, fields: read, size: Number.isNaN(size) ? null : size, prefixes };
}

const key = (group: number, variation: number): number => (group << 8) | variation;
const LAYOUTS: ReadonlyMap<number, Layout> = new Map(
  Object.entries(OBJECTS).flatMap(([group, rows]) =>
    rows.flatMap((text, at) => (text === '' ? [] : [[key(Number(group), at + 1), layout(text)] as const])),
  ),
);

/** undefined: nobody knows such an object, and where the next one begins. */
export const layoutOf = (group: number, variation: number): Layout | undefined => LAYOUTS.get(key(group, variation));
