/** isdataat, bsize and the four that read a number: byte_test, byte_jump, byte_extract, byte_math. */
import type { Draft } from '../draft.ts';
import { boundedTest, leadingNumber, whole } from '../numbers.ts';
import type { Amount, ByteComparison, NumberForm } from '../rule.ts';
import { shown, wrong } from '../rule-mistake.ts';
import { amount } from './content.ts';
import { readForm } from './number-form.ts';
import type { KeywordRow } from './row.ts';

const OFFSET_MAX = 65_535;
const VALUE_MAX = Number.MAX_SAFE_INTEGER;
const LONG_MAX = 0xffff_ffff_ffff_ffffn;

export const BYTES: readonly KeywordRow[] = [
  {
    name: 'isdataat',
    subject: 'payload',
    value: 'needed',
    read: (draft, { text }) => {
      const match = /^(!?)\s*([^\s,]+)\s*(?:,\s*(relative)\s*(?:,\s*(rawbytes)\s*)?)?$/.exec(text);
      if (match === null) return wrong('isdataat', `"${shown(text)}" is no place`);
      if (/^0x/i.test(match[2]!)) wrong('isdataat', 'it takes no hexadecimal number');
      const at = amount(draft, 'isdataat', match[2]!, 0, OFFSET_MAX);
      const isRelative = match[3] !== undefined;
      draft.add({ kind: 'isdataat', at, isNegated: match[1] === '!', isRelative, rawBytes: match[4] !== undefined });
    },
  },
  {
    name: 'bsize',
    subject: 'payload',
    value: 'needed',
    read: (draft, { text }) => {
      if (draft.buffer === 'payload') wrong('bsize', 'it needs a sticky buffer');
      draft.add({ kind: 'bsize', size: boundedTest('bsize', text, VALUE_MAX) });
    },
  },
  { name: 'byte_test', subject: 'payload', value: 'needed', read: (draft, { text }) => byteTest(draft, text) },
  { name: 'byte_jump', subject: 'payload', value: 'needed', read: (draft, { text }) => byteJump(draft, text) },
  { name: 'byte_extract', subject: 'payload', value: 'needed', read: (draft, { text }) => byteExtract(draft, text) },
  { name: 'byte_math', subject: 'payload', value: 'needed', read: (draft, { text }) => byteMath(draft, text) },
];

const parts = (text: string): string[] => text.split(',').map((part) => part.trim());

const isComparison = (text: string): text is ByteComparison => ['<', '>', '=', '<=', '>=', '&', '^'].includes(text);

function byteTest(draft: Draft, text: string): void {
  const [bytes, operator, value, offset, ...options] = parts(text);
  if (offset === undefined) wrong('byte_test', 'it needs bytes, an operator, a value and an offset');
  const isNegated = operator!.startsWith('!');
  const comparison = isNegated ? operator!.slice(1).trim() || '=' : operator!;
  if (!isComparison(comparison)) wrong('byte_test', `the operator "${shown(operator!)}" does not exist`);
  const form = readForm(draft, 'byte_test', { bytes: bytes!, offset }, options, () => false);
  const compared = longAmount(draft, 'byte_test', value!);
  draft.add({ kind: 'byte_test', ...form, operator: comparison, isNegated, value: compared });
}

/** A value to compare with, of 64 bits: one below zero is counted back from their end. */
function longAmount(draft: Draft, keyword: string, text: string): Amount | bigint {
  if (/^[a-zA-Z]/.test(text)) return amount(draft, keyword, text, 0, VALUE_MAX);
  const value = leadingNumber(text);
  if (value === null || value > LONG_MAX || value < -LONG_MAX)
    return wrong(keyword, `"${shown(text)}" is not a number of 64 bits`);
  const unsigned = BigInt.asUintN(64, value);
  return unsigned <= BigInt(VALUE_MAX) ? Number(unsigned) : unsigned;
}

function byteJump(draft: Draft, text: string): void {
  const [bytes, offset, ...options] = parts(text);
  if (offset === undefined) wrong('byte_jump', 'it needs bytes and an offset');
  let multiplier = 1;
  let isAligned = false;
  let from: 'here' | 'beginning' | 'end' = 'here';
  let postOffset = 0;
  const form = readForm(draft, 'byte_jump', { bytes: bytes!, offset }, options, (option) => {
    const [name, value] = option.split(/\s+/);
    if (name === 'align' && value === undefined) isAligned = true;
    else if ((name === 'from_beginning' || name === 'from_end') && value === undefined) {
      if (from !== 'here') wrong('byte_jump', 'from_beginning and from_end exclude each other');
      from = name === 'from_end' ? 'end' : 'beginning';
    } else if (name === 'multiplier' && value !== undefined) multiplier = whole('byte_jump', value, 1, OFFSET_MAX);
    else if (name === 'post_offset' && value !== undefined)
      postOffset = whole('byte_jump', value, -OFFSET_MAX, OFFSET_MAX);
    else return false;
    return true;
  });
  draft.add({ kind: 'byte_jump', ...form, multiplier, isAligned, from, postOffset });
}

function byteExtract(draft: Draft, text: string): void {
  const [bytes, offset, name, ...options] = parts(text);
  if (name === undefined) wrong('byte_extract', 'it needs bytes, an offset and a name');
  if (offset!.startsWith('+')) wrong('byte_extract', 'its offset takes no plus');
  let multiplier = 1;
  let align: 0 | 2 | 4 = 0;
  const form = readForm(draft, 'byte_extract', { bytes: bytes!, offset: offset! }, options, (option) => {
    const [word, value] = option.split(/\s+/);
    if (word === 'align') {
      if (value !== '2' && value !== '4') return wrong('byte_extract', 'align is 2 or 4');
      align = value === '2' ? 2 : 4;
    } else if (word === 'multiplier' && value !== undefined) multiplier = whole('byte_extract', value, 1, OFFSET_MAX);
    else return false;
    return true;
  });
  if (form.bitmask !== null) wrong('byte_extract', 'it takes no bitmask');
  if (form.base !== null && options.some((option) => option === 'big' || option === 'little'))
    wrong('byte_extract', 'a string has no byte order');
  variable(draft, 'byte_extract', name);
  draft.add({ kind: 'byte_extract', ...form, name, multiplier, align });
}

function variable(draft: Draft, keyword: string, name: string): void {
  if (/\s/.test(name) || name === '') wrong(keyword, `a variable cannot have the name "${shown(name)}"`);
  draft.variables.push(name);
}

const OPERATORS = { '+': '+', '-': '-', '*': '*', '/': '/', '<<': '<<', '>>': '>>' } as const;

function byteMath(draft: Draft, text: string): void {
  const fields = new Map<string, string>();
  for (const part of parts(text)) {
    const [, name, value] = /^(\S+)(?:\s+(.+))?$/.exec(part) ?? [];
    if (name === undefined || fields.has(name)) wrong('byte_math', `"${shown(part)}" is there twice, or empty`);
    fields.set(name, value ?? '');
  }
  const taken = (name: string): string => {
    const value = fields.get(name) ?? wrong('byte_math', `${name} is missing`);
    fields.delete(name);
    return value;
  };
  const [bytes, offset, oper, rvalue, name] = ['bytes', 'offset', 'oper', 'rvalue', 'result'].map(taken) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const operator =
    OPERATORS[oper as keyof typeof OPERATORS] ?? wrong('byte_math', `the operator "${shown(oper)}" does not exist`);
  const options = [...fields].flatMap(([option, value]) => {
    if (option === 'endian') return [value];
    if (option === 'string')
      return value === '' ? wrong('byte_math', 'string needs hex, dec or oct') : ['string', value];
    return [`${option} ${value}`.trim()];
  });
  const form: NumberForm = readForm(draft, 'byte_math', { bytes, offset }, options, () => false);
  if (form.bytes === 0) wrong('byte_math', 'it needs a byte at least');
  const value = amount(draft, 'byte_math', rvalue, 0, 0xffff_ffff);
  if (/^0x/i.test(rvalue)) wrong('byte_math', 'rvalue is a decimal number or a variable');
  variable(draft, 'byte_math', name);
  draft.add({ kind: 'byte_math', ...form, operator, value, name });
}
