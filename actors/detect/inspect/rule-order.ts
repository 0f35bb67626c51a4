/**
 * The order in which rules are tried and alert: pass, drop, reject, alert; those that set flow bits before those that
 * ask for them, the same for flow numbers; priority; sid.
 */
import type { Condition, Rule } from '../rules/rule.ts';

const ACTIONS = { pass: 0, drop: 1, reject: 2, rejectsrc: 2, rejectdst: 2, rejectboth: 2, alert: 3 } as const;

/** How far in front a rule stands for what it remembers: it sets, it asks and sets, it asks, neither. */
const SETS = 0;
const ASKS_AND_SETS = 1;
const ASKS = 2;
const NEITHER = 3;

function rank(rule: Rule, keyword: string, asks: (condition: Condition) => boolean): number {
  let ours = 0;
  let asking = 0;
  for (const condition of rule.conditions) {
    if (condition.keyword !== keyword) continue;
    ours += 1;
    if (asks(condition)) asking += 1;
  }
  if (ours === 0) return NEITHER;
  if (asking === 0) return SETS;
  return asking < ours ? ASKS_AND_SETS : ASKS;
}

const asksBits = ({ value }: Condition): boolean =>
  value.type === 'words' && (value.words[0] === 'isset' || value.words[0] === 'isnotset');
const asksNumbers = ({ value }: Condition): boolean =>
  value.type === 'fields' && !['+', '-', '='].includes(String(value.fields.operator));
/**
 * Bits of addresses: Suricata counts those of xbits that are asked for and those of hostbits that are set, and not the
 * others; those of pairs by themselves.
 */
function addressRank(rule: Rule, isOfPairs: boolean): number {
  let asks = false;
  let sets = false;
  for (const { keyword, value } of rule.conditions) {
    if ((keyword !== 'xbits' && keyword !== 'xbits.tx' && keyword !== 'hostbits') || value.type !== 'fields') continue;
    if ((value.fields.track === 'ip_pair') !== isOfPairs) continue;
    const isAsked = value.fields.action === 'isset' || value.fields.action === 'isnotset';
    if (keyword === 'xbits') asks ||= isAsked;
    else if (keyword === 'xbits.tx' && isAsked) asks = true;
    else sets ||= !isAsked;
  }
  if (sets) return asks ? ASKS_AND_SETS : SETS;
  return asks ? ASKS : NEITHER;
}

/** Of texts that flows or packets remember; an expression about another buffer than the payload does not count as setting. */
function textRank({ buffers, conditions }: Rule, of: 'flow' | 'packet'): number {
  const asks = conditions.some(({ keyword }) => keyword === (of === 'flow' ? 'flowvar' : 'pktvar'));
  let sets = false;
  for (const { buffer, terms } of buffers)
    if (buffer === 'payload')
      for (const term of terms)
        if (term.kind === 'pcre') for (const capture of term.captures) sets ||= capture.of === of;
  if (!sets) return asks ? ASKS : NEITHER;
  return asks ? ASKS_AND_SETS : SETS;
}

/** `priorityOf`: with the priority of its class. Lists are compared number by number. */
export function orderKey(rule: Rule, priority: number): readonly number[] {
  return [
    ACTIONS[rule.action],
    rank(rule, 'flowbits', asksBits),
    rank(rule, 'flowint', asksNumbers),
    textRank(rule, 'flow'),
    textRank(rule, 'packet'),
    addressRank(rule, false),
    addressRank(rule, true),
    priority,
    rule.sid,
    rule.gid,
  ];
}

export function compareKeys(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i += 1) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
