/** dataset and datarep, filemd5, filesha1 and filesha256: what is looked up in a list beside the rules. */
import type { Draft } from '../draft.ts';
import { isListName, type RuleGivens } from '../lists.ts';
import { numberTest } from '../numbers.ts';
import type { DataSetTerm } from '../rule.ts';
import { shown, unsupported, wrong } from '../rule-mistake.ts';
import { type DataSet, entriesWithin, REPUTATION_MAX, ROWS, SET_TYPES, type SetType } from '../sets.ts';
import type { KeywordRow } from './row.ts';

const NAME_CHARS_MAX = 63;

interface SetOptions {
  readonly type: SetType | null;
  readonly load: string | null;
  readonly save: string | null;
  readonly memcap: number;
  readonly rows: number;
}

const OPTIONS = ['type', 'load', 'save', 'state', 'memcap', 'hashsize', 'format'];
const SIZE_MAX = 2 ** 40;

function optionsOf(keyword: string, given: RuleGivens, parts: readonly string[]): SetOptions {
  const found = new Map<string, string>();
  for (const part of parts) {
    const [, name, value] = /^([\w-]+)\s+(\S+)$/.exec(part) ?? [];
    if (name === undefined || found.has(name)) return wrong(keyword, `"${shown(part)}" does not belong here`);
    if (name === 'format' && value !== 'csv') unsupported(keyword, 'a list in JSON');
    if (!OPTIONS.includes(name)) wrong(keyword, `the option "${shown(name)}" does not exist`);
    found.set(name, value!);
  }
  const named = found.get('type') ?? null;
  const type = named === 'ipv6' ? 'ip' : named;
  if (type !== null && !SET_TYPES.some((one) => one === type))
    wrong(keyword, `the type "${shown(type)}" does not exist`);
  const state = found.get('state') ?? null;
  if (state !== null && (found.has('load') || found.has('save'))) wrong(keyword, 'state cannot go with load and save');
  const save = state ?? found.get('save') ?? null;
  if (save !== null && keyword === 'datarep') unsupported(keyword, 'a set that is written to a file');
  const isState = save !== null && save === state;
  const mayWrite = isState ? given.writesSets !== false : given.writesSets === true;
  if (save !== null && !mayWrite) unsupported(keyword, 'nothing writes a set to a file here');
  if (save !== null && !isListName(save)) wrong(keyword, `"${shown(save)}" is no file beside the rules`);
  const size = (name: string): number => plainSize(found.get(name) ?? '0');
  return {
    type: type as SetType | null,
    ...{ load: state ?? found.get('load') ?? null, save },
    memcap: size('memcap') || (given.memcap ?? 0),
    rows: size('hashsize') || (given.rows ?? ROWS),
  };
}

/** One that cannot be read is none. */
function plainSize(text: string): number {
  const [, number = '0', unit = ' '] = /^(\d{1,15}(?:\.\d{1,9})?)(?:([kmg])b)?$/i.exec(text) ?? [];
  return Math.min(SIZE_MAX, Math.floor(Number(number) * 1024 ** ' kmg'.indexOf(unit.toLowerCase())));
}

function setOf(draft: Draft, keyword: string, name: string, options: SetOptions): DataSet {
  const { type, load, save, memcap, rows } = options;
  if (!/^[\w.-]+$/.test(name) || name.length > NAME_CHARS_MAX) wrong(keyword, `"${shown(name)}" is no name of a set`);
  const { lists } = draft;
  const known = lists.sets.get(name);
  if (known !== undefined) {
    if (type !== null && type !== known.type) wrong(keyword, `the set ${name} is one of type ${known.type}`);
    if ((load !== null || save !== null) && (load !== known.load || save !== known.save))
      wrong(keyword, `the set ${name} has another file`);
    return known;
  }
  if (type === null) return wrong(keyword, `no rule before it says what the set ${name} is`);
  // A state that nobody has written yet is empty.
  const isEmpty = load === null || (load === save && !lists.has(load));
  const entries = isEmpty ? new Map<string, number>() : lists.entries(keyword, load, type);
  const most = memcap === 0 ? Number.MAX_SAFE_INTEGER : entriesWithin(type, memcap, rows);
  if (most < entries.size) wrong(keyword, `the set ${name} is larger than its memcap`);
  const set: DataSet = { name, type, entries, load, save, most, isChanging: false };
  lists.sets.set(name, set);
  return set;
}

const ACTIONS: Readonly<Record<string, DataSetTerm['action']>> = {
  isset: 'isset',
  isnotset: 'isnotset',
  set: 'set',
  unset: 'unset',
};

function dataset(draft: Draft, text: string): void {
  const [command, name, ...options] = text.split(',').map((part) => part.trim());
  const action = ACTIONS[command ?? ''];
  if (action === undefined || name === undefined)
    wrong('dataset', `"${shown(text)}" is not isset, isnotset, set or unset and a name`);
  const set = setOf(draft, 'dataset', name!, optionsOf('dataset', draft.lists.given, options));
  if (action === 'set' || action === 'unset') set.isChanging = true;
  draft.lookUp('dataset', { kind: 'dataset', set, action: action!, reputation: null });
}

const OPERATORS: Readonly<Record<string, string>> = { '<': '<', '>': '>', '==': '=', '=': '=' };

function datarep(draft: Draft, text: string): void {
  const [name, operator, value, ...options] = text.split(',').map((part) => part.trim());
  const sign = OPERATORS[operator ?? ''];
  if (sign === undefined || !/^\d{1,5}$/.test(value ?? ''))
    wrong('datarep', `"${shown(text)}" is not a name, <, > or == and a number`);
  const reputation = numberTest('datarep', `${sign}${value}`, REPUTATION_MAX);
  const set = setOf(draft, 'datarep', name!, optionsOf('datarep', draft.lists.given, options));
  draft.lookUp('datarep', { kind: 'dataset', set, action: 'isset', reputation });
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
