/** Keywords that say what is done with a match, and how a rule is to be looked for. */
import type { Draft } from '../draft.ts';
import { whole } from '../numbers.ts';
import { shown, wrong } from '../rule-mistake.ts';
import { fields } from './readers.ts';
import type { KeywordRow } from './row.ts';

const U32 = 0xffff_ffff;
/** A tag holds for so many packets where it says nothing else, and never for more. */
const TAGGED_PACKETS_MAX = 256;

function tag(draft: Draft, text: string): void {
  const [, of, count, metric, side] =
    /^\s*(host|session)\s*(?:,\s*(\d+)\s*,\s*(packets|bytes|seconds)\s*(?:,\s*(src|dst))?\s*)?$/.exec(text) ?? [];
  if (of === undefined) wrong('tag', `"${shown(text)}" is not host or session, a number and its unit`);
  const given = count === undefined ? TAGGED_PACKETS_MAX : whole('tag', count, 0, U32);
  const most = metric === undefined || metric === 'packets' ? Math.min(given, TAGGED_PACKETS_MAX) : given;
  draft.condition({
    keyword: 'tag',
    value: fields({ of: of!, count: most, metric: metric ?? 'packets', side: side ?? 'dst' }),
  });
}

function mark(draft: Draft, text: string): void {
  if (!/^\s*(?:0x[0-9a-fA-F]{1,8}|\d{1,10})\s*\/\s*(?:0x[0-9a-fA-F]{1,8}|\d{1,10})\s*$/.test(text))
    wrong('nfq_set_mark', `"${shown(text)}" is not a mark and a mask`);
  draft.condition({ keyword: 'nfq_set_mark', value: { type: 'none' } });
}

/** The record of the transaction is not written; `flow` is taken for `tx`, as in Suricata. */
const CONFIG = /^logging\s*disable\s*,\s*type\s+(?:tx|flow)\s*,\s*scope\s+(?:tx|flow)$/;

function config(draft: Draft, text: string): void {
  if (!CONFIG.test(text.trim())) wrong('config', `"${shown(text)}" is not logging disable, type tx, scope tx`);
  draft.condition({ keyword: 'config', value: { type: 'none' } });
}

export const EFFECTS: readonly KeywordRow[] = [
  { name: 'tag', subject: 'flow', value: 'needed', read: (draft, { text }) => tag(draft, text) },
  {
    name: 'alert',
    subject: 'label',
    value: 'none',
    read: (draft) => draft.condition({ keyword: 'alert', value: { type: 'none' } }),
  },
  { name: 'config', subject: 'flow', value: 'needed', read: (draft, { text }) => config(draft, text) },
  {
    name: 'bypass',
    subject: 'flow',
    value: 'none',
    read: (draft) => {
      if (draft.has('filestore')) wrong('bypass', 'it cannot go with filestore');
      draft.condition({ keyword: 'bypass', value: { type: 'none' } });
    },
  },
  { name: 'prefilter', subject: 'label', value: 'none', read: (draft) => draft.prefilter() },
  {
    // Files are kept by no one here, as with Suricata's own configuration: what it says of them changes nothing.
    name: 'filestore',
    subject: 'file',
    value: 'optional',
    read: (draft) => {
      if (draft.has('bypass')) wrong('filestore', 'it cannot go with bypass');
      draft.condition({ keyword: 'filestore', value: { type: 'none' } });
    },
  },
  {
    name: 'tls_store',
    aliases: ['tls.store'],
    subject: 'tls',
    value: 'none',
    read: (draft) => draft.condition({ keyword: 'tls_store', value: { type: 'none' } }),
  },
  {
    // Packets are examined and not changed: the rule alerts, and what would stand in the packet nobody reads, as in Suricata's own passive modes.
    name: 'replace',
    subject: 'payload',
    value: 'needed',
    quotes: 'needed',
    negation: true,
    read: (_draft, { isNegated }) => {
      if (isNegated) wrong('replace', 'it cannot be negated');
    },
  },
  { name: 'nfq_set_mark', subject: 'packet', value: 'needed', read: (draft, { text }) => mark(draft, text) },
];
