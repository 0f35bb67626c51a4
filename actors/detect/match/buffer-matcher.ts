/**
 * Whether one buffer meets everything that a rule asks of it: the terms one after another in the order of the rule, each
 * where its place allows. A content or expression is looked for again behind its first place where a later term counts
 * from it; otherwise its first place decides. The order, the ways of looking again and the bounds are Suricata's.
 */
import { passes } from '../rules/numbers.ts';
import type { BufferTerms, ContentTerm, DataSetTerm } from '../rules/rule.ts';
import { entryIn } from '../rules/sets.ts';
import { decodeBase64 } from './base64.ts';
import { byteExtract, byteJump, byteMath, byteTest, FAILED, small } from './byte-terms.ts';
import type { CapturedTexts } from './captured-texts.ts';
import { isEntropy } from './entropy.ts';
import { Expense } from './expense.ts';
import { compileRegex } from './regex/index.ts';
import {
  type Base64Step,
  type ContentStep,
  type FastPlace,
  fastPlaceOf,
  type IsDataAtStep,
  type RegexStep,
  type Step,
  stepsOf,
} from './steps.ts';
import type { ByteVariables, VariableSlots } from './variables.ts';

/** As many terms are tried for one buffer, then it does not match: Suricata's inspection-recursion-limit. */
const TRIES_MAX = 3000;
/** As many bytes are searched for one buffer, and as many steps of expressions made: no buffer holds a worker up. */
const SEARCHED_BYTES_MAX = 1 << 24;
const EXPRESSION_STEPS_MAX = 1_000_000;
/** A variable from here on is beyond any buffer. */
const PLACE_MAX = 100_000_000;
const NOT_SEARCHED = 0x7fff_ffff;

/** never: no other place of an earlier term can help. */
const YES = 1;
const NO = 0;
const NEVER = -1;
type Answer = typeof YES | typeof NO | typeof NEVER;

type MatchedTerms = Pick<BufferTerms, 'terms' | 'isSticky' | 'sizeNamed'>;

export interface Trace {
  readonly isMatch: boolean;
  /** For each term where it was met (of the last try); null: it has no place, or was not reached. */
  readonly places: readonly ({ readonly start: number; readonly end: number } | null)[];
  /** The index of the term that no try got past; null where the buffer matches. */
  readonly failed: number | null;
  /** A bound ended the evaluation: of terms, of bytes, or of an expression. */
  readonly hasGivenUp: boolean;
}

/** Sets that rules change. */
export interface SetsAtHand {
  holds(term: DataSetTerm, buffer: Uint8Array): boolean;
}

/** What the buffers of a rule share. */
export interface Surroundings {
  readonly expense: Expense;
  /** Null: no set changes. */
  readonly sets: SetsAtHand | null;
  /** Where its expressions leave texts; null: it remembers none. */
  readonly captured: CapturedTexts | null;
  /** Where the last term ended, for what counts from there; null: nothing does. */
  readonly place: { end: number } | null;
}

/** One for each buffer of a rule and worker. It is made ready when it is first asked: most rules of a set never are. */
export class BufferMatcher {
  readonly #buffer: MatchedTerms;
  readonly #slots: VariableSlots;
  readonly #fast: ContentTerm | null;
  readonly #surroundings: Surroundings;
  #evaluation: Evaluation | null = null;

  constructor(buffer: MatchedTerms, slots: VariableSlots, fast: ContentTerm | null, surroundings: Surroundings) {
    this.#buffer = buffer;
    this.#slots = slots;
    this.#fast = fast;
    this.#surroundings = surroundings;
  }

  /** `streamOffset`: where the buffer lies in its stream, for those that are inspected window by window. */
  matches(buffer: Uint8Array, variables: ByteVariables, streamOffset = 0): boolean {
    this.#evaluation ??= new Evaluation(this.#buffer, this.#slots, this.#fast, this.#surroundings);
    return this.#evaluation.matches(buffer, variables, streamOffset);
  }

  /** The same with what happened on the way. */
  trace(buffer: Uint8Array, variables: ByteVariables, streamOffset = 0): Trace {
    this.#evaluation ??= new Evaluation(this.#buffer, this.#slots, this.#fast, this.#surroundings);
    return this.#evaluation.trace(buffer, variables, streamOffset);
  }

  /** The last call was ended by a bound. */
  get hasGivenUp(): boolean {
    return this.#evaluation?.hasGivenUp === true;
  }
}

/** It keeps what it works with from call to call. */
class Evaluation {
  readonly #steps: readonly Step[];
  /** The term of each step. */
  readonly #terms: readonly number[];
  readonly #termCount: number;
  readonly #slots: VariableSlots;
  /** Where Suricata's prefilter must find the pattern of the rule; null: a match lies there anyway. */
  readonly #fastPlace: FastPlace | null;
  /** Of what base64 stands for. */
  #inner: Evaluation | null = null;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #buffer: Uint8Array = new Uint8Array();
  #variables: ByteVariables = new BigUint64Array();
  #streamOffset = 0;
  #tries = 0;
  readonly #surroundings: Surroundings;
  #searched = 0;
  #searchedMax = 0;
  #expressionSteps = 0;
  #furthest = 0;
  #hasGivenUp = false;
  // Of each step the last search: from where, up to where, and the place that was found, or -1.
  readonly #searchLows: Int32Array;
  readonly #searchHighs: Int32Array;
  readonly #searchPlaces: Int32Array;

  constructor(buffer: MatchedTerms, slots: VariableSlots, fast: ContentTerm | null, surroundings: Surroundings) {
    this.#surroundings = surroundings;
    const steps = stepsOf(buffer, slots, fast);
    this.#fastPlace = fast === null ? null : fastPlaceOf(buffer.terms.indexOf(fast), fast, steps);
    this.#terms = steps.flatMap((one, i) => (one === null ? [] : [i]));
    this.#steps = steps.filter((one) => one !== null);
    this.#termCount = buffer.terms.length;
    this.#slots = slots;
    this.#starts = new Int32Array(this.#steps.length);
    this.#ends = new Int32Array(this.#steps.length);
    this.#searchLows = new Int32Array(this.#steps.length);
    this.#searchHighs = new Int32Array(this.#steps.length);
    this.#searchPlaces = new Int32Array(this.#steps.length);
  }

  matches(buffer: Uint8Array, variables: ByteVariables, streamOffset: number): boolean {
    this.#buffer = buffer;
    this.#variables = variables;
    this.#streamOffset = streamOffset;
    this.#tries = 0;
    const { expense } = this.#surroundings;
    this.#searched = 0;
    this.#searchedMax = Math.min(SEARCHED_BYTES_MAX, expense.bytes);
    const stepsMax = Math.min(EXPRESSION_STEPS_MAX, Math.max(0, expense.steps));
    this.#expressionSteps = stepsMax;
    this.#furthest = 0;
    this.#searchLows.fill(NOT_SEARCHED);
    this.#hasGivenUp = false;
    const isMatch = this.#isFastFound() && this.#from(0, 0) === YES;
    expense.bytes -= this.#searched;
    expense.steps -= stepsMax - this.#expressionSteps;
    return isMatch;
  }

  trace(buffer: Uint8Array, variables: ByteVariables, streamOffset: number): Trace {
    this.#starts.fill(-1);
    const isMatch = this.matches(buffer, variables, streamOffset);
    const places: ({ start: number; end: number } | null)[] = Array.from({ length: this.#termCount }, () => null);
    for (const [i, term] of this.#terms.entries()) {
      const isMet = isMatch || i < this.#furthest;
      if (isMet && this.#starts[i]! >= 0) places[term] = { start: this.#starts[i]!, end: this.#ends[i]! };
    }
    const failed = isMatch ? null : (this.#terms[this.#furthest] ?? 0);
    return { isMatch, places, failed, hasGivenUp: this.#hasGivenUp };
  }

  get hasGivenUp(): boolean {
    return this.#hasGivenUp;
  }

  #isFastFound(): boolean {
    const place = this.#fastPlace;
    if (place === null) return true;
    if (place.search.next(this.#buffer, place.low, Math.min(place.high, this.#buffer.length)) !== -1) return true;
    this.#furthest = this.#steps.indexOf(place.step);
    return false;
  }

  /** From this step on; `end` is where the term before it ended. */
  #from(index: number, end: number): Answer {
    if (index > this.#furthest) this.#furthest = index;
    if (index === this.#steps.length) return this.#done(end);
    this.#tries += 1;
    if (this.#tries >= TRIES_MAX || this.#searched > this.#searchedMax) return this.#giveUp();
    const step = this.#steps[index]!;
    let to: number;
    switch (step.kind) {
      case 'content':
        return this.#content(step, index, end);
      case 'pcre':
        return this.#expression(step, index, end);
      case 'isdataat':
        return this.#isDataAt(step, end) ? this.#from(index + 1, end) : NO;
      case 'bsize':
        return passes(step.size, this.#buffer.length + this.#streamOffset) ? this.#from(index + 1, end) : NEVER;
      case 'entropy':
        return isEntropy(step.term, this.#buffer) ? this.#from(index + 1, end) : NO;
      case 'dataset':
        return this.#isInSet(step.term) ? this.#from(index + 1, end) : NO;
      case 'base64_decode':
        return this.#decoded(step, index, end) ? YES : NO;
      case 'byte_test':
        to = byteTest(step, this.#buffer, end, this.#variables);
        break;
      case 'byte_jump':
        to = byteJump(step, this.#buffer, end, this.#variables);
        break;
      case 'byte_extract':
        to = byteExtract(step, this.#buffer, end, this.#variables);
        break;
      case 'byte_math':
        to = byteMath(step, this.#buffer, end, this.#variables);
        break;
    }
    if (to === FAILED) return NO;
    this.#starts[index] = to;
    this.#ends[index] = to;
    return this.#from(index + 1, to);
  }

  #done(end: number): Answer {
    const { place } = this.#surroundings;
    if (place !== null) place.end = end;
    return YES;
  }

  #giveUp(): Answer {
    this.#hasGivenUp = true;
    return NEVER;
  }

  #content(step: ContentStep, index: number, end: number): Answer {
    const buffer = this.#buffer;
    const { length } = buffer;
    let low: number;
    let high = length;
    if (step.isRelative) {
      const distance = small(step.low, this.#variables);
      low = Math.max(0, end + distance);
      if (step.hasWithin) {
        const limit = (end + distance + small(step.room, this.#variables)) | 0;
        // A limit before the buffer's start is none: Suricata's number for it has no sign.
        if (limit >= 0 && limit < high) high = limit;
        if (this.#streamOffset !== 0 && end === 0) high = this.#inWindow(limit < 0 ? 0xffff_ffff : high);
      }
      const { chained } = step;
      if (chained.low > low) low = chained.low;
      if (chained.depth !== 0 && high !== -1) high = Math.min(high, end + chained.depth);
    } else {
      low = small(step.low, this.#variables) >>> 0;
      if (step.hasDepth) {
        high = small(step.room, this.#variables) >>> 0;
        if (this.#streamOffset !== 0) high = this.#inWindow(high);
      }
    }
    if (high === -1) return NO;
    if (step.movesEnd) high += low;
    if (high > length) high = length;
    if (low > high || high === 0) return step.isNegated ? this.#from(index + 1, end) : NO;
    // Whoever asks for the end asks in vain where the place ends before it.
    const canBe = !step.endsWith || high === length;
    if (step.isNegated) return this.#absent(step, index, end, canBe ? low : high, high);
    for (let at = canBe ? low : high; ; at += 1) {
      at = this.#search(step, index, at, high);
      if (at === -1) return step.isRelative ? NO : NEVER;
      const stop = at + step.length;
      if (step.endsWith && stop !== length) continue;
      this.#starts[index] = at;
      this.#ends[index] = stop;
      const answer = this.#from(index + 1, stop);
      if (answer !== NO) return answer;
      if (!step.isAnchor) return NEVER;
    }
  }

  /**
   * The first place from `low` on that ends at `high` or before. Where an earlier search of the step knows it, nothing is
   * searched: else a chain of contents would search a long buffer once for each try.
   */
  #search(step: ContentStep, index: number, low: number, high: number): number {
    if (low >= this.#searchLows[index]!) {
      const place = this.#searchPlaces[index]!;
      if (place === -1 ? high <= this.#searchHighs[index]! : place >= low)
        return place !== -1 && place + step.length <= high ? place : -1;
    }
    const place = step.search.next(this.#buffer, low, high);
    const end = place === -1 ? high : place;
    if (end > low) this.#searched += end - low;
    this.#searchLows[index] = low;
    this.#searchHighs[index] = high;
    this.#searchPlaces[index] = place;
    return place;
  }

  /** A limit counted from the stream's start, as one of the window; -1: the window lies behind it. */
  #inWindow(limit: number): number {
    if (limit <= this.#streamOffset) return -1;
    return limit >= this.#streamOffset + this.#buffer.length ? limit : limit - this.#streamOffset;
  }

  #absent(step: ContentStep, index: number, end: number, low: number, high: number): Answer {
    const at = this.#search(step, index, low, high);
    // Suricata looks at the first place alone, and compares its end with the length of the place.
    if (at === -1 || (step.endsWith && at + step.length !== high - low)) return this.#from(index + 1, end);
    return NO;
  }

  /** What the text stands for is asked about by itself, and decides. */
  #decoded({ term }: Base64Step, index: number, end: number): boolean {
    const start = (term.isRelative ? end : 0) + term.offset;
    if (start >= this.#buffer.length) return false;
    const { length } = this.#buffer;
    const stop = term.bytes === 0 ? length : Math.min(length, start + term.bytes);
    const decoded = decodeBase64(this.#buffer.subarray(start, stop));
    // Where nothing is asked of it nothing holds.
    if (decoded.length === 0 || term.data.length === 0) return false;
    this.#starts[index] = start;
    this.#ends[index] = stop;
    this.#inner ??= new Evaluation({ terms: term.data, isSticky: true }, this.#slots, null, this.#surroundings);
    return this.#inner.matches(decoded, this.#variables, 0);
  }

  #isDataAt(step: IsDataAtStep, end: number): boolean {
    const { length } = this.#buffer;
    let at = step.at.value;
    if (step.at.slot !== -1) {
      const value = this.#variables[step.at.slot]!;
      if (value >= BigInt(PLACE_MAX)) return step.isNegated;
      at = Number(value);
    }
    const isThere = step.isRelative ? end + at <= length : at < length;
    return isThere !== step.isNegated;
  }

  #isInSet(term: DataSetTerm): boolean {
    const buffer = this.#buffer;
    // Of what is empty nothing holds, not even that it is in no set.
    if (buffer.length === 0) return false;
    const { set, action, reputation } = term;
    const { sets } = this.#surroundings;
    if (set.isChanging && sets !== null) return sets.holds(term, buffer);
    const entry = entryIn(set.type, buffer);
    const number = entry === null ? undefined : set.entries.get(entry);
    const isThere = number !== undefined && (reputation === null || passes(reputation, number));
    return isThere === (action === 'isset' || action === 'unset');
  }

  #expression(step: RegexStep, index: number, end: number): Answer {
    const buffer = this.#buffer;
    if (this.#expressionSteps <= 0) {
      this.#hasGivenUp = true;
      return NO;
    }
    step.regex ??= compileRegex(step.term.pattern, step.term.flags);
    const { regex } = step;
    // A relative expression does not see what lies before its start.
    const start = step.isRelative ? end : 0;
    for (let from = start; from <= buffer.length; ) {
      const isFound = regex.find(buffer, start, from, this.#expressionSteps);
      this.#expressionSteps = regex.stepsLeft;
      if (regex.hasGivenUp) {
        this.#hasGivenUp = true;
        return NO;
      }
      if (step.isNegated) return isFound ? NO : this.#from(index + 1, end);
      if (!isFound) return NO;
      this.#starts[index] = regex.start;
      this.#ends[index] = regex.end;
      if (step.term.captures.length > 0) this.#surroundings.captured?.note(step.term.captures, regex, buffer);
      // What a later try of the same expression overwrites.
      const next = regex.start + 1;
      const answer = this.#from(index + 1, regex.end);
      if (answer !== NO || !step.isAnchor) return answer;
      from = next;
    }
    return NO;
  }
}

/** `slots` and `fast` (what Suricata's prefilter looks for) of the whole rule. */
export function bufferMatcher(
  buffer: MatchedTerms,
  slots: VariableSlots,
  fast: ContentTerm | null = null,
  surroundings: Surroundings = { expense: new Expense(), sets: null, captured: null, place: null },
): BufferMatcher {
  return new BufferMatcher(buffer, slots, fast, surroundings);
}
