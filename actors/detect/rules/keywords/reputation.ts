/** iprep: what the addresses of a packet are worth in a category. */
import type { Draft } from '../draft.ts';
import type { NumberTest } from '../numbers.ts';
import { shown, unsupported, wrong } from '../rule-mistake.ts';
import type { KeywordRow } from './row.ts';

const SIDES = ['any', 'src', 'dst', 'both'] as const;

const OPERATORS: Readonly<Record<string, NumberTest['is']>> = {
  ...{ '=': 'equal', '==': 'equal', '!': 'unequal', '!=': 'unequal' },
  ...{ '<': 'less', '<=': 'atMost', '>': 'more', '>=': 'atLeast' },
};
const VALUE_MAX = 255;

function iprep(draft: Draft, text: string): void {
  const { reputation } = draft.lists;
  const known = reputation ?? unsupported('iprep', 'no reputation-categories-file of a suricata.yaml is given');
  const [side, name, operator, value, more] = text.split(',').map((part) => part.trim());
  const of = SIDES.find((one) => one === side) ?? wrong('iprep', `"${shown(side!)}" is not any, src, dst or both`);
  const category = known.categories.get(name ?? '') ?? 0;
  if (category === 0) wrong('iprep', `the category "${shown(name ?? '')}" does not exist`);
  if (more !== undefined) wrong('iprep', `"${shown(more)}" does not belong here`);
  const test = value === undefined ? presence(operator) : comparison(operator, value);
  draft.condition({
    keyword: 'iprep',
    value: { type: 'reputation', of: { reputation: known, category, side: of, test } },
  });
}

function presence(word: string | undefined): NumberTest | null {
  if (word === 'isnotset') return null;
  if (word !== 'isset') wrong('iprep', 'it is compared with a number, or isset or isnotset');
  return { is: 'atLeast', value: 0, high: null };
}

function comparison(operator: string | undefined, value: string): NumberTest {
  const is = OPERATORS[operator ?? ''] ?? wrong('iprep', `"${shown(operator ?? '')}" is no comparison`);
  if (!/^\+?\d{1,9}$/.test(value) || Number(value) > VALUE_MAX)
    wrong('iprep', `"${shown(value)}" is not a number from 0 to ${VALUE_MAX}`);
  return { is, value: Number(value), high: null };
}

export const REPUTATION: readonly KeywordRow[] = [
  { name: 'iprep', subject: 'packet', value: 'needed', read: (draft, { text }) => iprep(draft, text) },
];
