/** dnp3_func, dnp3_ind, dnp3_obj: numbers as C's strtoull reads them, or names. */

import { leadingNumber } from '../numbers.ts';
import { shown, wrong } from '../rule-mistake.ts';
import { condition } from './condition-row.ts';
import { FUNCTION_NAMES, INDICATIONS } from './dnp3-names.ts';
import { fields, number, type Reader } from './readers.ts';
import type { KeywordRow } from './row.ts';

const DIGITS_MAX = 23;
const WORD_MAX = 2n ** 64n - 1n;
/** Hexadecimal behind 0x, octal behind 0. */
const WITH_PREFIX = /^\s*[-+]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/;
const DECIMAL = /^\s*[-+]?\d+$/;

/** null: it is none, or above `max`. One below 0 is taken from 2^64, as there. */
function wholeText(text: string, form: RegExp, max: number): number | null {
  if (text.length > DIGITS_MAX || !form.test(text)) return null;
  const value = form === DECIMAL ? BigInt(text.replace(/^\s*\+?/, '')) : leadingNumber(text)!;
  if (value > WORD_MAX || -value > WORD_MAX) return null;
  const unsigned = BigInt.asUintN(64, value);
  return unsigned > BigInt(max) ? null : Number(unsigned);
}

const named = (names: Readonly<Record<string, number>>, text: string): number | undefined => {
  const name = text.toLowerCase();
  return Object.hasOwn(names, name) ? names[name] : undefined;
};

const functionCode: Reader = (keyword, text) => {
  const value = wholeText(text, DECIMAL, 255) ?? named(FUNCTION_NAMES, text);
  return value === undefined
    ? wrong(keyword, `"${shown(text)}" is no function`)
    : number({ is: 'equal', value, high: null });
};

/** A number, or names with commas, each of which is enough. */
const indications: Reader = (keyword, text) => {
  const flags = wholeText(text, WITH_PREFIX, 0xffff);
  if (flags !== null) return fields({ flags });
  const parts = text.split(',').filter((part) => part !== '');
  return fields({
    flags: parts.reduce((sum, part) => {
      const flag = named(INDICATIONS, part.trim());
      return flag === undefined ? wrong(keyword, `"${shown(part)}" is no indication`) : sum | flag;
    }, 0),
  });
};

/** null: Suricata takes the keyword and asks for no object. */
function objectOf(text: string): { readonly group: number; readonly variation: number } | null {
  const comma = text.indexOf(',');
  if (comma === -1) return null;
  const group = wholeText(text.slice(0, comma), WITH_PREFIX, 255);
  const variation = wholeText(text.slice(comma + 1), WITH_PREFIX, 255);
  return group === null || variation === null ? null : { group, variation };
}

export const DNP3: readonly KeywordRow[] = [
  condition('dnp3', 'dnp3_func', functionCode, { aliases: ['dnp3.func'] }),
  condition('dnp3', 'dnp3_ind', indications, { aliases: ['dnp3.ind'] }),
  {
    name: 'dnp3_obj',
    aliases: ['dnp3.obj'],
    subject: 'dnp3',
    value: 'needed',
    read: (draft, { text }) => {
      const object = objectOf(text);
      if (object !== null) draft.condition({ keyword: 'dnp3_obj', value: fields({ ...object }) });
    },
  },
];
