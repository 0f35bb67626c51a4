/**
 * Every keyword of the rule language that is read, in one table, with what reads it. Those that are known and refused
 * stand in `refused.ts`. A keyword that is in neither does not exist in Suricata, and the rule that has it is wrong.
 */
import { unsupported } from '../rule-mistake.ts';
import { ASN1 } from './asn1.ts';
import { BASE64 } from './base64.ts';
import { BUFFERS } from './buffers.ts';
import { BYTES } from './bytes.ts';
import { CAPTURED_TEXTS } from './captured-texts.ts';
import { CONTENT } from './content.ts';
import { DNP3 } from './dnp3.ts';
import { EFFECTS } from './effects.ts';
import { ENIP } from './enip.ts';
import { EVENTS } from './events.ts';
import { FILES } from './files.ts';
import { FLOW_FACTS } from './flow-facts.ts';
import { FLOWS } from './flows.ts';
import { LABELS } from './labels.ts';
import { LISTS } from './lists.ts';
import { PACKETS } from './packets.ts';
import { PCRE } from './pcre.ts';
import { REPUTATION } from './reputation.ts';
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

/** By what they are about, as the reference has them. */
export const KEYWORD_GROUPS: ReadonlyMap<string, readonly KeywordRow[]> = new Map([
  ['What is said of a rule', [...LABELS, REQUIRES]],
  ['Contents and expressions', [...CONTENT, ...PCRE]],
  ['Numbers, sizes and encodings in a buffer', [...BYTES, ...BASE64, ASN1, ...SURICATA_8]],
  ['Buffers, their older forms, and transforms', BUFFERS],
  ['Packets', PACKETS],
  ['Flows, and what is remembered', [...FLOWS, ...FLOW_FACTS, ...CAPTURED_TEXTS, ...REPUTATION]],
  ['Files and lists', [...FILES, ...LISTS]],
  ['Events', EVENTS],
  ['Transactions', [...TRANSACTIONS, ...DNP3, ...ENIP, ...TLS_VALIDITY]],
  ['What is done with a match', EFFECTS],
]);

export const KEYWORDS: ReadonlyMap<string, KeywordRow> = new Map(
  [...KEYWORD_GROUPS.values()]
    .flat()
    .flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
);
