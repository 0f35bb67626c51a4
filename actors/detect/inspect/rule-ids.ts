/**
 * Numbers for rules, by which what flows remember outlives a change of rules: a rule that is in a later set, too, has the same
 * number there, also where sets without it came between, and whether or not a set is still in memory. A number is never given to
 * another rule.
 */
import { createHash } from 'node:crypto';

/** Rules that are known; beyond it those that were not in any set for longest are forgotten. */
export const RULES_KNOWN_MAX = 1_000_000;
const DIGEST_CHARS = 22;

export class RuleIds {
  /** By a digest of the identity: rules are long. Those of the last set behind all others. */
  readonly #known = new Map<string, number>();
  #next = 0;

  /** Of a set; each identity is there once. */
  assign(identities: readonly string[]): Int32Array {
    const known = this.#known;
    const ids = Int32Array.from(identities, (identity) => {
      const digest = createHash('sha256').update(identity).digest('base64').slice(0, DIGEST_CHARS);
      const id = known.get(digest) ?? this.#next++;
      known.delete(digest);
      known.set(digest, id);
      return id;
    });
    for (const digest of known.keys()) {
      if (known.size <= Math.max(RULES_KNOWN_MAX, ids.length)) break;
      known.delete(digest);
    }
    return ids;
  }
}
