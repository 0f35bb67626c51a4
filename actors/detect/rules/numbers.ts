/** Numbers in values, with the bounds that their keywords set, and comparisons of them. */
import { shown, wrong } from './rule-mistake.ts';

export interface NumberTest {
  /** between: both ends are excluded. */
  readonly is: 'equal' | 'unequal' | 'less' | 'atMost' | 'more' | 'atLeast' | 'between';
  readonly value: number;
  /** The upper end; of `between` alone. */
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

interface TestForms {
  /** <=, >=, ! */
  readonly isRich: boolean;
  readonly min?: number;
  readonly max: number;
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

/** `N`, `<N`, `>N`, `N<>M`; where rich `<=N`, `>=N`, `!N`, `!=N`, `=N`, and `N-M` for `N<>M`. */
export function numberTest(keyword: string, text: string, { isRich, min = 0, max }: TestForms): NumberTest {
  const range = /^(-?\d+)\s*(<>|-)\s*(-?\d+)$/.exec(text);
  if (range !== null && (isRich || range[2] === '<>')) {
    const value = whole(keyword, range[1]!, min, max);
    const high = whole(keyword, range[3]!, min, max);
    if (high <= value) wrong(keyword, `the range ${shown(text)} is empty`);
    return { is: 'between', value, high };
  }
  const one = /^(<=|>=|!=|[<>!=]?)\s*(-?\d+)$/.exec(text);
  const sign = (one?.[1] ?? '') as keyof typeof NAMES;
  if (one === null || (!isRich && !['', '<', '>'].includes(sign)))
    return wrong(keyword, `"${shown(text)}" is no comparison with a number`);
  return { is: NAMES[sign], value: whole(keyword, one[2]!, min, max), high: null };
}

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
  }
}

export function printTest({ is, value, high }: NumberTest): string {
  if (is === 'between') return `${value}<>${high}`;
  const sign = { equal: '', unequal: '!', less: '<', atMost: '<=', more: '>', atLeast: '>=' }[is];
  return `${sign}${value}`;
}
