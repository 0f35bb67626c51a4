/** Rows of `PairTrust` by trustor and trustee, in one growing array: for those who have no engine's state around them. */
import { PAIR_DOUBLES } from './pair-trust.ts';

export class PairTable {
  doubles = new Float64Array(64 * PAIR_DOUBLES);
  readonly #rows = new Map<string, Map<string, number>>();
  #used = 0;

  /** Place of the pair's row in `doubles`. */
  rowFor(trustor: string, trustee: string): number {
    let row = this.#rows.get(trustor);
    if (row === undefined) {
      row = new Map();
      this.#rows.set(trustor, row);
    }
    let at = row.get(trustee);
    if (at === undefined) {
      at = this.#used;
      this.#used += PAIR_DOUBLES;
      if (this.#used > this.doubles.length) {
        const grown = new Float64Array(2 * this.doubles.length);
        grown.set(this.doubles);
        this.doubles = grown;
      }
      row.set(trustee, at);
    }
    return at;
  }
}
