/** What values of ASN.1 in a packet's payload are like. */
import { shown, wrong } from '../rule-mistake.ts';
import type { KeywordRow } from './row.ts';

const U16_MAX = 0xffff;
const U32_MAX = 0xffff_ffff;
/** One of them, and what parts it from the next; of those that stand without anything between them the first counts. */
const OPTION =
  /[ \t\r\n]*(bitstring_overflow)?(double_overflow)?(?:oversize_length[ \t\r\n]+(\d+))?(?:absolute_offset[ \t\r\n]+(\d+))?(?:relative_offset[ \t\r\n]+(-?\d+))?(?:[ \t\r\n]+|,)?/y;

export const ASN1: KeywordRow = {
  name: 'asn1',
  subject: 'payload',
  value: 'needed',
  read: (draft, { text }) => {
    const fields: Record<string, number> = {};
    OPTION.lastIndex = 0;
    while (OPTION.lastIndex < text.length) {
      const at = OPTION.lastIndex;
      const [, bits, double, oversize, absolute, relative] = OPTION.exec(text) ?? [];
      const within = (digits: string | undefined, max: number): boolean =>
        digits === undefined || Math.abs(Number(digits)) <= max;
      if (!within(oversize, U32_MAX) || !within(absolute, U16_MAX) || !within(relative, U16_MAX))
        wrong('asn1', `a number in "${shown(text)}" is too large`);
      if (bits !== undefined) fields.bitstringOverflow = 1;
      else if (double !== undefined) fields.doubleOverflow = 1;
      else if (oversize !== undefined) fields.oversizeLength = Number(oversize);
      else if (absolute !== undefined) fields.absoluteOffset = Number(absolute);
      else if (relative !== undefined) fields.relativeOffset = Number(relative);
      else wrong('asn1', `"${shown(text.slice(at))}" is nothing that can be asked`);
    }
    draft.condition({ keyword: 'asn1', value: { type: 'fields', fields } });
  },
};
