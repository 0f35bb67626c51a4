/**
 * Which rules a task examines with, as the words between its packets say. A bundle that cannot be used changes nothing but
 * what is told: the rules before stay in force.
 */
import { errorData, MsecError } from '../../../engine/index.ts';
import type { RulesWord } from '../../../schemas/network/index.ts';
import type { EveRecord } from '../eve/index.ts';
import type { CompiledRules } from '../inspect/index.ts';
import type { RuleShop } from './rule-shop.ts';

/** What became of a word. */
export interface RuleChange {
  /** To be used from here on, by all sensors of the task. */
  readonly rules: CompiledRules;
  /** The word is to be kept for `restore`; else its bundle was refused, and the rules are those before. */
  readonly isInForce: boolean;
  /** For ids.events, of type `rules`. */
  readonly about: EveRecord;
}

export class RulesInForce {
  readonly #shop: RuleShop;
  #rules: CompiledRules;
  /** Also of a word that was refused. */
  #sequence = 0;

  constructor(shop: RuleShop) {
    this.#shop = shop;
    this.#rules = shop.first;
  }

  get rules(): CompiledRules {
    return this.#rules;
  }

  /** Between packets: a set that was announced comes nearer, at most some milliseconds a call. */
  step(): void {
    this.#shop.step();
  }

  /**
   * As it was when this word was kept. Where its bundle cannot be used any more it is as without a bundle, and the same word,
   * which comes again with each start, says why. DEPENDENCY_DOWN.
   */
  restore(word: RulesWord | null): CompiledRules {
    this.#sequence = word?.sequence ?? 0;
    this.#rules = this.#shop.first;
    if (word === null || this.#said(word).state === 'in force') return this.#rules;
    this.#sequence -= 1;
    return this.#rules;
  }

  /** Null where it changes nothing. DEPENDENCY_DOWN pauses the task at the word: packets behind it wait for their rules. */
  take(word: RulesWord): RuleChange | null {
    if (word.sequence <= this.#sequence) return null;
    if (word.phase === 'prepare') {
      this.#shop.announce(word.digest);
      return null;
    }
    const before = this.#rules.ruleSet;
    const said = { ...this.#said(word), sequence: word.sequence, digest: word.digest };
    this.#sequence = word.sequence;
    const about = { rule_set: this.#rules.ruleSet, before, ...said };
    return { rules: this.#rules, isInForce: said.state === 'in force', about };
  }

  /** The word's rules are in force, or it is said why not. */
  #said({ digest }: RulesWord) {
    try {
      this.#rules = this.#shop.rulesOf(digest);
      return { state: 'in force', loaded: this.#rules.signatures.length } as const;
    } catch (thrown) {
      if (thrown instanceof MsecError && thrown.retriable) throw thrown;
      return { state: 'refused', why: errorData(thrown).message } as const;
    }
  }
}
