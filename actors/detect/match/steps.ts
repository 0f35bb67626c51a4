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

const PLACE_MAX = 0xffff;

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
  hasDepth: boolean;
  /** The end of the place is moved by its start: Suricata does so where either comes from a variable. */
  movesEnd: boolean;
  /** Relative: distance and within; absolute: offset, and the end that depth sets (from the buffer's start). */
  readonly low: Operand;
  room: Operand;
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
 * One for each term; null: the term became part of another step. `fast`: the content that the prefilter looks for.
 */
export function stepsOf(
  buffer: Pick<BufferTerms, 'terms' | 'isSticky' | 'sizeNamed'>,
  slots: VariableSlots,
  fast: ContentTerm | null,
): (Step | null)[] {
  const terms = [...buffer.terms];
  const { isSticky } = buffer;
  const first = terms[0];
  if (first?.kind === 'content') terms[0] = fromStart(first);
  const steps: (Step | null)[] = [];
  for (const term of terms) {
    const anchor = anchorOf(term, steps, isSticky);
    const isEnd = isContentEnd(term, anchor, slots);
    // Suricata writes it as endswith of the content, whatever stands between the two.
    if (isEnd) anchor.endsWith = true;
    else if (anchor !== null) anchor.isAnchor = true;
    steps.push(isEnd ? null : step(term, slots));
  }
  const left = steps.flatMap((one, i) => (one === null ? [] : [{ one, term: terms[i]! }]));
  const own = left.map(({ one, term }) =>
    one.kind === 'content' && term.kind === 'content' ? { ...term, endsWith: one.endsWith } : term,
  );
  const places = chainedPlaces(own, slots, buffer.sizeNamed);
  for (const [i, { one }] of left.entries()) if (one.kind === 'content') setPlace(one, places[i]!, slots);
  const index = fast === null ? -1 : buffer.terms.indexOf(fast);
  const fastStep = steps[index];
  // Suricata's prefilter has found it, wherever it is: its end is not asked for.
  if (fastStep?.kind === 'content' && fastStep.isNegated && buffer.sizeNamed === undefined && isUnplaced(terms[index]!))
    fastStep.endsWith = false;
  return steps;
}

/** A place of the buffer in which a pattern must be. */
export interface FastPlace {
  readonly step: ContentStep;
  readonly search: LiteralSearch;
  readonly low: number;
  readonly high: number;
}

/**
 * Suricata's prefilter looks for a content no further than to where the contents before it let it lie. Behind a distance
 * below nothing that sum may be too small, and the rule is not asked. Null: what matches lies there anyway.
 */
export function fastPlaceOf(index: number, fast: ContentTerm, steps: readonly (Step | null)[]): FastPlace | null {
  const step = steps[index];
  if (step?.kind !== 'content' || step.isNegated || !step.isRelative || step.chained.depth === 0) return null;
  const part = typeof fast.fastPattern === 'object' ? fast.fastPattern : { offset: 0, length: step.length };
  const low = step.chained.low + part.offset;
  const search = new LiteralSearch(fast.bytes.subarray(part.offset, part.offset + part.length), fast.nocase);
  return { step, search, low, high: low + step.chained.depth - step.length + part.offset + part.length };
}

/** The first content is relative to the start: its distance is an offset, and a distance of nothing no place at all. */
function fromStart(term: ContentTerm): ContentTerm {
  const { distance, within } = term;
  const isSum = (amount: Amount | null): boolean =>
    amount === null || (typeof amount === 'number' && amount >= 0 && amount <= PLACE_MAX);
  if ((distance === null && within === null) || !isSum(distance) || !isSum(within)) return term;
  return { ...term, distance: null, within: null, offset: distance === 0 ? null : distance, depth: within };
}

/** Of one that is not relative a depth may have come from another term. */
function setPlace(step: ContentStep, place: ChainedPlace, slots: VariableSlots): void {
  step.chained = place;
  if (step.isRelative || place.depth === 0) return;
  if (step.hasDepth && step.room.slot !== -1) {
    // What lies behind Suricata's table of variables is zero.
    if (step.room.slot !== place.depth)
      step.room = place.depth < slots.count ? { value: 0, slot: place.depth } : { value: 0, slot: -1 };
  } else if (!step.hasDepth || step.low.slot === -1) {
    step.hasDepth = true;
    step.room = { value: place.depth, slot: -1 };
  }
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
  return (typeof term.at === 'number' ? term.at : slots.named.get(term.at)) === 1;
}

function step(term: Term, slots: VariableSlots): Step {
  const operand = (amount: Amount): Operand => {
    if (typeof amount === 'number') return { value: amount, slot: -1 };
    const slot = slots.named.get(amount);
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
      const given = 'value' in term ? term.value : 0;
      // One beyond the exact numbers is compared as the term has it.
      const value = operand(typeof given === 'bigint' ? 0 : given);
      const slot = slots.written.get(term) ?? -1;
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
