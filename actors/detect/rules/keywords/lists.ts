/** dataset and datarep, filemd5, filesha1 and filesha256: what is looked up in a list beside the rules. */
import type { Draft } from '../draft.ts';
import { type DataSet, SET_TYPES, type SetType } from '../lists.ts';
import { numberTest } from '../numbers.ts';
import { shown, unsupported, wrong } from '../rule-mistake.ts';
import type { KeywordRow } from './row.ts';

const REPUTATION_MAX = 65_535;
const NAME_CHARS_MAX = 63;

interface SetOptions {
  readonly type: SetType | null;
  readonly load: string | null;
}

/** `memcap` and `hashsize` say how Suricata stores a set, and nothing of what is in it. */
function optionsOf(keyword: string, parts: readonly string[]): SetOptions {
  const found = new Map<string, string>();
  for (const part of parts) {
    const [, name, value] = /^([\w-]+)\s+(\S+)$/.exec(part) ?? [];
    if (name === undefined || found.has(name)) return wrong(keyword, `"${shown(part)}" does not belong here`);
    if (name === 'save' || name === 'state') unsupported(keyword, 'a set that is written to a file');
    if (name === 'format' && value !== 'csv') unsupported(keyword, 'a list in JSON');
    if (!['type', 'load', 'memcap', 'hashsize', 'format'].includes(name))
      wrong(keyword, `the option "${shown(name)}" does not exist`);
    found.set(name, value!);
  }
  const type = found.get('type') ?? null;
  if (type !== null && !SET_TYPES.some((one) => one === type))
    wrong(keyword, `the type "${shown(type)}" does not exist`);
  return { type: type as SetType | null, load: found.get('load') ?? null };
}

function setOf(draft: Draft, keyword: string, name: string, { type, load }: SetOptions, hasNumbers: boolean): DataSet {
  if (!/^[\w.-]+$/.test(name) || name.length > NAME_CHARS_MAX) wrong(keyword, `"${shown(name)}" is no name of a set`);
  const known = draft.lists.sets.get(`${keyword} ${name}`);
  if (known !== undefined) {
    if (type !== null && type !== known.type) wrong(keyword, `the set ${name} is one of type ${known.type}`);
    return known;
  }
  if (type === null || load === null) return wrong(keyword, `no rule before it loads the set ${name}, with its type`);
  const loaded = draft.lists.load(keyword, load, type, hasNumbers);
  draft.lists.sets.set(`${keyword} ${name}`, loaded);
  return loaded;
}

function dataset(draft: Draft, text: string): void {
  const [command, name, ...options] = text.split(',').map((part) => part.trim());
  if (command === 'set' || command === 'unset') unsupported('dataset', 'a set that rules change');
  if ((command !== 'isset' && command !== 'isnotset') || name === undefined)
    wrong('dataset', `"${shown(text)}" is not isset or isnotset and a name`);
  const set = setOf(draft, 'dataset', name, optionsOf('dataset', options), false);
  draft.lookUp('dataset', { kind: 'dataset', set, isNegated: command === 'isnotset', reputation: null });
}

const OPERATORS: Readonly<Record<string, string>> = { '<': '<', '>': '>', '==': '=', '=': '=' };

function datarep(draft: Draft, text: string): void {
  const [name, operator, value, ...options] = text.split(',').map((part) => part.trim());
  const sign = OPERATORS[operator ?? ''];
  if (sign === undefined || !/^\d{1,5}$/.test(value ?? ''))
    wrong('datarep', `"${shown(text)}" is not a name, <, > or == and a number`);
  const reputation = numberTest('datarep', `${sign}${value}`, REPUTATION_MAX);
  const set = setOf(draft, 'datarep', name!, optionsOf('datarep', options), true);
  draft.lookUp('datarep', { kind: 'dataset', set, isNegated: false, reputation });
}

const hashed = (name: string, digits: number): KeywordRow => ({
  name,
  subject: 'file',
  value: 'needed',
  negation: true,
  read: (draft, { text, isNegated }) => {
    const list = draft.lists.hashes(name, text.trim(), digits);
    draft.condition({ keyword: name, value: { type: 'list', list, isNegated } });
  },
});

export const LISTS: readonly KeywordRow[] = [
  { name: 'dataset', subject: 'payload', value: 'needed', read: (draft, { text }) => dataset(draft, text) },
  { name: 'datarep', subject: 'payload', value: 'needed', read: (draft, { text }) => datarep(draft, text) },
  hashed('filemd5', 32),
  hashed('filesha1', 40),
  hashed('filesha256', 64),
];
