/** Keywords that say what a rule is and match nothing. */
import { whole } from '../numbers.ts';
import { shown, wrong } from '../rule-mistake.ts';
import type { KeywordRow } from './row.ts';

const NUMBER_MAX = 0xffff_ffff;
const PRIORITY_MAX = 0x7fff_ffff;

const unescaped = (text: string): string => (text.includes('\\') ? text.replace(/\\([;:"\\])/g, '$1') : text);

export const LABELS: readonly KeywordRow[] = [
  {
    name: 'msg',
    subject: 'label',
    value: 'needed',
    quotes: 'needed',
    read: (draft, { text }) => {
      if (draft.labels.msg !== undefined) wrong('msg', 'it is there twice');
      draft.labels.msg = unescaped(text);
    },
  },
  {
    name: 'sid',
    subject: 'label',
    value: 'needed',
    read: (draft, { text }) => {
      if (draft.labels.sid !== undefined) wrong('sid', 'it is there twice');
      draft.labels.sid = whole('sid', text, 1, NUMBER_MAX);
    },
  },
  {
    name: 'rev',
    subject: 'label',
    value: 'needed',
    read: (draft, { text }) => {
      if (draft.labels.rev !== undefined) wrong('rev', 'it is there twice');
      draft.labels.rev = whole('rev', text, 1, NUMBER_MAX);
    },
  },
  {
    name: 'gid',
    subject: 'label',
    value: 'needed',
    read: (draft, { text }) => {
      draft.labels.gid = whole('gid', text, 0, NUMBER_MAX);
    },
  },
  {
    name: 'classtype',
    subject: 'label',
    value: 'needed',
    read: (draft, { text }) => {
      if (!/^[a-zA-Z][\w-]*$/.test(text)) wrong('classtype', `"${shown(text)}" is no name of a class`);
      draft.labels.classtype = text;
    },
  },
  {
    name: 'priority',
    subject: 'label',
    value: 'needed',
    read: (draft, { text }) => {
      draft.labels.priority = whole('priority', text, 0, PRIORITY_MAX);
    },
  },
  {
    name: 'reference',
    subject: 'label',
    value: 'needed',
    read: (draft, { text }) => {
      if (!/^[\w/.-]+\s*,\s*\S/.test(text)) wrong('reference', `"${shown(text)}" is not a system and an id`);
      draft.references.push(text);
    },
  },
  {
    name: 'metadata',
    subject: 'label',
    value: 'needed',
    read: (draft, { text }) => {
      draft.metadata.push(...text.split(',').map((part) => part.trim()));
    },
  },
  {
    name: 'target',
    subject: 'label',
    value: 'needed',
    read: (draft, { text }) => {
      if (text !== 'src_ip' && text !== 'dest_ip') return wrong('target', 'it is src_ip or dest_ip');
      draft.labels.target = text;
    },
  },
];
