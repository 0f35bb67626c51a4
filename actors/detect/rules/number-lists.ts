/**
 * Tests of several numbers that one transaction or packet has: which of them must pass, and how many. Suricata 8 calls a
 * keyword with such a value a multi-integer: `TEST[,WHICH[,START:END]]` or `count TEST`.
 */
import { boundedTest, type NumberTest, passes, whole } from './numbers.ts';
import { shown, wrong } from './rule-mistake.ts';

export interface NumbersTest {
  /** Of each; null: how many there are is asked. */
  readonly test: NumberTest | null;
  /** place: one of them; times: as many as `times` says. `orNone`: or there are none, or none at that place. */
  readonly which: 'any' | 'all' | 'place' | 'times';
  readonly orNone: boolean;
  /** Negative: from the end. */
  readonly at: number;
  readonly times: NumberTest | null;
  /** The part of the list that is looked at; negative, and an end of 0: from the end. */
  readonly start: number;
  readonly end: number;
}

const U32 = 0xffff_ffff;
const PLACE_MAX = 0x7fff_ffff;
const WHOLE = { start: 0, end: 0 } as const;
const ANY = { which: 'any', orNone: false, at: 0, times: null } as const;

const WORDS: ReadonlyMap<string, Pick<NumbersTest, 'which' | 'orNone'>> = new Map([
  ['any', { which: 'any', orNone: false }],
  ['or_absent', { which: 'any', orNone: true }],
  ['all', { which: 'all', orNone: false }],
  ['all_or_absent', { which: 'all', orNone: true }],
]);

/** `read` reads the test of each number. */
export function numbersTest(keyword: string, text: string, read: (text: string) => NumberTest): NumbersTest {
  const [value, which, slice, more] = text.split(',');
  if (more !== undefined) wrong(keyword, `"${shown(text)}" has too many commas`);
  const count = /^count *(.*)$/.exec(value!.trim())?.[1];
  if (count !== undefined && which === undefined)
    return { ...ANY, ...WHOLE, test: null, which: 'times', times: boundedTest(keyword, count, U32) };
  const part = slice === undefined ? WHOLE : sliceOf(keyword, slice.trim());
  return { test: read(value!), ...(which === undefined ? ANY : whichOf(keyword, which.trim())), ...part };
}

function whichOf(keyword: string, text: string): Omit<NumbersTest, 'test' | 'start' | 'end'> {
  const word = WORDS.get(text);
  if (word !== undefined) return { ...ANY, ...word };
  const times = /^nb *(.+)$/.exec(text)?.[1];
  if (times !== undefined) return { ...ANY, which: 'times', times: boundedTest(keyword, times, U32) };
  const [, orNone, place] = /^(oob_or *)?([-+]?\d+)$/.exec(text) ?? [];
  if (place === undefined) return wrong(keyword, `"${shown(text)}" says of no number that it is meant`);
  return { ...ANY, which: 'place', orNone: orNone !== undefined, at: whole(keyword, place, -PLACE_MAX, PLACE_MAX) };
}

function sliceOf(keyword: string, text: string): Pick<NumbersTest, 'start' | 'end'> {
  const [, from, to] = /^([-+]?\d+):([-+]?\d+)$/.exec(text) ?? [];
  if (from === undefined) return wrong(keyword, `"${shown(text)}" is no part of a list`);
  const start = whole(keyword, from, -PLACE_MAX, PLACE_MAX);
  const end = whole(keyword, to!, -PLACE_MAX, PLACE_MAX);
  if (Math.sign(start) * Math.sign(end) > 0 && end <= start) wrong(keyword, `the part ${shown(text)} is empty`);
  return { start, end };
}

export function passesNumbers(asked: NumbersTest, all: readonly number[]): boolean {
  const { test, which, orNone, times } = asked;
  const numbers = partOf(asked, all);
  if (which === 'any') return numbers.some((one) => passes(test!, one)) || (orNone && numbers.length === 0);
  if (which === 'all') return numbers.every((one) => passes(test!, one)) && (orNone || numbers.length > 0);
  if (which === 'times') {
    const found = test === null ? numbers.length : numbers.filter((one) => passes(test, one)).length;
    return passes(times!, found);
  }
  const one = numbers.at(asked.at);
  return one === undefined ? orNone : passes(test!, one);
}

/** A part that goes beyond the list is empty. */
function partOf({ start, end }: NumbersTest, all: readonly number[]): readonly number[] {
  if (start === 0 && end === 0) return all;
  const from = start < 0 ? all.length + start : start;
  const to = end > 0 ? end : all.length + end;
  return from < 0 || to < 0 || to > all.length || from >= to ? [] : all.slice(from, to);
}
