/**
 * Numbers for rules, by which what flows remember outlives a change of rules: a rule that is in the next set, too, has the
 * same number there. A number is never given to another rule.
 */
export class RuleIds {
  #known: ReadonlyMap<string, number> = new Map();
  #next = 0;

  /** Of a set that takes the place of the one before; each identity is there once. */
  assign(identities: readonly string[]): Int32Array {
    const before = this.#known;
    const known = new Map<string, number>();
    const ids = Int32Array.from(identities, (identity) => {
      const id = before.get(identity) ?? this.#next++;
      known.set(identity, id);
      return id;
    });
    this.#known = known;
    return ids;
  }
}
