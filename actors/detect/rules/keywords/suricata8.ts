/** Keywords about a buffer that Suricata 8 has: absent, entropy, from_base64, gunzip, zlib_deflate, subslice. */
import type { Draft } from '../draft.ts';
import { numberTest, whole } from '../numbers.ts';
import type { EntropyTerm } from '../rule.ts';
import { shown, unsupported, wrong } from '../rule-mistake.ts';
import type { KeywordRow } from './row.ts';

const BYTES_MAX = 65_535;
const number = String.raw`\d+(?:\.\d+)?`;
const COMPARED = new RegExp(`^(<=|>=|!=|[<>=!])?\\s*(${number})$`);
const RANGE = new RegExp(`^(${number})\\s*(?:-|<>)\\s*(${number})$`);

/** `name value` with commas. */
function pairs(keyword: string, text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of text.split(',').map((one) => one.trim())) {
    const [, name, value] = /^(\w+)\s+(.+)$/.exec(part) ?? [];
    if (name === undefined || found.has(name)) return wrong(keyword, `"${shown(part)}" does not belong here`);
    found.set(name, value!.trim());
  }
  return found;
}

function entropy(draft: Draft, text: string): void {
  const found = pairs('entropy', text);
  const place = (name: string): number => whole('entropy', found.get(name) ?? '0', 0, BYTES_MAX);
  const value = found.get('value') ?? wrong('entropy', 'value is missing');
  for (const name of found.keys())
    if (!['bytes', 'offset', 'value'].includes(name)) wrong('entropy', `"${shown(name)}" does not belong here`);
  const range = RANGE.exec(value);
  const one = COMPARED.exec(value);
  if (range === null && one === null) wrong('entropy', `"${shown(value)}" is no comparison with a number`);
  const sign = one?.[1] ?? '=';
  draft.add({
    kind: 'entropy',
    bytes: place('bytes'),
    offset: place('offset'),
    is: range !== null ? '<>' : ((sign === '!' ? '!=' : sign) as EntropyTerm['is']),
    value: Number(range?.[1] ?? one![2]),
    high: Number(range?.[2] ?? 0),
  });
}

/** Of what comes out of compressed data so much is looked at, where the rule says nothing else. */
const UNPACKED_BYTES = 1024;
const UNPACKED_BYTES_MAX = 1 << 24;

const unpacking = (name: string): KeywordRow => ({
  name,
  since: 8,
  subject: 'payload',
  value: 'optional',
  read: (draft, { text }) => {
    const [, size] = /^max-size[ =]\s*(\S+)$/.exec(text) ?? [];
    if (text !== '' && size === undefined) wrong(name, `"${shown(text)}" is not max-size and a number`);
    const most = size === undefined ? UNPACKED_BYTES : plainSize(name, size);
    draft.transform({ name, value: String(most) });
  },
});

/** With a unit or without. */
function plainSize(keyword: string, text: string): number {
  const { is, value } = numberTest(keyword, text, 0xffff_ffff);
  if (is !== 'equal' || value === 0) wrong(keyword, `"${shown(text)}" is no size`);
  return value <= UNPACKED_BYTES_MAX ? value : unsupported(keyword, `more than ${UNPACKED_BYTES_MAX} bytes`);
}

/** `offset[, bytes][, truncate]`. */
function subslice(draft: Draft, text: string): void {
  const [, offset, bytes = '0', cut] =
    /^([-+]?\d{1,9})\s*(?:,\s*([-+]?\d{1,9})\s*)?(?:,\s*(truncate)\s*)?$/i.exec(text.trim()) ?? [];
  if (offset === undefined || (Number(bytes) === 0 && /,\s*[-+]?\d/.test(text)))
    wrong('subslice', `"${shown(text)}" is not an offset, a number of bytes and perhaps truncate`);
  const value = `${Number(offset)} ${Number(bytes)} ${cut === undefined ? 0 : 1}`;
  draft.transform({ name: 'subslice', value });
}

const MODES = ['rfc4648', 'rfc2045', 'strict'];

export const SURICATA_8: readonly KeywordRow[] = [
  {
    name: 'absent',
    since: 8,
    subject: 'payload',
    value: 'optional',
    read: (draft, { text }) => {
      if (text !== '' && text !== 'or_else') wrong('absent', `"${shown(text)}" is not or_else`);
      draft.absent(text === '' ? 'only' : 'orElse');
    },
  },
  { name: 'entropy', since: 8, subject: 'payload', value: 'needed', read: (draft, { text }) => entropy(draft, text) },
  unpacking('gunzip'),
  unpacking('zlib_deflate'),
  { name: 'subslice', since: 9, subject: 'payload', value: 'needed', read: (draft, { text }) => subslice(draft, text) },
  {
    name: 'from_base64',
    since: 8,
    subject: 'payload',
    value: 'optional',
    read: (draft, { text }) => {
      const found = text === '' ? new Map<string, string>() : pairs('from_base64', text);
      for (const name of found.keys())
        if (!['bytes', 'offset', 'mode'].includes(name)) wrong('from_base64', `"${shown(name)}" does not belong here`);
      const mode = found.get('mode')?.toLowerCase() ?? 'rfc4648';
      if (!MODES.includes(mode)) wrong('from_base64', `the mode "${shown(mode)}" does not exist`);
      const place = (name: string): number => whole('from_base64', found.get(name) ?? '0', 0, BYTES_MAX);
      draft.transform({ name: 'from_base64', value: `${place('bytes')} ${place('offset')} ${mode}` });
    },
  },
];
