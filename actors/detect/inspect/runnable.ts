/** Whether everything that a rule asks can be asked here. A rule of which a part cannot is not loaded at all. */
import { canTellKinds } from '../file-kind/index.ts';
import type { AnyProtocol } from '../protocols/index.ts';
import type { Rule } from '../rules/rule.ts';
import { isAboutFiles } from './file-keywords.ts';
import { isFact } from './flow-facts.ts';
import { isAboutPackets } from './packet-conditions.ts';
import { BOTH_DIRECTIONS, isTransactionBuffer, transactionParts } from './rule-type.ts';

/** What the inspection itself asks or does. */
const OF_INSPECTION = new Set([
  ...['flow', 'flowbits', 'flowint', 'xbits', 'hostbits', 'threshold', 'detection_filter', 'noalert', 'alert', 'tag'],
  ...[
    'bypass',
    'l3_proto',
    'nfq_set_mark',
    'app-layer-event',
    'tls_store',
    'flowvar',
    'pktvar',
    'hook',
    'xbits.tx',
    'config',
    'asn1',
  ],
]);

/** The keyword, buffer or protocol that cannot be asked; null: all can. */
export function cannotAsk(
  rule: Rule,
  protocols: readonly AnyProtocol[],
  applications: readonly string[],
): string | null {
  const named = rule.protocol === 'http1' ? 'http' : rule.protocol;
  if (applications.includes(rule.protocol) && !protocols.some(({ name }) => name === named)) return named;
  const known = knownOf(protocols);
  for (const terms of rule.buffers) {
    if (isTransactionBuffer(terms) && !known.buffers.has(terms.buffer)) return terms.buffer;
    if (terms.buffer === 'file.magic' && !canTellKinds()) return terms.buffer;
  }
  for (const condition of rule.conditions) {
    const { keyword } = condition;
    if (condition.value.type === 'reputation') continue;
    if (OF_INSPECTION.has(keyword) || isAboutPackets(keyword) || isFact(keyword) || isAboutFiles(keyword)) continue;
    if (!known.conditions.has(keyword)) return keyword;
  }
  return rule.isTransactional ? null : misdirected(rule, protocols);
}

/** What some protocol has, by name: all rules of a set are asked. */
interface Known {
  readonly buffers: ReadonlySet<string>;
  readonly conditions: ReadonlySet<string>;
}

const knownIn = new WeakMap<readonly AnyProtocol[], Known>();

function knownOf(protocols: readonly AnyProtocol[]): Known {
  const before = knownIn.get(protocols);
  if (before !== undefined) return before;
  const buffers = new Set(protocols.flatMap((protocol) => protocol.buffers.map(({ name }) => name)));
  const conditions = new Set(protocols.flatMap((protocol) => protocol.conditions.map(({ keyword }) => keyword)));
  const known = { buffers, conditions };
  knownIn.set(protocols, known);
  return known;
}

/** What is in no direction that the rest of the rule leaves: Suricata refuses such a rule. */
function misdirected(rule: Rule, protocols: readonly AnyProtocol[]): string | null {
  let left = rule.directions === 0 ? BOTH_DIRECTIONS : rule.directions;
  for (const { name, directions } of transactionParts(rule, protocols)) {
    left &= directions;
    if (left === 0) return name;
  }
  return null;
}
