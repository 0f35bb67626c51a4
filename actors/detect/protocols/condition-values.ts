/** Tests out of the values of conditions, as the keyword table has read them. */
import { type NumberTest, passes } from '../rules/numbers.ts';
import type { ConditionValue } from '../rules/rule.ts';

/** The value of a keyword whose row reads a number. */
export function numberOf(value: ConditionValue): (number: number) => boolean {
  if (value.type !== 'number') throw new TypeError(`a number was expected, not ${value.type}`);
  const { test } = value;
  return (number) => passes(test, number);
}

export function wordsOf(value: ConditionValue): readonly string[] {
  if (value.type !== 'words') throw new TypeError(`words were expected, not ${value.type}`);
  return value.words;
}

export function fieldsOf(value: ConditionValue): Readonly<Record<string, string | number>> {
  if (value.type !== 'fields') throw new TypeError(`fields were expected, not ${value.type}`);
  return value.fields;
}

/** Reads what printTest wrote. */
export function parsedTest(text: string): NumberTest {
  const range = /^(-?\d+)<>(-?\d+)$/.exec(text);
  if (range !== null) return { is: 'between', value: Number(range[1]), high: Number(range[2]) };
  const [, sign, value] = /^(<=|>=|<|>|!|)(-?\d+)$/.exec(text)!;
  const is = { '<': 'less', '<=': 'atMost', '>': 'more', '>=': 'atLeast', '!': 'unequal', '': 'equal' } as const;
  return { is: is[sign as keyof typeof is], value: Number(value), high: null };
}
