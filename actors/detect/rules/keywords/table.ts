/**
 * Every keyword of the rule language that is read, in one table, with what reads it. Those that are known and refused
 * stand in `refused.ts`. A keyword that is in neither does not exist in Suricata, and the rule that has it is wrong.
 */
import { unsupported } from '../rule-mistake.ts';
import { BASE64 } from './base64.ts';
import { BUFFERS } from './buffers.ts';
import { BYTES } from './bytes.ts';
import { CONTENT } from './content.ts';
import { EFFECTS } from './effects.ts';
import { EVENTS } from './events.ts';
import { FILES } from './files.ts';
import { FLOW_FACTS } from './flow-facts.ts';
import { FLOWS } from './flows.ts';
import { LABELS } from './labels.ts';
import { LISTS } from './lists.ts';
import { PACKETS } from './packets.ts';
import { PCRE } from './pcre.ts';
import { requirement } from './requires.ts';
import type { KeywordRow } from './row.ts';
import { SURICATA_8 } from './suricata8.ts';
import { TLS_VALIDITY } from './tls-validity.ts';
import { TRANSACTIONS } from './transactions.ts';

const REQUIRES: KeywordRow = {
  name: 'requires',
  subject: 'label',
  value: 'needed',
  read: (_draft, { text }) => {
    const unmet = requirement(text, (name) => KEYWORDS.has(name));
    if (unmet !== null) unsupported('requires', `the rule is for another engine: ${unmet}`);
  },
};

export const ROWS: readonly KeywordRow[] = [
  REQUIRES,
  ...LABELS,
  ...CONTENT,
  ...PCRE,
  ...BYTES,
  ...BASE64,
  ...BUFFERS,
  ...PACKETS,
  ...FLOWS,
  ...FLOW_FACTS,
  ...FILES,
  ...LISTS,
  ...EVENTS,
  ...EFFECTS,
  ...TRANSACTIONS,
  ...TLS_VALIDITY,
  ...SURICATA_8,
];

export const KEYWORDS: ReadonlyMap<string, KeywordRow> = new Map(
  ROWS.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
);
