/** Sets of bytes that expressions name: \d and its like, POSIX classes, all of them in the C locale. */
import type { ByteSet } from './nodes.ts';

export const noBytes = (): ByteSet => new Uint8Array(256);

export function setOf(has: (byte: number) => boolean): ByteSet {
  const set = noBytes();
  for (let byte = 0; byte < 256; byte += 1) if (has(byte)) set[byte] = 1;
  return set;
}

export function inverted(set: ByteSet): ByteSet {
  const other = noBytes();
  for (let byte = 0; byte < 256; byte += 1) other[byte] = 1 - set[byte]!;
  return other;
}

export function union(a: ByteSet, b: ByteSet): ByteSet {
  const both = noBytes();
  for (let byte = 0; byte < 256; byte += 1) both[byte] = a[byte]! | b[byte]!;
  return both;
}

export function areApart(a: ByteSet, b: ByteSet): boolean {
  for (let byte = 0; byte < 256; byte += 1) if ((a[byte]! & b[byte]!) === 1) return false;
  return true;
}

export function isFull(set: ByteSet): boolean {
  for (let byte = 0; byte < 256; byte += 1) if (set[byte] === 0) return false;
  return true;
}

const singles = new Map<number, ByteSet>();

/** Of one byte, a letter in both cases if it is folded; shared by all who ask. */
export function singleByte(byte: number, isFolded: boolean): ByteSet {
  const key = isFolded ? byte + 256 : byte;
  const known = singles.get(key);
  if (known !== undefined) return known;
  const set = noBytes();
  set[byte] = 1;
  if (isFolded) addFolded(set);
  singles.set(key, set);
  return set;
}

const within = (byte: number, low: number, high: number): boolean => byte >= low && byte <= high;
const isDigit = (byte: number): boolean => within(byte, 0x30, 0x39);
const isUpper = (byte: number): boolean => within(byte, 0x41, 0x5a);
const isLower = (byte: number): boolean => within(byte, 0x61, 0x7a);
const isAlpha = (byte: number): boolean => isUpper(byte) || isLower(byte);
const isAlnum = (byte: number): boolean => isAlpha(byte) || isDigit(byte);
const isSpace = (byte: number): boolean => byte === 0x20 || within(byte, 9, 13);
const isHorizontal = (byte: number): boolean => byte === 9 || byte === 0x20 || byte === 0xa0;
const isVertical = (byte: number): boolean => within(byte, 10, 13) || byte === 0x85;
export const isWord = (byte: number): boolean => isAlnum(byte) || byte === 0x5f;

export const ALL: ByteSet = setOf(() => true);
export const NOT_NEWLINE: ByteSet = setOf((byte) => byte !== 10);
export const VERTICAL: ByteSet = setOf(isVertical);

/** By the letter of the escape. */
export const TYPES: Readonly<Record<string, ByteSet>> = {
  d: setOf(isDigit),
  D: setOf((byte) => !isDigit(byte)),
  w: setOf(isWord),
  W: setOf((byte) => !isWord(byte)),
  s: setOf(isSpace),
  S: setOf((byte) => !isSpace(byte)),
  h: setOf(isHorizontal),
  H: setOf((byte) => !isHorizontal(byte)),
  v: VERTICAL,
  V: setOf((byte) => !isVertical(byte)),
};

export const POSIX: Readonly<Record<string, ByteSet>> = {
  alpha: setOf(isAlpha),
  lower: setOf(isLower),
  upper: setOf(isUpper),
  alnum: setOf(isAlnum),
  ascii: setOf((byte) => byte < 128),
  blank: setOf((byte) => byte === 9 || byte === 0x20),
  cntrl: setOf((byte) => byte < 32 || byte === 127),
  digit: setOf(isDigit),
  graph: setOf((byte) => within(byte, 33, 126)),
  print: setOf((byte) => within(byte, 32, 126)),
  punct: setOf((byte) => within(byte, 33, 126) && !isAlnum(byte)),
  space: setOf(isSpace),
  word: setOf(isWord),
  xdigit: setOf((byte) => isDigit(byte) || within(byte | 0x20, 0x61, 0x66)),
};

/** Letters in both cases. */
export function addFolded(set: ByteSet): void {
  for (let upper = 0x41; upper <= 0x5a; upper += 1) {
    const has = set[upper]! | set[upper + 0x20]!;
    set[upper] = has;
    set[upper + 0x20] = has;
  }
}
