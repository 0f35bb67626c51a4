/**
 * threshold.config: suppress, event_filter (threshold), rate_filter, one a line, for one rule, for all of a generator, or
 * for all. A line that cannot be read is refused with its number; it would let alerts through, or keep some back.
 */
import { type AddressSet, addressSet } from '../rules/address-set.ts';
import { RuleMistake, wrong } from '../rules/rule-mistake.ts';
import type { Variables } from '../rules/variables.ts';
import type { Signature } from './signature.ts';
import type { NewAction, Threshold, ThresholdTrack } from './threshold.ts';

export interface ThresholdLine {
  /** 0: all. */
  readonly gid: number;
  readonly sid: number;
  readonly threshold: Threshold;
}

export interface ThresholdMistake {
  readonly line: number;
  readonly says: string;
}

export function readThresholds(
  text: string,
  variables: Variables,
): { readonly lines: readonly ThresholdLine[]; readonly mistakes: readonly ThresholdMistake[] } {
  const lines: ThresholdLine[] = [];
  const mistakes: ThresholdMistake[] = [];
  const whole = text.split('\n');
  for (let at = 0; at < whole.length; at += 1) {
    const line = at + 1;
    let body = whole[at]!.trim();
    while (body.endsWith('\\') && at + 1 < whole.length) {
      at += 1;
      body = `${body.slice(0, -1)}${whole[at]!.trim()}`;
    }
    if (body === '' || body.startsWith('#')) continue;
    try {
      lines.push(readLine(body, variables));
    } catch (thrown) {
      if (!(thrown instanceof RuleMistake)) throw thrown;
      mistakes.push({ line, says: thrown.message });
    }
  }
  return { lines, mistakes };
}

const TRACKS: readonly ThresholdTrack[] = ['by_src', 'by_dst', 'by_both', 'by_rule', 'by_flow', 'by_either'];
const TYPES = ['limit', 'threshold', 'both', 'backoff'] as const;
const ACTIONS: readonly NewAction[] = ['alert', 'drop', 'pass', 'reject'];

function readLine(body: string, variables: Variables): ThresholdLine {
  const keyword = /^\w+/.exec(body)?.[0] ?? '';
  const fields = fieldsOf(body.slice(keyword.length));
  const number = (name: string): number => {
    const value = fields.get(name) ?? wrong(keyword, `${name} is missing`);
    return /^\d{1,10}$/.test(value) ? Number(value) : wrong(keyword, `${name} is no number`);
  };
  const one = <T extends string>(name: string, known: readonly T[]): T =>
    known.find((word) => word === fields.get(name)) ?? wrong(keyword, `${name} is not one of ${known.join(', ')}`);
  const ids = { gid: number('gen_id'), sid: number('sig_id') };
  const nothing = { count: 0, seconds: 0 };
  if (keyword === 'suppress') {
    const ip = fields.get('ip');
    const track = ip === undefined && !fields.has('track') ? 'by_rule' : one('track', TRACKS);
    const addresses: AddressSet | null = ip === undefined ? null : addressSet(ip, variables.addresses);
    return { ...ids, threshold: { type: 'suppress', track, ...nothing, addresses } };
  }
  if (fields.get('type') === 'backoff') {
    const track = one('track', ['by_flow'] as const);
    const multiplier = number('multiplier');
    return { ...ids, threshold: { type: 'backoff', track, count: number('count'), seconds: 0, multiplier } };
  }
  const counted = { track: one('track', TRACKS), count: number('count'), seconds: number('seconds') };
  if (keyword === 'rate_filter') {
    const newAction = one('new_action', ACTIONS);
    return { ...ids, threshold: { type: 'rate', ...counted, newAction, timeoutSeconds: number('timeout') } };
  }
  if (keyword !== 'threshold' && keyword !== 'event_filter') wrong(keyword, 'it is not known');
  return { ...ids, threshold: { type: one('type', TYPES), ...counted } };
}

/** `name value` with commas; a value may be a list in brackets. */
function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const part of text.match(/(?:\[[^\]]*\]|[^,])+/g) ?? []) {
    const [, name, value] = /^\s*(\w+)\s+(\S.*?)\s*$/s.exec(part) ?? [];
    if (name !== undefined) fields.set(name, value!);
  }
  return fields;
}

/**
 * Of a rule in both directions a line finds, as in Suricata, one alone. A line for one rule stands in the place of what the rule counts already; one for many, and a rate_filter, leaves rules that count alone. A
 * suppress without addresses leaves a rule its action.
 */
export function applyThresholds(signatures: readonly Signature[], lines: readonly ThresholdLine[]): void {
  for (const { gid, sid, threshold } of lines) {
    for (const signature of signatures) {
      const { rule, thresholds } = signature;
      if (sid !== 0 && !signature.isNamed) continue;
      if ((sid !== 0 && (rule.sid !== sid || rule.gid !== gid)) || (sid === 0 && gid !== 0 && rule.gid !== gid))
        continue;
      const suppressing = thresholds.filter(({ type }) => type === 'suppress');
      if (threshold.type === 'suppress') {
        if ((threshold.addresses ?? null) === null) signature.isTold = false;
        else signature.thresholds = [threshold, ...thresholds];
        continue;
      }
      const counting = thresholds.slice(suppressing.length);
      if (counting.length === 0 || (sid !== 0 && threshold.type !== 'rate'))
        signature.thresholds = [...suppressing, ...counting.slice(0, -1), threshold];
    }
  }
}
