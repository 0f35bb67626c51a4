/** The rules of some files: those that were accepted, and each refused one with its place and reason. */

import { finished, type Steps } from './finished.ts';
import { type ListFiles, type RuleGivens, RuleLists } from './lists.ts';
import { parseRule } from './parse-rule.ts';
import type { Rule } from './rule.ts';
import { placeIn, ruleTexts } from './rule-lines.ts';
import { type MistakeKind, RuleMistake } from './rule-mistake.ts';
import type { DataSet } from './sets.ts';
import type { Variables } from './variables.ts';

export interface RuleFile {
  readonly name: string;
  /** One character for each byte (latin1). */
  readonly text: string;
  /** The lists that its rules name (`listNames`), where there are any. */
  readonly lists?: ListFiles;
}

export interface AcceptedRule {
  readonly rule: Rule;
  /** As it was read: two rules of one text are the same rule. */
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

export interface RefusedRule {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly keyword: string;
  readonly kind: MistakeKind;
  readonly says: string;
}

export interface RuleSet {
  readonly accepted: readonly AcceptedRule[];
  readonly refused: readonly RefusedRule[];
  /** All that are known by a name. */
  readonly sets: readonly DataSet[];
}

const NO_LISTS: ListFiles = new Map();

export function readRules(files: Iterable<RuleFile>, variables: Variables, given: RuleGivens = {}): RuleSet {
  return finished(readingRules(files, variables, given));
}

/** One rule a step, for whoever has something else to do meanwhile. */
export function* readingRules(files: Iterable<RuleFile>, variables: Variables, given: RuleGivens = {}): Steps<RuleSet> {
  const sets = new Map((given.sets ?? []).map((set) => [set.name, set] as const));
  const accepted: AcceptedRule[] = [];
  const refused: RefusedRule[] = [];
  const seen = new Map<string, AcceptedRule>();
  for (const { name: file, text, lists = NO_LISTS } of files) {
    const known = new RuleLists(lists, sets, given);
    for (const ruleText of ruleTexts(text)) {
      try {
        const { text: own, line } = ruleText;
        const one = { rule: parseRule(own, variables, known), text: own, file, line };
        const id = `${one.rule.gid}:${one.rule.sid}`;
        const before = seen.get(id);
        if (before !== undefined && before.rule.rev >= one.rule.rev)
          throw new RuleMistake('wrong', 'sid', `${id} is taken by ${before.file}:${before.line}`, 0);
        // A newer revision takes the place of the older one.
        if (before !== undefined) accepted[accepted.indexOf(before)] = one;
        else accepted.push(one);
        seen.set(id, one);
      } catch (thrown) {
        if (!(thrown instanceof RuleMistake)) throw thrown;
        const { keyword, kind, message: says } = thrown;
        refused.push({ file, ...placeIn(ruleText, thrown.at ?? 0), keyword, kind, says });
      }
      yield 1;
    }
  }
  return { accepted, refused, sets: [...sets.values()] };
}
