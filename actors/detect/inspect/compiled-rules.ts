/**
 * A set of rules made ready for asking. It remembers nothing of traffic, so that all sensors of a thread may share it, and
 * it is made in steps, so that a thread that examines packets meanwhile is never held up for long.
 */

import { Expense } from '../match/index.ts';
import type { AnyProtocol, Fingerprints } from '../protocols/index.ts';
import { finished, LONG_STEP, type Steps } from '../rules/finished.ts';
import { APPLICATION_PROTOCOLS } from '../rules/protocols.ts';
import type { Condition } from '../rules/rule.ts';
import type { AcceptedRule } from '../rules/rule-set.ts';
import type { RuleClass } from './classes.ts';
import { Names } from './names.ts';
import { RuleGroups } from './rule-groups.ts';
import { RuleIds } from './rule-ids.ts';
import { asksStreamAndBody } from './rule-type.ts';
import { cannotAsk } from './runnable.ts';
import { SetDesk } from './set-memory.ts';
import { makingSignatures, type Signature } from './signature.ts';
import { applyThresholds, type ThresholdLine } from './threshold-file.ts';

export interface RuleSurroundings {
  readonly protocols: readonly AnyProtocol[];
  readonly classes: ReadonlyMap<string, RuleClass>;
  readonly thresholds: readonly ThresholdLine[];
  /** As alerts name the set; null: they do not. */
  readonly ruleSet: string | null;
}

/** What sets have in common that are used one after the other: the names and numbers by which flows remember. */
export class RuleLine {
  readonly names = new Names();
  readonly ids = new RuleIds();
}

export interface LeftRule {
  readonly rule: AcceptedRule;
  readonly part: string;
}

/** An earlier set beside this one. */
interface Comparison {
  readonly places: ReadonlyMap<number, number>;
  readonly addressRules: readonly Signature[];
}

export class CompiledRules {
  readonly line: RuleLine;
  readonly ruleSet: string | null;
  readonly signatures: readonly Signature[];
  /** Rules that were not loaded, with what of them cannot be asked here. */
  readonly left: readonly LeftRule[];
  readonly groups: RuleGroups;
  /** What the packet at hand may cost. */
  readonly expense: Expense;
  /** Whose sets the rules look things up in. */
  readonly sets: SetDesk;
  /** Numbers of the signatures, by their order. */
  readonly ids: Int32Array;
  /** Which rules ask for. */
  readonly fingerprints: Fingerprints;
  /** Some ask for bodies beside the stream. */
  readonly looksBack: boolean;
  /** One asks whether what comes again in a stream has other bytes: more of all streams is kept for that. */
  readonly comparesOverlaps: boolean;
  /** By the numbers of the earlier set, which its flows hold. */
  readonly #compared = new WeakMap<Int32Array, Comparison>();

  constructor(
    parts: Pick<CompiledRules, 'line' | 'ruleSet' | 'signatures' | 'left' | 'groups' | 'ids' | 'expense' | 'sets'>,
  ) {
    this.line = parts.line;
    this.ruleSet = parts.ruleSet;
    this.signatures = parts.signatures;
    this.left = parts.left;
    this.groups = parts.groups;
    this.expense = parts.expense;
    this.sets = parts.sets;
    this.ids = parts.ids;
    const buffers = new Set<string>();
    let [looksBack, comparesOverlaps] = [false, false];
    for (const { rule } of parts.signatures) {
      looksBack ||= asksStreamAndBody(rule);
      for (const { buffer } of rule.buffers) buffers.add(buffer);
      for (const condition of rule.conditions) comparesOverlaps ||= asksOverlaps(condition);
    }
    this.looksBack = looksBack;
    this.comparesOverlaps = comparesOverlaps;
    const asks = (name: RegExp): boolean => [...buffers].some((buffer) => name.test(buffer));
    this.fingerprints = { ja3: asks(/^ja3s?\./), hassh: asks(/^ssh\.hassh/) };
  }

  /** Orders in an earlier set, known by its numbers, and here, of the rules that are in both. */
  placesOf(before: Int32Array): ReadonlyMap<number, number> {
    return this.#compare(before).places;
  }

  /** Rules about addresses alone that an earlier set did not have. */
  addressRulesSince(before: Int32Array): readonly Signature[] {
    return this.#compare(before).addressRules;
  }

  /** Once for all flows that were begun with the same set. */
  #compare(before: Int32Array): Comparison {
    const known = this.#compared.get(before);
    if (known !== undefined) return known;
    const orders = new Map(Array.from(before, (id, order) => [id, order] as const));
    const places = new Map<number, number>();
    for (const [order, id] of this.ids.entries()) {
      const place = orders.get(id);
      if (place !== undefined) places.set(place, order);
    }
    const addressRules = this.groups.addressRules.filter(({ order }) => !orders.has(this.ids[order]!));
    const comparison = { places, addressRules };
    this.#compared.set(before, comparison);
    return comparison;
  }
}

const OVERLAP_EVENT = 'reassembly_overlap_different_data';

const asksOverlaps = ({ keyword, value }: Condition): boolean =>
  (keyword === 'stream-event' || keyword === 'engine-event.stream') &&
  value.type === 'words' &&
  value.words.includes(OVERLAP_EVENT);

/** About one rule a step, and one group of rules. */
export function* compiling(
  rules: readonly AcceptedRule[],
  { protocols, classes, thresholds, ruleSet }: RuleSurroundings,
  line: RuleLine = new RuleLine(),
): Steps<CompiledRules> {
  const left: LeftRule[] = [];
  const loaded: AcceptedRule[] = [];
  for (const rule of rules) {
    const part = cannotAsk(rule.rule, protocols, APPLICATION_PROTOCOLS);
    if (part === null) loaded.push(rule);
    else left.push({ rule, part });
    yield 1;
  }
  const { names } = line;
  const expense = new Expense();
  const sets = new SetDesk();
  const context = { protocols, classes, names, ruleSet, expense, sets };
  const { signatures, identities } = yield* makingSignatures(loaded, context);
  yield LONG_STEP;
  applyThresholds(signatures, thresholds);
  const groups = yield* RuleGroups.making(signatures, protocols);
  const ids = yield* line.ids.assigning(identities);
  return new CompiledRules({ line, ruleSet, signatures, left, groups, ids, expense, sets });
}

export function compileRules(
  rules: readonly AcceptedRule[],
  surroundings: RuleSurroundings,
  line?: RuleLine,
): CompiledRules {
  return finished(compiling(rules, surroundings, line));
}
