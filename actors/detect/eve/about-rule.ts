/** The rule that a record is about: the object `alert`. */
import type { Signature } from '../inspect/index.ts';
import type { EveRecord } from './eve-record.ts';
import { decoded } from './text.ts';

export function aboutRule(
  { rule, ruleSet, category, priority }: Signature,
  isBlocked: boolean,
  record: EveRecord,
): EveRecord {
  const about: EveRecord = {
    action: isBlocked ? 'blocked' : 'allowed',
    gid: rule.gid,
    signature_id: rule.sid,
    rev: rule.rev,
    signature: decoded(rule.msg),
    category,
    severity: priority,
    // Suricata has no such field, and no such sets.
    ...(ruleSet === null ? {} : { rule_set: ruleSet }),
  };
  if (rule.target !== null) {
    const source = { ip: record.src_ip, ...(record.src_port === undefined ? {} : { port: record.src_port }) };
    const destination = { ip: record.dest_ip, ...(record.dest_port === undefined ? {} : { port: record.dest_port }) };
    about.source = rule.target === 'src_ip' ? destination : source;
    about.target = rule.target === 'src_ip' ? source : destination;
  }
  const metadata = metadataOf(rule.metadata);
  if (metadata !== null) about.metadata = metadata;
  return about;
}

/** `key value`: each key with the list of its values. */
function metadataOf(entries: readonly string[]): Record<string, string[]> | null {
  const all = new Map<string, string[]>();
  for (const entry of entries) {
    const blank = entry.search(/\s/);
    if (blank <= 0) continue;
    const key = decoded(entry.slice(0, blank));
    const values = all.get(key) ?? [];
    values.push(decoded(entry.slice(blank).trim()));
    all.set(key, values);
  }
  return all.size === 0 ? null : Object.fromEntries(all);
}
