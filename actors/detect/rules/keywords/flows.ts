/** Keywords about flows and about what rules remember between packets. */
import type { Draft } from '../draft.ts';
import { knowingTexts } from '../known-groups.ts';
import { whole } from '../numbers.ts';
import { packed } from '../packed.ts';
import type { Condition } from '../rule.ts';
import { shown, wrong } from '../rule-mistake.ts';
import type { KeywordRow } from './row.ts';

const NUMBER_MAX = 0xffff_ffff;
const parts = (text: string): string[] => text.split(',').map((part) => part.trim());

/** What excludes each other, each in a group of its own; a word may be there once. */
const FLOW_GROUPS = [
  ['to_server', 'to_client'],
  ['established', 'not_established', 'stateless'],
  ['only_stream', 'no_stream'],
  ['only_frag', 'no_frag'],
] as const;
const FLOW_ALIASES: Readonly<Record<string, string>> = { from_client: 'to_server', from_server: 'to_client' };

const flowConditions = knowingTexts(
  (text) => ({ keyword: 'flow', value: { type: 'words', words: flowWords(text) } }) as const,
);

function flow(draft: Draft, text: string): void {
  if (draft.has('flow')) checkSecondFlow(draft);
  const condition = flowConditions(text);
  const { words } = condition.value;
  draft.directions |= words.includes('to_server') ? 1 : words.includes('to_client') ? 2 : 3;
  draft.condition(condition);
}

/** Suricata lets another one follow a direction, or that it is no stream. */
function checkSecondFlow({ conditions }: Draft): void {
  const before = conditions.flatMap(({ keyword, value }) =>
    keyword === 'flow' && value.type === 'words' ? value.words : [],
  );
  if (!before.includes('no_stream') && before.some((word) => !word.startsWith('to_'))) wrong('flow', 'a rule has one');
}

function flowWords(text: string): readonly string[] {
  const words: string[] = [];
  for (const part of parts(text)) {
    const lower = part.toLowerCase();
    const word = FLOW_ALIASES[lower] ?? lower;
    const group = FLOW_GROUPS.find((one) => one.some((member) => member === word));
    if (group === undefined) wrong('flow', `"${shown(part)}" is not known`);
    const other = words.find((taken) => group.some((member) => member === taken));
    if (other !== undefined) wrong('flow', `${word} cannot go with ${other}`);
    words.push(word);
  }
  return packed(words);
}

const BIT_ACTIONS = ['set', 'unset', 'toggle', 'isset', 'isnotset'];

function flowbits(draft: Draft, text: string): void {
  if (/^noalert(?![a-z,])/.test(text)) {
    draft.condition({ keyword: 'noalert', value: { type: 'none' } });
    return;
  }
  // A comma behind the first belongs to a name.
  const [, action = '', names = ''] = /^([a-z]+),\s*(.+)$/.exec(text) ?? [];
  if (!BIT_ACTIONS.includes(action)) wrong('flowbits', `"${shown(text)}" is not an action and a name`);
  const words = names.split('|').flatMap((name) => name.trim() || []);
  if (words.length === 0 || words.some((name) => /\s/.test(name)))
    wrong('flowbits', 'a name is empty or has a blank in it');
  draft.condition({ keyword: 'flowbits', value: { type: 'words', words: [action, ...words] } });
}

const FLOWINT =
  /^\s*([a-zA-Z][\w./]+)\s*,\s*(==|!=|<=|>=|[+=<>-]|isset|notset|isnotset)\s*,?\s*([a-zA-Z]\w+|\d{1,10})?\s*$/;

function flowint(draft: Draft, text: string): void {
  const [, name = '', operator = '', given] = FLOWINT.exec(text) ?? [];
  // One that asks whether it is set may have a value, which says nothing.
  const takesNone = operator.endsWith('set');
  if (name === '' || (!takesNone && given === undefined))
    wrong('flowint', `"${shown(text)}" is not a name, an operator and a value`);
  const value = takesNone ? undefined : given;
  const isName = value !== undefined && /^[a-zA-Z]/.test(value);
  const number = value === undefined || isName ? 0 : whole('flowint', value, 0, NUMBER_MAX);
  const told = operator === 'notset' ? 'isnotset' : operator;
  draft.condition({
    keyword: 'flowint',
    value: { type: 'fields', fields: { name, operator: told, value: isName ? value : number } },
  });
}

function pairs(
  keyword: string,
  text: string,
  known: readonly string[],
  optional: readonly string[] = [],
): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of parts(text)) {
    const [, name, value] = /^(\w+)\s+(\S+)$/.exec(part) ?? [];
    if (name === undefined || !(known.includes(name) || optional.includes(name)) || found.has(name))
      return wrong(keyword, `"${shown(part)}" does not belong here`);
    found.set(name, value!);
  }
  for (const name of known) if (!found.has(name)) wrong(keyword, `${name} is missing`);
  return found;
}

const TRACKS = ['by_src', 'by_dst', 'by_both', 'by_rule', 'by_flow'];

function threshold(draft: Draft, text: string): void {
  if (draft.countsInSight) wrong('threshold', 'a rule has one threshold or detection_filter');
  draft.condition(thresholds(text));
}

const thresholds = knowingTexts((text): Condition => {
  const isBackoff = /\btype\s+backoff\b/.test(text);
  const found = pairs('threshold', text, ['type', 'track', 'count', isBackoff ? 'multiplier' : 'seconds']);
  const type = found.get('type')!;
  const track = found.get('track')!;
  if (!['limit', 'threshold', 'both', 'backoff'].includes(type))
    wrong('threshold', `the type "${shown(type)}" does not exist`);
  if (!TRACKS.includes(track)) wrong('threshold', `"${shown(track)}" cannot be tracked`);
  if (isBackoff && track !== 'by_flow') wrong('threshold', 'backoff counts in a flow: by_flow');
  const count = whole('threshold', found.get('count')!, isBackoff ? 1 : 0, NUMBER_MAX);
  const seconds = whole('threshold', found.get('seconds') ?? '0', 0, NUMBER_MAX);
  const multiplier = isBackoff ? { multiplier: whole('threshold', found.get('multiplier')!, 2, NUMBER_MAX) } : {};
  const fields = { type, track, count, seconds, ...multiplier };
  return { keyword: 'threshold', value: { type: 'fields', fields } };
});

function detectionFilter(draft: Draft, text: string): void {
  if (draft.countsInSight) wrong('detection_filter', 'a rule has one threshold or detection_filter');
  draft.condition(detectionFilters(text));
}

const detectionFilters = knowingTexts((text): Condition => {
  const found = pairs('detection_filter', text, ['track', 'count', 'seconds'], ['unique_on']);
  const track = found.get('track')!;
  if (!TRACKS.includes(track)) wrong('detection_filter', `"${shown(track)}" cannot be tracked`);
  const count = whole('detection_filter', found.get('count')!, 1, NUMBER_MAX);
  const seconds = whole('detection_filter', found.get('seconds')!, 1, NUMBER_MAX);
  const uniqueOn = found.get('unique_on') ?? '';
  if (uniqueOn !== '' && uniqueOn !== 'src_port' && uniqueOn !== 'dst_port')
    wrong('detection_filter', `"${shown(uniqueOn)}" is neither src_port nor dst_port`);
  const fields = { track, count, seconds, ...(uniqueOn === '' ? {} : { uniqueOn }) };
  return { keyword: 'detection_filter', value: { type: 'fields', fields } };
});

/** A bit of the transaction at hand. */
function transactionBit(draft: Draft, action: string, name: string): void {
  if (draft.hook[2] === undefined) wrong('xbits', 'bits of one transaction go with a hook of an application');
  if (!BIT_ACTIONS.includes(action)) wrong('xbits', `"${shown(action)}" is no action`);
  draft.condition({ keyword: 'xbits.tx', value: { type: 'fields', fields: { action, name } } });
}

/** What stands behind it and is no lifetime says nothing. */
const XBITS = /^([a-z]+),\s*([^,]+),\s*track\s+([^,]+)(?:,\s*expire\s+([^,]+))?/;
const ADDRESS_TRACKS = ['ip_src', 'ip_dst', 'ip_pair'];

function xbits(draft: Draft, text: string): void {
  if (/^noalert(?![a-z,])/.test(text)) {
    draft.condition({ keyword: 'noalert', value: { type: 'none' } });
    return;
  }
  const [, action, name, by, expire] = XBITS.exec(text) ?? [];
  const track = ADDRESS_TRACKS.find((one) => one === by);
  if (by === 'tx') {
    transactionBit(draft, action ?? '', name ?? '');
    return;
  }
  if (!BIT_ACTIONS.includes(action!) || name === undefined || track === undefined)
    wrong('xbits', `"${shown(text)}" is not an action, a name, a track and perhaps an expire`);
  // Suricata's own lifetime of a bit.
  const seconds = expire === undefined ? 30 : whole('xbits', expire, 1, NUMBER_MAX);
  draft.condition({
    keyword: 'xbits',
    value: { type: 'fields', fields: { action: action!, name: name!, track: track!, expire: seconds } },
  });
}

const row = (name: string, read: (draft: Draft, text: string) => void): KeywordRow => ({
  name,
  subject: 'flow',
  value: 'needed',
  read: (draft, { text }) => read(draft, text),
});

export const FLOWS: readonly KeywordRow[] = [
  row('flow', flow),
  row('flowbits', flowbits),
  row('flowint', flowint),
  row('threshold', threshold),
  row('detection_filter', detectionFilter),
  row('xbits', xbits),
  {
    name: 'noalert',
    subject: 'flow',
    value: 'none',
    read: (draft) => draft.condition({ keyword: 'noalert', value: { type: 'none' } }),
  },
];
