/**
 * How often a rule may alert: limit, threshold, both, detection_filter, rate_filter and suppress, with Suricata's
 * counting. A window begins with the first match and lasts its seconds to the microsecond.
 */

import type { AddressSet } from '../rules/address-set.ts';
import { packed } from '../rules/packed.ts';
import type { Condition } from '../rules/rule.ts';
import { fieldsOf } from './condition-values.ts';

export type ThresholdTrack = 'by_src' | 'by_dst' | 'by_both' | 'by_rule' | 'by_flow' | 'by_either';
export type NewAction = 'alert' | 'drop' | 'pass' | 'reject';

export interface Threshold {
  readonly type: 'limit' | 'threshold' | 'both' | 'backoff' | 'detection' | 'rate' | 'suppress';
  readonly track: ThresholdTrack;
  readonly count: number;
  readonly seconds: number;
  /** Of backoff: by so much what is counted up to grows with each alert. */
  readonly multiplier?: number;
  /** Of detection: each of these ports counts once in its time. */
  readonly uniqueOn?: 'src_port' | 'dst_port';
  /** Of rate: what becomes of the alert, and for how long. */
  readonly newAction?: NewAction;
  readonly timeoutSeconds?: number;
  /** Of suppress: whose alerts; null: all. */
  readonly addresses?: AddressSet | null;
}

/** What a rule has of them. */
export function thresholdsOf(conditions: readonly Condition[]): readonly Threshold[] {
  const found: Threshold[] = [];
  for (const condition of conditions)
    if (condition.keyword === 'threshold' || condition.keyword === 'detection_filter')
      found.push(thresholdOf(condition));
  return packed(found);
}

function thresholdOf(condition: Condition): Threshold {
  const { type, track, count, seconds, multiplier, uniqueOn } = fieldsOf(condition);
  return {
    ...(multiplier === undefined ? {} : { multiplier: Number(multiplier) }),
    ...(uniqueOn === undefined ? {} : { uniqueOn: uniqueOn as 'src_port' | 'dst_port' }),
    type: condition.keyword === 'threshold' ? (type as Threshold['type']) : 'detection',
    track: track as ThresholdTrack,
    count: Number(count),
    seconds: Number(seconds),
  };
}

/** silent: no alert, but the rule's action holds; nothing: as if it had not matched. */
export type Verdict = 'alert' | 'silent' | 'nothing';

/** What is counted of one rule and one address, pair or flow. */
export class Counter {
  startUs: number;
  count = 1;
  /** Of rate: since when the other action holds; -1: it does not. */
  since = -1;
  /** Of backoff: what is counted up to next; 0: the threshold's own number. */
  next = 0;
  /** The ports that were counted; null: all matches count. */
  ports: Set<number> | null = null;

  constructor(timeUs: number) {
    this.startUs = timeUs;
  }
}

const SECOND_US = 1_000_000;

/** Alerts at the match that completes the number, each time of a greater one; what is between them is silent. */
export function judgeBackoff(
  { count, multiplier = 1 }: Threshold,
  counter: Counter | undefined,
  timeUs: number,
  keep: (counter: Counter) => void,
): Verdict {
  const held = counter ?? new Counter(timeUs);
  if (counter === undefined) keep(held);
  else held.count += 1;
  const isFirst = held.next === 0;
  const next = isFirst ? count : held.next;
  if (held.count < next) return isFirst ? 'nothing' : 'silent';
  held.next = next * multiplier;
  return 'alert';
}

/** Of each port the first match in its time counts; once there are enough of them, every match alerts. */
export function judgePorts(
  { count, seconds }: Threshold,
  port: number,
  counter: Counter | undefined,
  timeUs: number,
  keep: (counter: Counter) => void,
): Verdict {
  const isOver = counter !== undefined && timeUs > counter.startUs + seconds * SECOND_US;
  const held = counter ?? new Counter(timeUs);
  if (counter === undefined) keep(held);
  if (isOver) held.startUs = timeUs;
  if (isOver || held.ports === null) held.ports = new Set();
  // More of them change nothing before its time is over.
  if (held.ports.size <= count) held.ports.add(port);
  held.count = held.ports.size;
  return held.count > count ? 'alert' : 'nothing';
}

/** `counter`: undefined at the first match. `keep` is given the counter that the first match begins. */
export function judge(
  threshold: Threshold,
  counter: Counter | undefined,
  timeUs: number,
  keep: (counter: Counter) => void,
): Verdict {
  const { type, count, seconds } = threshold;
  if (counter === undefined) {
    // A threshold of one counts nothing.
    if (type !== 'threshold' || count !== 1) keep(new Counter(timeUs));
    if (type === 'limit' || type === 'rate') return 'alert';
    return type !== 'detection' && count === 1 ? 'alert' : 'nothing';
  }
  if (timeUs > counter.startUs + seconds * SECOND_US) {
    counter.startUs = timeUs;
    counter.count = 1;
    if (type === 'limit') return 'alert';
    return type === 'both' && count === 1 ? 'alert' : 'nothing';
  }
  counter.count += 1;
  switch (type) {
    case 'limit':
      return counter.count <= count ? 'alert' : 'silent';
    case 'threshold':
      if (counter.count < count) return 'nothing';
      counter.count = 0;
      return 'alert';
    case 'both':
      if (counter.count === count) return 'alert';
      return counter.count > count ? 'silent' : 'nothing';
    default:
      return counter.count > count ? 'alert' : 'nothing';
  }
}

export const isWindowOver = ({ seconds }: Threshold, counter: Counter | undefined, timeUs: number): boolean =>
  counter !== undefined && timeUs > counter.startUs + seconds * SECOND_US;

/** The action that a rate_filter puts in the place of the rule's own; null: it keeps its own. */
export function judgeRate(
  threshold: Threshold,
  counter: Counter | undefined,
  timeUs: number,
  keep: (counter: Counter) => void,
): NewAction | null {
  const { count, seconds, timeoutSeconds = 0, newAction = 'alert' } = threshold;
  if (counter === undefined) {
    keep(new Counter(timeUs));
    return null;
  }
  if (counter.since >= 0) {
    // While it holds nothing is counted, nor with the match that finds it over; its end is told by whole seconds.
    if (wholeSeconds(timeUs) - wholeSeconds(counter.since) <= timeoutSeconds) return newAction;
    counter.since = -1;
    return null;
  }
  if (timeUs > counter.startUs + seconds * SECOND_US) {
    counter.startUs = timeUs;
    counter.count = 1;
    return null;
  }
  counter.count += 1;
  if (counter.count <= count) return null;
  counter.since = timeUs;
  return newAction;
}

const wholeSeconds = (timeUs: number): number => Math.floor(timeUs / SECOND_US);
