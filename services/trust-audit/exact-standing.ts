/**
 * How a provider may stand after the entries of the log and an operator's decisions, made anew by the rules of docs/trust.md.
 * Two things no log tells: between which entries a decision came, and how far event time had come before an entry, because
 * what was only repeated moves it, too. So every way it can have been is followed; what was decided and published must be
 * what one and the same of them gives. Ways that differ in nothing but their place are one, with a range.
 */
import type { StandingNow } from '../../schemas/index.ts';
import type { StandingDecision } from '../../schemas/standing/index.ts';
import { NEAR, TRUST_NEAR } from './compare.ts';
import { type ProviderReplay, SKEW_MS } from './provider-replay.ts';

export interface StandingTerms {
  /** Less trust of all, and a lower mean of late, than this. */
  readonly below: number;
  readonly ratersMin: number;
  readonly forMs: number;
  readonly strikes: number;
}

interface Stand {
  readonly standing: string;
  readonly since: number;
  readonly until: number | null;
  readonly blacklistings: number;
  /** null: words that the engine found by itself. */
  readonly says: string | null;
}

interface Way extends Stand {
  /** Interactions when it came to stand so: from, and up to. */
  readonly from: number;
  readonly to: number;
  /** Decisions that were done. */
  readonly decided: number;
}

const NORMAL: Way = {
  ...{ standing: 'normal', since: 0, until: null, blacklistings: 0, says: null },
  from: 0,
  to: 0,
  decided: 0,
};
const WAYS_MAX = 256;

export class ExactStanding {
  readonly #terms: StandingTerms | null;
  readonly #decisions: readonly StandingDecision[];
  #ways: readonly Way[];
  #interactions = 0;
  /** Too many ways to follow. */
  #isOpen = false;

  /** `decisions`: of this provider, in their order; more may be added behind them. Without terms nobody is judged. */
  constructor(terms: StandingTerms | null, decisions: readonly StandingDecision[]) {
    this.#terms = terms;
    this.#decisions = decisions;
    this.#ways = [NORMAL];
  }

  /** One more entry counts, received at this time; `reachedMs`: event time by the entries before it. */
  take(known: ProviderReplay, receivedMs: number, reachedMs: number): void {
    this.#follow((way) => this.#passed(way, receivedMs + SKEW_MS));
    this.#decide();
    this.#interactions = known.interactions;
    this.#follow((way) => this.#judged(way, known, receivedMs, reachedMs));
    this.#decide();
  }

  /** Event time has come so far, whoever was served. */
  reach(receivedMs: number): void {
    if (this.#terms === null || !this.#ways.some(({ until }) => until !== null && until <= receivedMs)) return;
    this.#follow((way) => this.#passed(way, receivedMs).slice(-1));
    this.#decide();
  }

  /** When a blacklisting that may be in force ends first. */
  get dueMs(): number {
    return this.#ways.reduce((first, { until }) => Math.min(first, until ?? first), Number.POSITIVE_INFINITY);
  }

  /** What differs, in words; null where it can be. At least so many of the decisions were done before it was published. */
  difference(published: StandingNow, decidedMin: number, nowMs: number): string | null {
    if (this.#isOpen) return null;
    this.#decide();
    const ways = this.#ways.flatMap((way) => this.#passed(way, nowMs + SKEW_MS));
    if (ways.some((way) => way.decided >= decidedMin && isSame(way, published))) return null;
    const [one] = ways.filter(({ decided }) => decided >= decidedMin);
    const stands = `it stands as ${words(published)}`;
    if (one === undefined) return `${stands}; what was decided of it does not follow from the log`;
    return `${stands}, log and decisions give ${words(one)}${one.says === null ? '' : ` (${one.says})`}`;
  }

  #follow(step: (way: Way) => readonly Way[]): void {
    this.#ways = this.#merged(this.#ways.flatMap(step));
  }

  /** Both: as it was, and reintegrated where its time was over by then. */
  #passed(way: Way, timeMs: number): readonly Way[] {
    if (this.#terms === null || way.until === null || way.until > timeMs) return [way];
    const at = this.#interactions;
    return [way, { ...way, standing: 'reintegrated', since: way.until, until: null, says: null, from: at, to: at }];
  }

  #judged(way: Way, known: ProviderReplay, receivedMs: number, reachedMs: number): readonly Way[] {
    if (this.#terms === null || isOut(way)) return [way];
    const { below, ratersMin, forMs, strikes } = this.#terms;
    const { interactions } = known;
    const raters = known.ratersAt(receivedMs, reachedMs);
    // Whoever is left has at least as many interactions: of those since that were forgotten nothing need be known.
    if (raters.most < ratersMin || interactions - way.from < ratersMin) return [way];
    const bad = isBelow(known.recent, below, NEAR);
    const isFarBelow =
      way.standing === 'reintegrated' || bad === 'no' ? bad : both(bad, isBelow(known.trust, below, TRUST_NEAR));
    const isBad = both(isFarBelow, raters.sure >= ratersMin ? 'yes' : 'maybe');
    if (isBad === 'no' && raters.isFaded) return [way];
    const blacklistings = way.blacklistings + 1;
    const isForGood = blacklistings >= strikes;
    const out: Way = {
      ...{ standing: isForGood ? 'permanent' : 'blacklisted', since: receivedMs, blacklistings, says: null },
      until: isForGood ? null : receivedMs + forMs * 2 ** (blacklistings - 1),
      ...{ from: interactions, to: interactions, decided: way.decided },
    };
    // Of a range the later part is not known well enough yet.
    const last = interactions - ratersMin;
    const rest = way.to > last ? [{ ...way, from: last + 1 }] : [];
    return isBad === 'maybe' || !raters.isFaded ? [way, out] : [...rest, out];
  }

  /** Here may be where the next decisions came. */
  #decide(): void {
    if (this.#decisions.length === 0 || this.#interactions === 0) return;
    const all: Way[] = [];
    for (let ways: readonly Way[] = this.#ways; ways.length > 0; ) {
      all.push(...ways);
      ways = ways.flatMap((way) => this.#decided(way));
    }
    this.#ways = this.#merged(all);
  }

  /** None where the next decision does not fit. */
  #decided(way: Way): readonly Way[] {
    const decision = this.#decisions[way.decided];
    if (decision === undefined || !isSame(way, decision.before)) return [];
    const { action, by, why, at } = decision;
    const decided = way.decided + 1;
    const here = { from: this.#interactions, to: this.#interactions, decided };
    const says = `${WORDS[action]} by ${by}: ${why}`;
    const { blacklistings } = way;
    const after: Way | null =
      action === 'ban'
        ? way.standing === 'permanent'
          ? null
          : { standing: 'permanent', since: at, until: null, blacklistings: blacklistings + 1, says, ...here }
        : !isOut(way)
          ? null
          : action === 'refuse'
            ? { ...way, says, decided }
            : { standing: 'reintegrated', since: at, until: null, blacklistings, says, ...here };
    return after !== null && isSame(after, decision.after) ? [after] : [];
  }

  #merged(ways: readonly Way[]): readonly Way[] {
    if (this.#isOpen || ways.length > WAYS_MAX) {
      this.#isOpen = true;
      return [NORMAL];
    }
    if (ways.length === 1) return ways;
    const byStand = Map.groupBy(ways, ({ from: _from, to: _to, ...rest }) => JSON.stringify(rest));
    return [...byStand.values()].flatMap(joined);
  }
}

const WORDS = { ban: 'banned', grant: 'appeal granted', refuse: 'appeal refused' } as const;

/** Ranges that touch are one. */
function joined(ways: readonly Way[]): readonly Way[] {
  const sorted = [...ways].sort((a, b) => a.from - b.from);
  const all: Way[] = [];
  for (const way of sorted) {
    const last = all.at(-1);
    if (last !== undefined && way.from <= last.to + 1) all[all.length - 1] = { ...last, to: Math.max(last.to, way.to) };
    else all.push(way);
  }
  return all;
}

type Answer = 'yes' | 'no' | 'maybe';

/** What is as near as rounding may have been on either side. */
function isBelow(value: number, limit: number, near: number): Answer {
  if (Math.abs(value - limit) <= near) return 'maybe';
  return value < limit ? 'yes' : 'no';
}

function both(one: Answer, other: Answer): Answer {
  if (one === 'no' || other === 'no') return 'no';
  return one === 'yes' && other === 'yes' ? 'yes' : 'maybe';
}

const isOut = ({ standing }: Stand): boolean => standing === 'blacklisted' || standing === 'permanent';

const isSame = (way: Stand, told: StandingNow): boolean =>
  way.standing === told.standing &&
  way.since === told.since &&
  way.until === told.until &&
  way.blacklistings === told.blacklistings &&
  (way.says === null || way.says === told.says);

function words({ standing, since, until, blacklistings }: Stand | StandingNow): string {
  if (standing === 'normal') return 'normal';
  const end = until === null ? '' : ` until ${new Date(until).toISOString()}`;
  return `${standing} since ${new Date(since).toISOString()}${end} (blacklistings: ${blacklistings})`;
}
