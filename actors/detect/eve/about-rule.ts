/** The rule that a record is about: the object `alert`. */
import type { Signature } from '../inspect/index.ts';
import { type AlertOptions, EVE_DEFAULTS } from './eve-options.ts';
import type { EveRecord } from './eve-record.ts';
import { decoded } from './text.ts';

export function aboutRule(
  { rule, text, ruleSet, category, priority }: Signature,
  isBlocked: boolean,
  record: EveRecord,
  options: Pick<AlertOptions, 'metadata' | 'ruleText'> = EVE_DEFAULTS.alert,
): EveRecord {
  const about: EveRecord = {
    action: isBlocked ? 'blocked' : 'allowed',
    gid: rule.gid,
    signature_id: rule.sid,
    rev: rule.rev,
    signature: decoded(rule.msg),
    category,
    severity: priority,
  };
  // Suricata has no such field, and no such sets.
  if (ruleSet !== null) about.rule_set = ruleSet;
  if (rule.target !== null) {
    const source = { ip: record.src_ip, ...(record.src_port === undefined ? {} : { port: record.src_port }) };
    const destination = { ip: record.dest_ip, ...(record.dest_port === undefined ? {} : { port: record.dest_port }) };
    about.source = rule.target === 'src_ip' ? destination : source;
    about.target = rule.target === 'src_ip' ? source : destination;
  }
  const metadata = options.metadata ? metadataOf(rule.metadata) : null;
  if (metadata !== null) about.metadata = metadata;
  if (options.ruleText) about.rule = decoded(text);
  return about;
}

/** `key value`: each key with the list of its values. The case of keys does not count; Suricata lists the last ones first. */
function metadataOf(entries: readonly string[]): Record<string, string[]> | null {
  if (entries.length === 0) return null;
  const all = new Map<string, string[]>();
  for (const entry of entries) {
    const blank = entry.search(/\s/);
    if (blank <= 0) continue;
    const key = decoded(entry.slice(0, blank)).toLowerCase();
    const values = all.get(key) ?? [];
    values.unshift(decoded(entry.slice(blank).trim()));
    all.set(key, values);
  }
  return all.size === 0 ? null : Object.fromEntries([...all].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
