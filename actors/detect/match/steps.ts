/**
 * The terms of one buffer, ready to run: what depends on other terms is worked out once. Amounts are numbers, or the
 * place of a variable.
 */

import type { NumberTest } from '../rules/numbers.ts';
import type {
  Amount,
  Base64Term,
  BufferTerms,
  ByteExtractTerm,
  ByteJumpTerm,
  ByteMathTerm,
  ByteTestTerm,
  ContentTerm,
  DataSetTerm,
  EntropyTerm,
  PcreTerm,
  Term,
} from '../rules/rule.ts';
import { ANYWHERE, type ChainedPlace, chainedPlaces } from './chained-places.ts';
import { LiteralSearch } from './literal-search.ts';
import type { Regex } from './regex/index.ts';
import type { VariableSlots } from './variables.ts';

/** A fixed number (slot -1), or a variable. */
export interface Operand {
  readonly value: number;
  readonly slot: number;
}

export interface ContentStep {
  readonly kind: 'content';
  readonly search: LiteralSearch;
  readonly length: number;
  readonly isNegated: boolean;
  readonly isRelative: boolean;
  readonly hasWithin: boolean;
  readonly hasDepth: boolean;
  /** The end of the place is moved by its start: Suricata does so where either comes from a variable. */
  readonly movesEnd: boolean;
  /** Relative: distance and within; absolute: offset, and the end that depth sets (from the buffer's start). */
  readonly low: Operand;
  readonly room: Operand;
  /** Of a relative one, and only its bounds. */
  chained: ChainedPlace;
  endsWith: boolean;
  /** A later term counts from where this one ended: other places of it are tried. */
  isAnchor: boolean;
}

export interface RegexStep {
  readonly kind: 'pcre';
  readonly term: PcreTerm;
  /** Compiled when it is first needed: most rules of a set never get that far. */
  regex: Regex | null;
  readonly isNegated: boolean;
  readonly isRelative: boolean;
  isAnchor: boolean;
}

export interface IsDataAtStep {
  readonly kind: 'isdataat';
  readonly at: Operand;
  readonly isNegated: boolean;
  readonly isRelative: boolean;
}

export interface SizeStep {
  readonly kind: 'bsize';
  readonly size: NumberTest;
}

interface NumberStep<T> {
  readonly term: T;
  readonly bytes: Operand;
  readonly offset: Operand;
  /** What it is compared or calculated with; of byte_test and byte_math. */
  readonly value: Operand;
  /** Where the result goes; -1: nowhere. */
  readonly slot: number;
}
export type ByteTestStep = NumberStep<ByteTestTerm> & { readonly kind: 'byte_test' };
export type ByteJumpStep = NumberStep<ByteJumpTerm> & { readonly kind: 'byte_jump' };
export type ByteExtractStep = NumberStep<ByteExtractTerm> & { readonly kind: 'byte_extract' };
export type ByteMathStep = NumberStep<ByteMathTerm> & { readonly kind: 'byte_math' };

export interface Base64Step {
  readonly kind: 'base64_decode';
  readonly term: Base64Term;
}

export interface EntropyStep {
  readonly kind: 'entropy';
  readonly term: EntropyTerm;
}

export interface DataSetStep {
  readonly kind: 'dataset';
  readonly term: DataSetTerm;
}

export type Step =
  | ContentStep
  | RegexStep
  | IsDataAtStep
  | SizeStep
  | ByteTestStep
  | ByteJumpStep
  | ByteExtractStep
  | ByteMathStep
  | Base64Step
  | EntropyStep
  | DataSetStep;

/**
 * One for each term; null: the term became part of another step. `negatedFast`: the content that the prefilter looks for,
 * where it is a negated one.
 */
export function stepsOf(
  buffer: Pick<BufferTerms, 'terms' | 'isSticky'>,
  slots: VariableSlots,
  negatedFast: ContentTerm | null,
): (Step | null)[] {
  const terms = [...buffer.terms];
  const { isSticky } = buffer;
  // As the first one a content is relative to the start: a distance of nothing is no place at all.
  const first = terms[0];
  if (first?.kind === 'content' && first.distance === 0 && first.within === null)
    terms[0] = { ...first, distance: null };
  const steps: (Step | null)[] = [];
  const isInContent: boolean[] = [];
  for (const term of terms) {
    const anchor = anchorOf(term, steps, isSticky);
    const isEnd = isContentEnd(term, anchor, slots);
    isInContent.push(isEnd);
    // Suricata writes it as endswith of the content, whatever stands between the two.
    if (isEnd) anchor.endsWith = true;
    else if (anchor !== null) anchor.isAnchor = true;
    steps.push(isEnd ? null : step(term, slots));
  }
  const own = terms.filter((_, i) => !isInContent[i]);
  const places = chainedPlaces(own, slots);
  for (const [i, one] of steps.filter((one) => one !== null).entries())
    if (one.kind === 'content') one.chained = places[i]!;
  const fast = negatedFast === null ? -1 : buffer.terms.indexOf(negatedFast);
  const fastStep = steps[fast];
  // Suricata's prefilter has found it, wherever it is: its end is not asked for.
  if (fastStep?.kind === 'content' && isUnplaced(terms[fast]!)) fastStep.endsWith = false;
  return steps;
}

function isUnplaced(term: Term): boolean {
  if (term.kind !== 'content' || term.startsWith) return false;
  return term.offset === null && term.depth === null && term.distance === null && term.within === null;
}

/**
 * The content or expression that is looked for again for the term's sake: the last one. Outside of sticky buffers a number
 * between the two cuts them off, but for contents and expressions.
 */
function anchorOf(term: Term, steps: readonly (Step | null)[], isSticky: boolean): ContentStep | RegexStep | null {
  if (!isRelative(term)) return null;
  const isCut = !isSticky && term.kind !== 'content' && term.kind !== 'pcre';
  for (let i = steps.length - 1; i >= 0; i -= 1) {
    const one = steps[i]!;
    if (one?.kind === 'content' || one?.kind === 'pcre') return one;
    if (isCut && one !== null && one.kind !== 'bsize') return null;
  }
  return null;
}

function isRelative(term: Term): boolean {
  if (term.kind === 'content') return term.distance !== null || term.within !== null;
  return 'isRelative' in term && term.isRelative;
}

/** isdataat:!1,relative behind a content; a variable counts as its place in Suricata's table. */
function isContentEnd(term: Term, anchor: ContentStep | RegexStep | null, slots: VariableSlots): anchor is ContentStep {
  if (term.kind !== 'isdataat' || !term.isRelative || !term.isNegated || anchor?.kind !== 'content') return false;
  return (typeof term.at === 'number' ? term.at : slots.get(term.at)) === 1;
}

function step(term: Term, slots: VariableSlots): Step {
  const operand = (amount: Amount): Operand => {
    if (typeof amount === 'number') return { value: amount, slot: -1 };
    const slot = slots.get(amount);
    if (slot === undefined) throw new TypeError(`no term sets the variable ${amount}`);
    return { value: 0, slot };
  };
  switch (term.kind) {
    case 'content':
      return contentStep(term, operand);
    case 'pcre':
      return {
        kind: 'pcre',
        term,
        regex: null,
        isNegated: term.isNegated,
        isRelative: term.isRelative,
        isAnchor: false,
      };
    case 'isdataat':
      return { kind: 'isdataat', at: operand(term.at), isNegated: term.isNegated, isRelative: term.isRelative };
    case 'bsize':
      return { kind: 'bsize', size: term.size };
    case 'base64_decode':
      return { kind: 'base64_decode', term };
    case 'entropy':
      return { kind: 'entropy', term };
    case 'dataset':
      return { kind: 'dataset', term };
    default: {
      const value = operand('value' in term ? term.value : 0);
      const slot = 'name' in term ? slots.get(term.name)! : -1;
      // One shape for the four of them: the kind of the term is that of the step.
      const common = { kind: term.kind, term, bytes: operand(term.bytes), offset: operand(term.offset), value, slot };
      return common as ByteTestStep | ByteJumpStep | ByteExtractStep | ByteMathStep;
    }
  }
}

function contentStep(term: ContentTerm, operand: (amount: Amount) => Operand): ContentStep {
  const isRelativePlace = term.distance !== null || term.within !== null;
  const low = operand((isRelativePlace ? term.distance : term.offset) ?? 0);
  const depth = term.startsWith ? term.bytes.length : term.depth;
  let room = operand((isRelativePlace ? term.within : depth) ?? 0);
  const hasDepth = !isRelativePlace && depth !== null;
  // Depth counts from the offset; a variable among the two is added where it is known.
  if (hasDepth && low.slot === -1 && room.slot === -1) room = { value: room.value + low.value, slot: -1 };
  return {
    kind: 'content',
    search: new LiteralSearch(term.bytes, term.nocase),
    length: term.bytes.length,
    isNegated: term.isNegated,
    isRelative: isRelativePlace,
    hasWithin: term.within !== null,
    hasDepth,
    movesEnd: low.slot !== -1 || (hasDepth && room.slot !== -1),
    chained: ANYWHERE,
    low,
    room,
    endsWith: term.endsWith,
    isAnchor: false,
  };
}
