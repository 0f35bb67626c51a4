/** Tests out of the values of conditions, as the keyword table has read them. */
import { passesNumbers } from '../rules/number-lists.ts';
import { passes } from '../rules/numbers.ts';
import type { ConditionValue } from '../rules/rule.ts';

/** The value of a keyword whose row reads a number. */
export function numberOf(value: ConditionValue): (number: number) => boolean {
  if (value.type !== 'number') throw new TypeError(`a number was expected, not ${value.type}`);
  const { test } = value;
  return (number) => passes(test, number);
}

/** Of a keyword that asks several numbers of a transaction. */
export function numbersOf(value: ConditionValue): (numbers: readonly number[]) => boolean {
  if (value.type !== 'numbers') throw new TypeError(`numbers were expected, not ${value.type}`);
  const { list } = value;
  return (numbers) => passesNumbers(list, numbers);
}

export function wordsOf(value: ConditionValue): readonly string[] {
  if (value.type !== 'words') throw new TypeError(`words were expected, not ${value.type}`);
  return value.words;
}

export function fieldsOf(value: ConditionValue): Readonly<Record<string, string | number>> {
  if (value.type !== 'fields') throw new TypeError(`fields were expected, not ${value.type}`);
  return value.fields;
}
