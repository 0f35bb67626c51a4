/** Rows of keywords whose value is a condition of the rule. */
import type { Subject } from '../subject.ts';
import type { Reader } from './readers.ts';
import type { KeywordRow } from './row.ts';

export const condition = (
  subject: Subject,
  name: string,
  read: Reader,
  rest: Partial<KeywordRow> = {},
): KeywordRow => ({
  name,
  subject,
  value: 'needed',
  ...rest,
  read: (draft, { text }) => draft.condition({ keyword: name, value: read(name, text) }),
});
