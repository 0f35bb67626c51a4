/** The rule that a record is about: the object `alert`. */
import type { Signature } from '../inspect/index.ts';
import { fixed, key } from '../json/index.ts';
import type { Packet } from '../packet/index.ts';
import type { EveLine } from './eve-line.ts';
import type { AlertOptions } from './eve-options.ts';
import { addSide } from './record.ts';
import { decoded } from './text.ts';

const ALERT = key('alert');
const SOURCE = key('source');
const TARGET = key('target');

/** What does not depend on the packet: before the sides, and behind them. */
interface Texts {
  readonly before: Uint8Array;
  readonly behind: Uint8Array | null;
}

export class AboutRules {
  readonly #options: Pick<AlertOptions, 'metadata' | 'ruleText'>;
  /** Made with the first alert of a rule, and let go of with the set. */
  readonly #allowed = new WeakMap<Signature, Texts>();
  readonly #blocked = new WeakMap<Signature, Texts>();

  constructor(options: Pick<AlertOptions, 'metadata' | 'ruleText'>) {
    this.#options = options;
  }

  add(line: EveLine, signature: Signature, isBlocked: boolean, packet: Packet): void {
    const all = isBlocked ? this.#blocked : this.#allowed;
    let texts = all.get(signature);
    if (texts === undefined) {
      texts = textsOf(signature, isBlocked, this.#options);
      all.set(signature, texts);
    }
    const { target, sid } = signature.rule;
    line.signatureId = sid;
    line.open(ALERT);
    line.fixed(texts.before);
    if (target !== null) {
      addSide(line, SOURCE, packet, target !== 'src_ip');
      addSide(line, TARGET, packet, target === 'src_ip');
    }
    if (texts.behind !== null) line.fixed(texts.behind);
    line.close();
  }
}

function textsOf(
  { rule, text, ruleSet, category, priority }: Signature,
  isBlocked: boolean,
  options: Pick<AlertOptions, 'metadata' | 'ruleText'>,
): Texts {
  const before = {
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
  const metadata = options.metadata ? metadataOf(rule.metadata) : null;
  const behind = {
    ...(metadata === null ? {} : { metadata }),
    ...(options.ruleText ? { rule: decoded(text) } : {}),
  };
  return { before: fixed(before), behind: Object.keys(behind).length === 0 ? null : fixed(behind) };
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
