/** What stands behind a backslash: a byte, a set of bytes, an assertion, or a reference to a group. */
import { ALL, NOT_NEWLINE, TYPES } from './byte-sets.ts';
import type { Assertion, ByteSet } from './nodes.ts';
import { mistake, type PatternReader, refuse } from './pattern-reader.ts';
import { readProperty } from './properties.ts';

export type Escape =
  | { readonly is: 'byte'; readonly byte: number }
  | { readonly is: 'set'; readonly set: ByteSet }
  | { readonly is: 'property'; readonly set: ByteSet; readonly isNegated: boolean }
  | { readonly is: 'assert'; readonly what: Assertion }
  | { readonly is: 'back'; readonly to: number | string }
  | { readonly is: 'newline' }
  | { readonly is: 'keep' };

const BYTES: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };
const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'subjectStart',
  z: 'subjectEnd',
  Z: 'endOrLastNewline',
  b: 'wordBoundary',
  B: 'notWordBoundary',
  G: 'searchStart',
};

/** The reader stands behind the backslash. `groups`: how many groups were opened before. */
export function readEscape(reader: PatternReader, isClass: boolean, groups: number): Escape {
  const char = reader.next();
  if (!/[A-Za-z0-9]/.test(char)) return { is: 'byte', byte: char.charCodeAt(0) };
  if (BYTES[char] !== undefined) return { is: 'byte', byte: BYTES[char] };
  if (TYPES[char] !== undefined) return { is: 'set', set: TYPES[char] };
  if (/\d/.test(char)) return digits(reader, char, isClass, groups);
  if (char === 'x') return { is: 'byte', byte: hexadecimal(reader) };
  if (char === 'o') {
    const found = reader.match(/\{([0-7]+)\}/y) ?? mistake('\\o without a number');
    return { is: 'byte', byte: byteOf(Number.parseInt(found[1]!, 8)) };
  }
  if (char === 'c') {
    const letter = reader.next().toUpperCase().charCodeAt(0);
    if (letter < 0x20 || letter > 0x7e) mistake('\\c needs a printable character');
    return { is: 'byte', byte: letter ^ 0x40 };
  }
  if (char === 'p' || char === 'P') return { is: 'property', ...readProperty(reader, char === 'P') };
  if (isClass) {
    if (char === 'b') return { is: 'byte', byte: 8 };
    if (char === 'X') return refuse('the escape \\X');
    return mistake(`the escape \\${char} in a class`);
  }
  if (ASSERTIONS[char] !== undefined) return { is: 'assert', what: ASSERTIONS[char] };
  if (char === 'N') return reader.peek() === '{' ? refuse('the escape \\N{') : { is: 'set', set: NOT_NEWLINE };
  if (char === 'C') return { is: 'set', set: ALL };
  if (char === 'R') return { is: 'newline' };
  if (char === 'K') return { is: 'keep' };
  if (char === 'g') {
    const found = reader.match(/([+-]?\d+)|\{(?:([+-]?\d+)|([A-Za-z_]\w{0,31}))\}/y) ?? refuse('the escape \\g');
    if (found[3] !== undefined) return { is: 'back', to: found[3] };
    const number = found[1] ?? found[2]!;
    if (number.startsWith('+')) return refuse('a reference forward');
    const to = number.startsWith('-') ? groups + 1 + Number(number) : Number(number);
    return to < 1 ? mistake('a reference to a group that does not exist') : { is: 'back', to };
  }
  if (char === 'k') {
    const found =
      reader.match(/<([A-Za-z_]\w{0,31})>|'([A-Za-z_]\w{0,31})'|\{([A-Za-z_]\w{0,31})\}/y) ??
      mistake('\\k without a name');
    return { is: 'back', to: found[1] ?? found[2] ?? found[3]! };
  }
  return 'XE'.includes(char) ? refuse(`the escape \\${char}`) : mistake(`the escape \\${char} does not exist`);
}

function hexadecimal(reader: PatternReader): number {
  const braced = reader.match(/\{([0-9a-fA-F]+)\}/y);
  if (braced !== null) return byteOf(Number.parseInt(braced[1]!, 16));
  const plain = reader.match(/[0-9a-fA-F]{0,2}/y)![0];
  return plain === '' ? 0 : Number.parseInt(plain, 16);
}

/** A group where there are as many or it has one digit; a byte in octal otherwise. */
function digits(reader: PatternReader, first: string, isClass: boolean, groups: number): Escape {
  reader.at -= 1;
  if (!isClass && first !== '0') {
    const start = reader.at;
    const number = Number(reader.match(/\d+/y)![0]);
    if (number < 10 || first >= '8' || number <= groups) return { is: 'back', to: number };
    reader.at = start;
  }
  if (first >= '8') return mistake(`the escape \\${first} in a class`);
  const found = reader.match(/[0-7]{1,3}/y)!;
  return { is: 'byte', byte: byteOf(Number.parseInt(found[0], 8)) };
}

const byteOf = (value: number): number => (value <= 255 ? value : mistake(`the character ${value} is no byte`));
