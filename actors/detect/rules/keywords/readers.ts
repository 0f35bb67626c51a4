/** How keywords read numbers: what one condition has as its value. */
import { type NumberTest, numberTest, whole } from '../numbers.ts';
import type { ConditionValue } from '../rule.ts';
import { shown, wrong } from '../rule-mistake.ts';

export type Reader = (keyword: string, text: string) => ConditionValue;

export const number = (test: NumberTest): ConditionValue => ({ type: 'number', test });
export const fields = (values: Readonly<Record<string, string | number>>): ConditionValue => ({
  type: 'fields',
  fields: values,
});
export const words = (...list: readonly string[]): ConditionValue => ({ type: 'words', words: list });

/** A comparison of a number up to `max`; one that can never be true is refused. */
export const compared =
  (max: number): Reader =>
  (keyword, text) => {
    const test = numberTest(keyword, text, { isRich: true, max });
    const isNever =
      (test.is === 'more' && test.value === max) ||
      (test.is === 'less' && test.value === 0) ||
      (test.is === 'between' && test.high! - test.value < 2);
    if (isNever) wrong(keyword, `${shown(text)} can never be true`);
    return number(test);
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
/** N, <N, >N, and N<>M with -. */
export const simple =
  (max: number): Reader =>
  (keyword, text) => {
    if (/^[!=]|^[<>]=/.test(text)) return wrong(keyword, `"${shown(text)}" is no number with < or >`);
    return number(numberTest(keyword, text, { isRich: false, max }));
  };
