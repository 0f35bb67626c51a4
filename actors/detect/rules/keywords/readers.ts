/** How keywords read numbers: what one condition has as its value. */
import { numbersTest } from '../number-lists.ts';
import { boundedTest, type NumberTest, plainTest, whole } from '../numbers.ts';
import type { ConditionValue } from '../rule.ts';
import { shown, wrong } from '../rule-mistake.ts';

export type Reader = (keyword: string, text: string) => ConditionValue;

export const number = (test: NumberTest): ConditionValue => ({ type: 'number', test });
export const fields = (values: Readonly<Record<string, string | number>>): ConditionValue => ({
  type: 'fields',
  fields: values,
});
export const words = (...list: readonly string[]): ConditionValue => ({ type: 'words', words: list });

/** A comparison of a number up to `max`; one that can never be true, or always is, is refused. */
export const compared =
  (max: number): Reader =>
  (keyword, text) =>
    number(boundedTest(keyword, text, max));
/** A comparison, or the name of a number, with `!` before it for any other. */
export const named = (numbers: Readonly<Record<string, number>>, max: number): Reader => {
  const test = namedTest(numbers, max);
  return (keyword, text) => number(test(keyword, text));
};
/** Of several numbers, with or without names. */
export const several = (numbers: Readonly<Record<string, number>>, max: number): Reader => {
  const test = namedTest(numbers, max);
  return (keyword, text) => ({ type: 'numbers', list: numbersTest(keyword, text, (one) => test(keyword, one)) });
};

function namedTest(
  numbers: Readonly<Record<string, number>>,
  max: number,
): (keyword: string, text: string) => NumberTest {
  const byName = new Map(Object.entries(numbers).map(([name, value]) => [name.toLowerCase(), value]));
  return (keyword, text) => {
    const [, not, name] = /^ *(!?) *([\w ]+?) *$/.exec(text) ?? [];
    const value = byName.get(name?.toLowerCase() ?? '');
    return boundedTest(keyword, value === undefined ? text : `${not}${value}`, max);
  };
}

/**
 * Names of bits with commas, `!` before those that must not be set; before them `+` (these and perhaps others, as without
 * it), `*` (any of them), `-` (not as they say), `=` (these alone). Or a comparison of the number that the bits make.
 */
export const bitNames = (bits: Readonly<Record<string, number>>, max: number): Reader => {
  const byName = new Map(Object.entries(bits).map(([name, bit]) => [name.toLowerCase(), bit]));
  return (keyword, text) => {
    if (/^ *(?:[<>=!&]+ *)?\d/.test(text)) return number(boundedTest(keyword, text, max));
    const [, how, names] = /^([-+*=]?)\s*(.*)$/s.exec(text)!;
    let mask = 0;
    let wanted = 0;
    for (const part of names!.split(/[ ,]+/)) {
      const isNegated = part.startsWith('!');
      const bit = byName.get((isNegated ? part.slice(1) : part).toLowerCase());
      if (bit === undefined) return wrong(keyword, `"${shown(part)}" is not known`);
      if ((mask & bit) !== 0) wrong(keyword, `"${shown(part)}" is there twice`);
      mask |= bit;
      if (!isNegated) wanted |= bit;
    }
    if (how === '=') return number({ is: 'equal', value: mask, high: null });
    if (how === '*') return number({ is: 'unmasked', value: 0, high: mask });
    return number({ is: how === '-' ? 'unmasked' : 'masked', value: wanted, high: mask });
  };
};

export const equals =
  (max: number): Reader =>
  (keyword, text) =>
    number({ is: 'equal', value: whole(keyword, text, 0, max), high: null });
/** One number, or anything but it. */
export const equalsOrNot =
  (max: number): Reader =>
  (keyword, text) => {
    const isNegated = text.startsWith('!');
    const value = whole(keyword, isNegated ? text.slice(1).trim() : text, 0, max);
    return number({ is: isNegated ? 'unequal' : 'equal', value, high: null });
  };
/** N, <N, >N, and N<>M. */
export const simple =
  (max: number): Reader =>
  (keyword, text) =>
    number(plainTest(keyword, text, max));
