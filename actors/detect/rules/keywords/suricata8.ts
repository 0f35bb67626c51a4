/** Keywords about a buffer that Suricata 8 has: absent, entropy, from_base64. */
import type { Draft } from '../draft.ts';
import { whole } from '../numbers.ts';
import type { EntropyTerm } from '../rule.ts';
import { shown, wrong } from '../rule-mistake.ts';
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

const MODES = ['rfc4648', 'rfc2045', 'strict'];

export const SURICATA_8: readonly KeywordRow[] = [
  {
    name: 'absent',
    subject: 'payload',
    value: 'optional',
    read: (draft, { text }) => {
      if (text !== '' && text !== 'or_else') wrong('absent', `"${shown(text)}" is not or_else`);
      draft.absent(text === '' ? 'only' : 'orElse');
    },
  },
  { name: 'entropy', subject: 'payload', value: 'needed', read: (draft, { text }) => entropy(draft, text) },
  {
    name: 'from_base64',
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
