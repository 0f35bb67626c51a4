/**
 * Suricata puts the rules about TCP and UDP into groups by the port of the server, and what it looks for in a flow depends on
 * all rules of the flow's group. Here rules are found by other means; of the groups it is only known what they look for.
 * Ports that the same rules name are one group. Of these the first ones have one of their own, by how costly their rules are
 * and how many; the rules of all others are in one that stands for every port left.
 */
import type { Range } from '../rules/ranges.ts';

export interface GroupedRule {
  readonly pieces: readonly Range<number>[];
  /** Bits of what it has looked for. */
  readonly features: number;
  /** Of how it is asked: a costly one keeps its ports out of the common group. */
  readonly cost: number;
}

/** Where nothing is asked. */
export const NO_GROUP = -1;

const COSTS = [0, 33, 55, 77, 99, 111];
const WELL_KNOWN = COSTS.length - 1;
/** What makes a rule costly, as places in the list above. */
export const COST = { none: 0, syn: 1, byte: 2, negated: 3, unsearched: 4 } as const;

const FEATURES_MAX = 16;
const PORTS = 65_536;
const SINGLE = 2;
const RANGE = 1;

/** Rules that name the very same ports. */
interface Entry {
  readonly low: number;
  readonly high: number;
  readonly tally: Tally;
}

interface Group {
  readonly low: number;
  high: number;
  readonly features: number;
  readonly cost: number;
  readonly count: number;
  readonly mark: number;
}

export class PortGroups {
  /** Where the ports begin that have the features beside them. */
  readonly #starts: Uint16Array;
  readonly #features: Int32Array;

  /** `most`: as many groups have ports of their own. */
  constructor(rules: Iterable<GroupedRule>, wellKnown: ReadonlySet<number>, most: number) {
    const groups = groupsOf(entriesOf(rules, wellKnown));
    const byRank = groups
      .map((group, place) => ({ group, place }))
      .sort((a, b) => b.group.cost - a.group.cost || b.group.count - a.group.count || a.place - b.place);
    const joined = byRank.slice(most).map(({ group }) => group);
    const common = joined.length === 0 ? NO_GROUP : joined.reduce((bits, { features }) => bits | features, 0);
    const isJoined = new Set(joined);
    const starts: number[] = [];
    const features: number[] = [];
    const begin = (port: number, what: number): void => {
      starts.push(port);
      features.push(what);
    };
    let next = 0;
    for (const group of groups) {
      if (isJoined.has(group)) continue;
      if (group.low > next) begin(next, common);
      begin(group.low, group.features);
      next = group.high + 1;
    }
    if (next < PORTS) begin(next, common);
    this.#starts = Uint16Array.from(starts);
    this.#features = Int32Array.from(features);
  }

  /** Bits of what is looked for with the server's port. */
  featuresOf(port: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#starts[middle]! <= port) low = middle;
      else high = middle - 1;
    }
    return this.#features[low]!;
  }
}

/** Of several rules together: how many, with which features and costs, and a number that tells sets of rules apart. */
class Tally {
  count = 0;
  mark = 0;
  readonly #features = new Int32Array(FEATURES_MAX);
  readonly #costs = new Int32Array(COSTS.length);

  note(features: number, mark: number): void {
    this.count += 1;
    this.mark += mark;
    for (let bit = 0; features >> bit !== 0; bit += 1) this.#features[bit]! += (features >> bit) & 1;
  }

  noteCost(cost: number): void {
    this.#costs[cost]! += 1;
  }

  add(other: Tally, times: 1 | -1): void {
    this.count += times * other.count;
    this.mark += times * other.mark;
    for (let bit = 0; bit < FEATURES_MAX; bit += 1) this.#features[bit]! += times * other.#features[bit]!;
    for (let cost = 0; cost < COSTS.length; cost += 1) this.#costs[cost]! += times * other.#costs[cost]!;
  }

  get features(): number {
    return this.#features.reduce((bits, count, bit) => (count > 0 ? bits | (1 << bit) : bits), 0);
  }

  get cost(): number {
    return this.#costs.findLastIndex((count) => count > 0);
  }
}

function entriesOf(rules: Iterable<GroupedRule>, wellKnown: ReadonlySet<number>): Entry[] {
  const entries = new Map<number, Entry>();
  let place = 0;
  for (const { pieces, features, cost } of rules) {
    place += 1;
    const mark = Math.imul(place, 0x9e37_79b1) >>> 0;
    for (const [low, high] of pieces) {
      const key = low * PORTS + high;
      let entry = entries.get(key);
      if (entry === undefined) {
        entry = { low, high, tally: new Tally() };
        entries.set(key, entry);
      }
      entry.tally.note(features, mark);
      entry.tally.noteCost(low === high && wellKnown.has(low) ? WELL_KNOWN : cost);
    }
  }
  return [...entries.values()];
}

/** By rising ports. */
function groupsOf(entries: readonly Entry[]): Group[] {
  const beginning = entries.toSorted((a, b) => a.low - b.low);
  const ending = entries.toSorted((a, b) => a.high - b.high);
  const around = new Tally();
  const groups: Group[] = [];
  let [begun, ended] = [0, 0];
  for (const [low, high] of stretches(entries)) {
    for (; begun < beginning.length && beginning[begun]!.low <= high; begun += 1)
      around.add(beginning[begun]!.tally, 1);
    for (; ended < ending.length && ending[ended]!.high < low; ended += 1) around.add(ending[ended]!.tally, -1);
    if (around.count === 0) continue;
    const last = groups.at(-1);
    const { count, mark, features, cost } = around;
    if (last !== undefined && last.high + 1 === low && last.count === count && last.mark === mark) last.high = high;
    else groups.push({ low, high, features, cost, count, mark });
  }
  return groups;
}

/**
 * The ports between which something may change. A range that begins right behind a port where another one goes on has that
 * port in its group, as in Suricata.
 */
function* stretches(entries: readonly Entry[]): Generator<Range<number>> {
  const kinds = kindsOf(entries);
  const points: number[] = [];
  for (let port = 0; port < PORTS; port += 1) if (kinds[port] !== 0) points.push(port);
  if (points.length === 0) return;
  let at = points[0]!;
  if (points.length === 1) yield [at, at];
  for (const point of points.slice(1)) {
    let isCut = false;
    if (at < point && kinds[at] === SINGLE) {
      yield [at, at];
      at += 1;
      isCut = true;
    }
    if (kinds[point] === SINGLE) {
      if (at < point) yield [at, point - 1];
      yield [point, point];
      at = point + 1;
    } else if (at + 1 >= point && !isCut) {
      yield [at, point];
      at = point + 1;
    } else {
      if (at < point) yield [at, point - 1];
      at = point;
    }
  }
}

/** Where ranges begin; where they end, and single ports. */
function kindsOf(entries: readonly Entry[]): Uint8Array {
  const kinds = new Uint8Array(PORTS);
  for (const { low, high } of entries) {
    const isSingle = low === high;
    if (kinds[low] === 0) kinds[low] = isSingle ? SINGLE : RANGE;
    else if ((kinds[low] === SINGLE) !== isSingle && low + 1 < PORTS && kinds[low + 1] === 0) kinds[low + 1] = RANGE;
    kinds[high] = SINGLE;
  }
  return kinds;
}
