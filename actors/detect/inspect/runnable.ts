/** Whether everything that a rule asks can be asked here. A rule of which a part cannot is not loaded at all. */
import type { AnyProtocol } from '../protocols/index.ts';
import type { Rule } from '../rules/rule.ts';
import { isAboutFiles } from './file-keywords.ts';
import { factCheck } from './flow-facts.ts';
import { packetCheck } from './packet-conditions.ts';
import { isTransactionBuffer } from './rule-type.ts';

/** What the inspection itself asks or does. */
const OF_INSPECTION = new Set([
  ...['flow', 'flowbits', 'flowint', 'xbits', 'hostbits', 'threshold', 'detection_filter', 'noalert', 'alert', 'tag'],
  ...['bypass', 'l3_proto', 'nfq_set_mark', 'app-layer-event', 'tls_store'],
]);

/** The keyword, buffer or protocol that cannot be asked; null: all can. */
export function cannotAsk(
  rule: Rule,
  protocols: readonly AnyProtocol[],
  applications: readonly string[],
): string | null {
  const named = rule.protocol === 'http1' ? 'http' : rule.protocol;
  if (applications.includes(rule.protocol) && !protocols.some(({ name }) => name === named)) return named;
  for (const terms of rule.buffers) {
    if (
      isTransactionBuffer(terms) &&
      !protocols.some(({ buffers }) => buffers.some(({ name }) => name === terms.buffer))
    )
      return terms.buffer;
  }
  for (const condition of rule.conditions) {
    const { keyword } = condition;
    if (OF_INSPECTION.has(keyword) || packetCheck(condition) !== undefined || factCheck(condition) !== undefined)
      continue;
    if (isAboutFiles(keyword)) continue;
    if (!protocols.some(({ conditions }) => conditions.some((row) => row.keyword === keyword))) return keyword;
  }
  return null;
}
