/**
 * What detection has found, for people's eyes: the newest alerts, and how many there are by rule, by place of capture and by
 * minute. Bounded: of what finds no room the oldest is forgotten, and what was leapt over is counted.
 */
import type { DetectedAlert } from './ports.ts';
import { Ring } from './ring.ts';

const ALERTS_KEPT = 200;
/** Records that are looked at before the first turn, and in each: a flood of alerts must not hold up the process that has it. */
const ROOM_AT_FIRST = 20_000;
const ROOM_A_TURN = 1_000;
const RULES_KEPT = 2_000;
const RULES_SHOWN = 50;
const PLACES_KEPT = 256;
const PLACES_SHOWN = 50;
const MINUTES = 60;
const MINUTE_MS = 60_000;

/** Without addresses: those are people's, and for whoever has the admin token. */
export type ShownAlert = Omit<DetectedAlert, 'from' | 'to'>;

interface Tally {
  alerts: number;
  drops: number;
  lastAt: number;
}

export interface RuleTally extends Readonly<Tally> {
  readonly gid: number;
  readonly sid: number;
  readonly signature: string;
  readonly severity: number;
  /** Places of capture where it has alerted. */
  readonly places: number;
}

interface RuleCount extends Tally {
  gid: number;
  sid: number;
  signature: string;
  severity: number;
  readonly places: Set<string>;
}

export interface PlaceTally extends Readonly<Tally> {
  readonly place: string;
}

export interface AlertView {
  readonly alerts: number;
  readonly drops: number;
  /** Records that were leapt over: more came than anybody could look at. */
  readonly passed: number;
  /** Event time of the oldest that was counted; null without any. */
  readonly since: number | null;
  readonly latest: readonly ShownAlert[];
  /** The most frequent first; `moreRules` are counted and not among them. */
  readonly rules: readonly RuleTally[];
  readonly moreRules: number;
  readonly places: readonly PlaceTally[];
  /** Alerts of each of the last 60 minutes, the oldest first. */
  readonly minutes: readonly number[];
}

export class AlertFeed {
  readonly #alerts = new Ring<DetectedAlert>(ALERTS_KEPT);
  /** In the order of use: the first is the one to forget. */
  readonly #rules = new Map<string, RuleCount>();
  readonly #places = new Map<string, Tally>();
  readonly #minutes = new Float64Array(MINUTES);
  #minute = 0;
  #drops = 0;
  #passed = 0;
  #since: number | null = null;
  #room = ROOM_AT_FIRST;

  /** Changes with every record. */
  get total(): number {
    return this.#alerts.total + this.#drops + this.#passed;
  }

  /** A turn has begun: there is room again. */
  begin(): void {
    this.#room = Math.max(this.#room, ROOM_A_TURN);
  }

  /** Whether one more may be looked at; else it is passed. */
  hasRoom(): boolean {
    if (this.#room > 0) {
      this.#room--;
      return true;
    }
    this.#passed++;
    return false;
  }

  takeAlert(alert: DetectedAlert): void {
    this.#alerts.add(alert);
    this.#since = Math.min(this.#since ?? alert.time, alert.time);
    this.#countMinute(alert.time);
    const place = this.#placeOf(alert.place);
    place.alerts++;
    place.lastAt = Math.max(place.lastAt, alert.time);
    const rule = this.#ruleOf(alert);
    rule.alerts++;
    rule.lastAt = Math.max(rule.lastAt, alert.time);
  }

  /** Of a flow that is dropped because an earlier packet was, nothing names the rule. */
  takeDrop(drop: DetectedAlert): void {
    this.#drops++;
    this.#placeOf(drop.place).drops++;
    if (drop.sid > 0) this.#ruleOf(drop).drops++;
  }

  pass(records: number): void {
    this.#passed += records;
  }

  /** With addresses, the newest first. */
  latest(limit: number): readonly DetectedAlert[] {
    return this.#alerts.newest(limit);
  }

  view(nowMs: number, shown: number): AlertView {
    this.#goTo(Math.floor(nowMs / MINUTE_MS));
    const rules = [...this.#rules.values()].sort(
      (a, b) => b.alerts + b.drops - a.alerts - a.drops || b.lastAt - a.lastAt,
    );
    const places = [...this.#places].map(([place, tally]) => ({ place, ...tally }));
    return {
      alerts: this.#alerts.total,
      drops: this.#drops,
      passed: this.#passed,
      since: this.#since,
      latest: this.#alerts.newest(shown).map(({ from: _from, to: _to, ...rest }) => rest),
      rules: rules.slice(0, RULES_SHOWN).map((rule) => ({ ...rule, places: rule.places.size })),
      moreRules: Math.max(0, rules.length - RULES_SHOWN),
      places: places.sort((a, b) => b.alerts - a.alerts || (a.place < b.place ? -1 : 1)).slice(0, PLACES_SHOWN),
      minutes: Array.from({ length: MINUTES }, (_, i) => this.#minutes[(this.#minute + 1 + i) % MINUTES]!),
    };
  }

  #ruleOf({ gid, sid, signature, severity, place }: DetectedAlert): RuleCount {
    const key = `${gid}:${sid}`;
    const known = this.#rules.get(key);
    if (known !== undefined) this.#rules.delete(key);
    else forgetOne(this.#rules, RULES_KEPT);
    const rule = known ?? { gid, sid, signature, severity, alerts: 0, drops: 0, lastAt: 0, places: new Set<string>() };
    this.#rules.set(key, rule);
    rule.signature = signature;
    rule.severity = severity;
    if (rule.places.size < PLACES_KEPT) rule.places.add(place);
    return rule;
  }

  #placeOf(place: string): Tally {
    const known = this.#places.get(place);
    if (known !== undefined) this.#places.delete(place);
    else forgetOne(this.#places, PLACES_KEPT);
    const tally = known ?? { alerts: 0, drops: 0, lastAt: 0 };
    this.#places.set(place, tally);
    return tally;
  }

  #countMinute(timeMs: number): void {
    const minute = Math.floor(timeMs / MINUTE_MS);
    if (this.#minute === 0) this.#minute = minute;
    if (minute > this.#minute) this.#goTo(minute);
    if (minute > this.#minute - MINUTES) this.#minutes[minute % MINUTES]!++;
  }

  #goTo(minute: number): void {
    if (minute <= this.#minute) return;
    if (minute - this.#minute >= MINUTES) this.#minutes.fill(0);
    else for (let next = this.#minute + 1; next <= minute; next++) this.#minutes[next % MINUTES] = 0;
    this.#minute = minute;
  }
}

function forgetOne<T>(map: Map<string, T>, max: number): void {
  if (map.size < max) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}
