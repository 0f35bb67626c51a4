/**
 * Numbers for rules, by which what flows remember outlives a change of rules: a rule that is in a later set, too, has the same
 * number there, also where sets without it came between, and whether or not a set is still in memory. A number is never given to
 * another rule.
 */
import { hash } from 'node:crypto';
import { finished, type Steps } from '../rules/finished.ts';

/** Rules that are known; beyond it those that were not in any set for longest are forgotten. */
const RULES_KNOWN_MAX = 1_000_000;
const DIGEST_CHARS = 22;
/** As many are assigned while a rule is made. */
const IDS_A_RULE = 8;

export class RuleIds {
  /** By a digest of the identity: rules are long. Those of the last set behind all others. */
  readonly #known = new Map<string, number>();
  #next = 0;
  /** Of the first set, as long as no other came: nobody has to be told from others yet. */
  #first: readonly string[] | null = null;

  /** Of a set; each identity is there once. */
  assign(identities: readonly string[]): Int32Array {
    return finished(this.assigning(identities));
  }

  *assigning(identities: readonly string[]): Steps<Int32Array> {
    const known = this.#known;
    const ids = new Int32Array(identities.length);
    if (this.#next === 0) {
      this.#first = identities;
      this.#next = identities.length;
      return ids.map((_, i) => i);
    }
    if (this.#first !== null) {
      for (const [i, identity] of this.#first.entries()) {
        known.set(digestOf(identity), i);
        yield 1 / IDS_A_RULE;
      }
      this.#first = null;
    }
    for (const [i, identity] of identities.entries()) {
      const digest = digestOf(identity);
      ids[i] = known.get(digest) ?? this.#next++;
      known.delete(digest);
      known.set(digest, ids[i]!);
      yield 1 / IDS_A_RULE;
    }
    for (const digest of known.keys()) {
      if (known.size <= Math.max(RULES_KNOWN_MAX, ids.length)) break;
      known.delete(digest);
    }
    return ids;
  }
}

const digestOf = (identity: string): string => hash('sha256', identity, 'base64').slice(0, DIGEST_CHARS);
