/** What the rule reader put into a condition, by its form. Another form than the keyword's is a fault of the reader. */
import type { NumberTest } from '../rules/numbers.ts';
import type { Condition } from '../rules/rule.ts';

export function testOf({ keyword, value }: Condition): NumberTest {
  if (value.type === 'number') return value.test;
  throw new TypeError(`${keyword} has no number`);
}

export function wordsOf({ keyword, value }: Condition): readonly string[] {
  if (value.type === 'words') return value.words;
  throw new TypeError(`${keyword} has no words`);
}

export function fieldsOf({ keyword, value }: Condition): Readonly<Record<string, string | number>> {
  if (value.type === 'fields') return value.fields;
  throw new TypeError(`${keyword} has no fields`);
}
