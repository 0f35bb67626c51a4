/**
 * Where a relative content can lie, worked out from the contents before it. Suricata does so for its prefilter and then
 * holds contents to it, also where the sum is wrong: behind a negated content, where a distance leads back, and where a
 * variable stands in a place. Rules meet that, so the sums are the same here.
 */
import type { Amount, ContentTerm, Term } from '../rules/rule.ts';
import type { VariableSlots } from './variables.ts';

const PLACE_MAX = 0xffff;

export interface ChainedPlace {
  /** Not before this place of the buffer. */
  readonly low: number;
  /** Not beyond so many bytes behind where the term before ended; 0: no bound. */
  readonly depth: number;
}

export const ANYWHERE: ChainedPlace = { low: 0, depth: 0 };

/** One for each term. */
export function chainedPlaces(terms: readonly Term[], slots: VariableSlots): ChainedPlace[] {
  const found = terms.map(() => ANYWHERE);
  const chain = new Chain(slots);
  for (const [i, term] of terms.entries()) {
    if (term.kind !== 'content') {
      chain.other(term.kind === 'pcre' && term.isRelative);
      continue;
    }
    const place = chain.content(term);
    if (place === null) break;
    if (term.distance !== null || term.within !== null) found[i] = place;
  }
  return found;
}

class Chain {
  readonly #slots: VariableSlots;
  #offset = 0;
  #end = 0;
  #depth = 0;
  #isBounded = false;

  constructor(slots: VariableSlots) {
    this.#slots = slots;
  }

  other(isRelativeExpression: boolean): void {
    this.#depth = 0;
    this.#isBounded = false;
    if (!isRelativeExpression) this.#reset(0);
  }

  /** null: the sum goes out of bounds, and ends here for the whole buffer. */
  content(term: ContentTerm): ChainedPlace | null {
    const { length } = term.bytes;
    const hasOffset = term.offset !== null;
    const hasDepth = term.depth !== null || term.startsWith;
    const hasWithin = term.within !== null;
    const hasDistance = term.distance !== null;
    if (!hasOffset && !hasDepth && !hasWithin && !hasDistance) return this.#reset(length);
    if (term.isNegated) return this.#reset(0);
    const distance = this.#number(term.distance);
    const within = this.#number(term.within);
    let offset = this.#number(term.offset);
    let depth = term.startsWith ? length : hasDepth ? this.#number(term.depth) + offset : 0;
    if (depth > 0) this.#isBounded = true;
    if (!hasDepth && !hasWithin) {
      this.#depth = 0;
      this.#isBounded = false;
    }
    if (!hasDistance) {
      this.#end = 0;
      this.#offset = 0;
    } else if (distance >= 0) {
      offset = this.#end + distance;
      if (offset > PLACE_MAX) return null;
      this.#offset = offset;
    }
    if (this.#isBounded && hasWithin) depth = this.#bounded(depth, within, hasDistance ? distance : 0);
    if (offset === 0 && hasDistance && distance >= 0) offset = this.#end;
    if (hasDistance && !hasOffset && !hasDepth) {
      offset = (this.#end + distance) >>> 0;
      if (offset > PLACE_MAX) return null;
      this.#offset = offset;
      this.#end = offset + length;
    }
    if (hasOffset) {
      this.#offset = offset;
      this.#end = offset + length;
    }
    if (depth > 0) {
      this.#depth = depth;
      this.#end = this.#offset + length;
    }
    if (!hasWithin && !hasDepth) {
      this.#isBounded = false;
      this.#depth = 0;
    }
    return { low: offset, depth };
  }

  #bounded(own: number, within: number, distance: number): number {
    if (this.#end > 0 && within >= 0) {
      if (this.#depth > this.#end) this.#depth += within + Math.max(0, distance);
      else this.#depth = this.#offset + within;
      return this.#depth;
    }
    if (own > 0 || this.#depth === 0 || within <= 0) return own;
    this.#depth += within;
    return this.#depth;
  }

  #reset(end: number): ChainedPlace {
    this.#offset = 0;
    this.#depth = 0;
    this.#end = end;
    this.#isBounded = false;
    return ANYWHERE;
  }

  /** Of a variable its place in Suricata's table. */
  #number(amount: Amount | null): number {
    if (amount === null) return 0;
    return typeof amount === 'number' ? amount : (this.#slots.get(amount) ?? 0);
  }
}
