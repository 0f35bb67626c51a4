/** Keywords about the files that a transaction carries. */
import { boundedTest, printTest } from '../numbers.ts';
import { wrong } from '../rule-mistake.ts';
import { contentBytes } from './content-bytes.ts';
import { fields } from './readers.ts';
import type { KeywordRow } from './row.ts';

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** A text, `!` before it. */
const text = (name: string): KeywordRow => ({
  name,
  subject: 'file',
  value: 'needed',
  quotes: 'optional',
  negation: true,
  read: (draft, { text, isNegated }) => {
    const bytes = contentBytes(name, text);
    if (bytes.length === 0) wrong(name, 'it is empty');
    draft.condition({
      keyword: name,
      value: fields({ text: latin1(bytes).toLowerCase(), isNegated: isNegated ? 1 : 0 }),
    });
  },
});

export const FILES: readonly KeywordRow[] = [
  text('filename'),
  text('fileext'),
  {
    name: 'filesize',
    subject: 'file',
    value: 'needed',
    read: (draft, { text }) => {
      const test = boundedTest('filesize', text, Number.MAX_SAFE_INTEGER);
      draft.condition({ keyword: 'filesize', value: fields({ test: printTest(test) }) });
    },
  },
];
