/** Numbers in values, with the bounds that their keywords set, and comparisons of them. */
import { shown, wrong } from './rule-mistake.ts';

export interface NumberTest {
  /** between: both ends are excluded; outside: they belong to it. masked: of the bits of `high` exactly those of `value`. */
  readonly is:
    | 'equal'
    | 'unequal'
    | 'less'
    | 'atMost'
    | 'more'
    | 'atLeast'
    | 'between'
    | 'outside'
    | 'masked'
    | 'unmasked';
  readonly value: number;
  /** The upper end of a range, or a mask. */
  readonly high: number | null;
}

export function whole(keyword: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) || (min < 0 && /^[-+]\d{1,15}$/.test(text)) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) wrong(keyword, `"${shown(text)}" is not a number from ${min} to ${max}`);
  return value;
}

/** Decimal, or hexadecimal with 0x. */
export function wholeOrHex(keyword: string, text: string, max: number): number {
  if (!/^0[xX][0-9a-fA-F]{1,8}$/.test(text)) return whole(keyword, text, 0, max);
  const value = Number(text);
  if (value > max) wrong(keyword, `${text} is above ${max}`);
  return value;
}

const LEADING = /^\s*([-+]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9]\d*))/;

/** As C reads a number: hexadecimal behind 0x, octal behind 0, and what follows it is passed over; null: there is none. */
export function leadingNumber(text: string): bigint | null {
  const found = LEADING.exec(text);
  if (found === null) return null;
  const [, sign, hex, octal, decimal] = found;
  const value =
    hex !== undefined ? BigInt(`0x${hex}`) : decimal !== undefined ? BigInt(decimal) : BigInt(`0o0${octal}`);
  return sign === '-' ? -value : value;
}

const NAMES = {
  '': 'equal',
  '=': 'equal',
  '!': 'unequal',
  '!=': 'unequal',
  '<': 'less',
  '<=': 'atMost',
  '>': 'more',
  '>=': 'atLeast',
} as const;

const UNIT_BITS: Readonly<Record<string, number>> = { k: 10, m: 20, g: 30 };
const NUMBER = String.raw`0x[0-9a-f]{1,14}|\d{1,16}(?:[kmg]i?b)?`;
const RANGE = new RegExp(`^(!?)(${NUMBER}) *(?:<>|-) *(${NUMBER})$`, 'i');
const MASK = new RegExp(`^& *(${NUMBER}) *(!?)= *(${NUMBER})$`, 'i');
const ONE = new RegExp(`^(<=|>=|!=|[<>!=]?) *(${NUMBER})$`, 'i');

/** Decimal with or without a unit (kb, MiB), or hexadecimal with 0x. */
function number(keyword: string, text: string, max: number): number {
  const [, digits, unit] = /^(\d+)([kmg])?/i.exec(text) ?? [];
  const isHex = /^0x/i.test(text);
  const value = isHex ? Number(text) : Number(digits) * 2 ** (UNIT_BITS[unit?.toLowerCase() ?? ''] ?? 0);
  if (!(value <= max)) wrong(keyword, `${shown(text)} is above ${max}`);
  return value;
}

/** `N`, `<N`, `>N`, `N<>M`: what keywords take that know no other form. */
export function plainTest(keyword: string, text: string, max: number): NumberTest {
  const range = /^(\d+)\s*<>\s*(\d+)$/.exec(text);
  if (range !== null) {
    const value = whole(keyword, range[1]!, 0, max);
    const high = whole(keyword, range[2]!, 0, max);
    if (high <= value) wrong(keyword, `the range ${shown(text)} is empty`);
    return { is: 'between', value, high };
  }
  const [, sign = '', digits] = /^([<>]?)\s*(\d+)$/.exec(text) ?? [];
  if (digits === undefined) return wrong(keyword, `"${shown(text)}" is no comparison with a number`);
  return { is: NAMES[sign as keyof typeof NAMES], value: whole(keyword, digits, 0, max), high: null };
}

/** `N`, with `=`, `!`, `!=`, `<`, `<=`, `>`, `>=` before it, `N-M` or `N<>M` or `!N-M`, `&MASK=N`, `&MASK!=N`. */
export function numberTest(keyword: string, given: string, max: number): NumberTest {
  const text = given.replace(/^ +| +$/g, '');
  const range = RANGE.exec(text);
  if (range !== null) {
    const value = number(keyword, range[2]!, max);
    const high = number(keyword, range[3]!, max);
    if (high - value < 2) wrong(keyword, `the range ${shown(text)} is empty`);
    return { is: range[1] === '' ? 'between' : 'outside', value, high };
  }
  const mask = MASK.exec(text);
  if (mask !== null) {
    const high = number(keyword, mask[1]!, max);
    const value = number(keyword, mask[3]!, max);
    if (bitsOf(value, high) !== value) wrong(keyword, `${shown(text)} can never be true`);
    return { is: mask[2] === '' ? 'masked' : 'unmasked', value, high };
  }
  const one = ONE.exec(text);
  if (one === null) return wrong(keyword, `"${shown(text)}" is no comparison with a number`);
  return { is: NAMES[one[1] as keyof typeof NAMES], value: number(keyword, one[2]!, max), high: null };
}

/** The same, where a comparison that is never true, or always, is refused. */
export function boundedTest(keyword: string, text: string, max: number): NumberTest {
  const test = numberTest(keyword, text, max);
  const { is, value } = test;
  if ((is === 'more' && value === max) || (is === 'less' && value === 0))
    wrong(keyword, `${shown(text)} can never be true`);
  if ((is === 'atMost' && value === max) || (is === 'atLeast' && value === 0))
    wrong(keyword, `${shown(text)} is always true`);
  return test;
}

const BITS_MAX = 0x7fff_ffff;
const bitsOf = (value: number, mask: number): number =>
  value <= BITS_MAX && mask <= BITS_MAX ? value & mask : Number(BigInt(value) & BigInt(mask));

export function passes(test: NumberTest, value: number): boolean {
  switch (test.is) {
    case 'equal':
      return value === test.value;
    case 'unequal':
      return value !== test.value;
    case 'less':
      return value < test.value;
    case 'atMost':
      return value <= test.value;
    case 'more':
      return value > test.value;
    case 'atLeast':
      return value >= test.value;
    case 'between':
      return value > test.value && value < test.high!;
    case 'outside':
      return value <= test.value || value >= test.high!;
    case 'masked':
      return bitsOf(value, test.high!) === test.value;
    case 'unmasked':
      return bitsOf(value, test.high!) !== test.value;
  }
}

/** As numberTest reads it. */
export function printTest({ is, value, high }: NumberTest): string {
  switch (is) {
    case 'between':
      return `${value}<>${high}`;
    case 'outside':
      return `!${value}<>${high}`;
    case 'masked':
      return `&${high}=${value}`;
    case 'unmasked':
      return `&${high}!=${value}`;
    default:
      return `${{ equal: '', unequal: '!', less: '<', atMost: '<=', more: '>', atLeast: '>=' }[is]}${value}`;
  }
}

/** What printTest wrote, where the keyword's own bounds were checked before. */
export const printedTest = (text: string): NumberTest => numberTest('number', text, Number.MAX_SAFE_INTEGER);
