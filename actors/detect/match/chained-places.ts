/**
 * Where a content can lie, worked out from the contents before it. Suricata does so for its prefilter and then holds
 * contents to it, also where the sum is wrong: behind a negated content, where a variable stands in a place, where a
 * content is to end the buffer, and where dsize names a size that must not be. Rules meet that, so the sums are the same.
 */
import type { Amount, ContentTerm, Term } from '../rules/rule.ts';
import type { VariableSlots } from './variables.ts';

const PLACE_MAX = 0xffff;

export interface ChainedPlace {
  /** Of a relative content: not before this place of the buffer. */
  readonly low: number;
  /**
   * Of a relative content: not beyond so many bytes behind where the term before ended; of another one the end of its
   * place, or the place of the variable that has its depth. 0: no bound.
   */
  readonly depth: number;
}

export const ANYWHERE: ChainedPlace = { low: 0, depth: 0 };

/** One for each term. `sizeNamed`: what dsize names as the most, or as what must not be; null: nothing. */
export function chainedPlaces(
  terms: readonly Term[],
  slots: VariableSlots,
  sizeNamed: number | null = null,
): ChainedPlace[] {
  const links = terms.map((term) => (term.kind === 'content' ? new Link(term, slots) : null));
  new Chain().go(terms, links);
  if (sizeNamed !== null)
    for (const link of links)
      if (link !== null && (link.depth === 0 || link.depth >= sizeNamed)) link.depth = sizeNamed;
  return links.map((link) => (link === null ? ANYWHERE : { low: link.offset, depth: link.depth }));
}

/** A content with its place in numbers: of a variable its place in Suricata's table. */
class Link {
  readonly length: number;
  readonly isNegated: boolean;
  readonly endsWith: boolean;
  readonly distance: number;
  readonly within: number;
  readonly hasOffset: boolean;
  readonly hasDepth: boolean;
  readonly hasDistance: boolean;
  readonly hasWithin: boolean;
  offset: number;
  depth: number;

  constructor(term: ContentTerm, slots: VariableSlots) {
    const number = (amount: Amount | null): number =>
      typeof amount === 'string' ? (slots.named.get(amount) ?? 0) : (amount ?? 0);
    this.length = term.bytes.length;
    this.isNegated = term.isNegated;
    this.endsWith = term.endsWith;
    this.hasOffset = term.offset !== null;
    this.hasDepth = term.depth !== null || term.startsWith;
    this.hasDistance = term.distance !== null;
    this.hasWithin = term.within !== null;
    this.offset = number(term.offset);
    this.distance = number(term.distance);
    this.within = number(term.within);
    const moved = typeof term.depth === 'number' && typeof term.offset === 'number' ? term.offset : 0;
    this.depth = term.startsWith ? this.length : number(term.depth) + moved;
  }

  get isPlaced(): boolean {
    return this.hasOffset || this.hasDepth || this.hasDistance || this.hasWithin;
  }
}

class Chain {
  /** Of the content before: from where, up to where it can lie at first, and the end of its place; 0: none. */
  #offset = 0;
  #end = 0;
  #depth = 0;
  #isBounded = false;
  #hasDepth = false;
  /** Where the buffer ends, as the contents that are to end it say. */
  #bufferEnd: number | null = null;

  go(terms: readonly Term[], links: readonly (Link | null)[]): void {
    for (const [i, term] of terms.entries()) {
      const link = links[i] ?? null;
      if (link === null) this.#other(term);
      // Where a sum leaves its bounds the rest stays as it is written.
      else if (!this.#content(link)) return;
    }
    if (!this.#hasDepth || this.#bufferEnd === null) return;
    for (const link of links)
      if (link !== null) link.depth = Math.min(this.#bufferEnd, link.depth === 0 ? this.#bufferEnd : link.depth);
  }

  #other(term: Term): void {
    this.#depth = 0;
    this.#isBounded = false;
    if (term.kind !== 'pcre' || !term.isRelative) this.#reset(0);
  }

  #content(link: Link): boolean {
    if (!link.isPlaced) return this.#reset(link.length);
    if (link.isNegated) return this.#reset(0);
    if (link.depth !== 0) {
      this.#hasDepth = true;
      this.#isBounded = true;
    }
    if (!link.hasDistance) {
      this.#offset = 0;
      this.#end = 0;
    } else if (!this.#moved(link)) return false;
    if (this.#isBounded && !this.#bounded(link)) return false;
    const isForward = link.hasDistance && link.distance >= 0;
    if (link.offset === 0 && isForward) link.offset = this.#end;
    if (isForward && !link.hasOffset && !link.hasDepth) {
      if (this.#end + link.distance > PLACE_MAX) return false;
      link.offset = this.#end + link.distance;
      this.#lies(link);
    }
    if (link.hasOffset) this.#lies(link);
    if (link.depth !== 0) {
      this.#depth = link.depth;
      this.#end = this.#offset + link.length;
      if (link.endsWith) this.#ends(link.depth);
    }
    if (!link.hasWithin && !link.hasDepth) {
      this.#isBounded = false;
      this.#depth = 0;
    }
    return true;
  }

  #moved(link: Link): boolean {
    const offset = this.#end + link.distance;
    if (offset > PLACE_MAX) return false;
    link.offset = Math.max(0, offset);
    this.#offset = link.offset;
    if (link.distance < 0) this.#end = this.#offset + link.length;
    return true;
  }

  /** The end of a place that is so many bytes behind the end of the one before. */
  #bounded(link: Link): boolean {
    const { within } = link;
    if (this.#end > 0 && link.hasWithin && within >= 0) {
      const isBehind = this.#depth > this.#end;
      const sum = this.#depth + within + (isBehind && link.hasDistance ? Math.max(0, link.distance) : 0);
      if (sum > PLACE_MAX) return false;
      this.#depth = isBehind ? sum : (this.#offset + within) & PLACE_MAX;
      link.depth = this.#depth;
      return true;
    }
    if (link.depth !== 0 || this.#depth === 0 || within <= 0) return true;
    const isForward = link.hasDistance && link.distance >= 0;
    if (isForward) {
      if (this.#end + link.distance > PLACE_MAX) return false;
      link.offset = this.#end + link.distance;
    }
    if (this.#depth + within > PLACE_MAX) return false;
    this.#depth += within;
    link.depth = this.#depth;
    if (link.endsWith) this.#ends(link.depth);
    return true;
  }

  #lies(link: Link): void {
    this.#offset = link.offset;
    this.#end = this.#offset + link.length;
  }

  #ends(depth: number): void {
    this.#bufferEnd = Math.min(this.#bufferEnd ?? depth, depth);
  }

  #reset(end: number): true {
    this.#offset = 0;
    this.#depth = 0;
    this.#end = end;
    this.#isBounded = false;
    return true;
  }
}
