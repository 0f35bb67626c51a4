/**
 * Whether a buffer holds contents as a rule orders them: one after another, each where its place allows. A content is
 * looked for again behind its first place where a later one counts from it; otherwise its first place decides.
 */
import { passes } from '../rules/numbers.ts';
import type { ContentTerm, IsDataAtTerm, SizeTerm } from '../rules/rule.ts';

export type PlainTerm = ContentTerm | IsDataAtTerm | SizeTerm;

/** As many terms are tried for one buffer, then it does not match: no buffer holds a worker up. */
const TRIES_MAX = 3000;

const NO_BYTES = new Uint8Array();

interface Step {
  readonly term: PlainTerm;
  /** Whether a later term counts from where this one ends. */
  readonly isAnchor: boolean;
  /** What is looked for: with nocase in lower case. */
  readonly bytes: Uint8Array;
}

export type ContentMatcher = (buffer: Uint8Array) => boolean;

/** The amounts of the terms must be numbers: variables belong to byte_extract. */
export function contentMatcher(terms: readonly PlainTerm[]): ContentMatcher {
  const steps = terms.map((term, i): Step => {
    if (term.kind !== 'content') return { term, isAnchor: false, bytes: NO_BYTES };
    return { term, isAnchor: isCountedFrom(terms, i), bytes: term.nocase ? lowered(term.bytes) : term.bytes };
  });
  return (buffer) => new Attempt(buffer, steps).from(0, 0) === 'yes';
}

/** Whether the next relative term comes before the next content, or is it. */
function isCountedFrom(terms: readonly PlainTerm[], at: number): boolean {
  for (const term of terms.slice(at + 1)) {
    if (term.kind === 'content') return term.distance !== null || term.within !== null;
    if (term.kind === 'isdataat' && term.isRelative) return true;
  }
  return false;
}

/** never: no other place of an earlier content can help. */
type Answer = 'yes' | 'no' | 'never';

class Attempt {
  readonly #buffer: Buffer;
  readonly #steps: readonly Step[];
  #lower: Buffer | null = null;
  #tries = 0;

  constructor(buffer: Uint8Array, steps: readonly Step[]) {
    this.#buffer = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length);
    this.#steps = steps;
  }

  /** From this step on; `end` is where the term before it ended. */
  from(index: number, end: number): Answer {
    const step = this.#steps[index];
    if (step === undefined) return 'yes';
    this.#tries += 1;
    if (this.#tries >= TRIES_MAX) return 'never';
    const { term } = step;
    const { length } = this.#buffer;
    if (term.kind === 'bsize') return passes(term.size, length) ? this.from(index + 1, end) : 'never';
    if (term.kind === 'isdataat') {
      const isThere = term.isRelative ? end + number(term.at) <= length : number(term.at) < length;
      return isThere === term.isNegated ? 'no' : this.from(index + 1, end);
    }
    if (term.isNegated) return this.#isAbsent(step, term, end) ? this.from(index + 1, end) : 'no';
    return this.#content(step, term, index, end);
  }

  #content({ isAnchor, bytes }: Step, term: ContentTerm, index: number, end: number): Answer {
    const { low, high } = this.#window(term, end);
    for (let at = low; ; at += 1) {
      at = this.#next(term, bytes, at, high);
      if (at === -1) return term.distance === null && term.within === null ? 'never' : 'no';
      const stop = at + term.bytes.length;
      if (term.endsWith && stop !== this.#buffer.length) continue;
      const answer = this.from(index + 1, stop);
      if (answer !== 'no') return answer;
      if (!isAnchor) return 'never';
    }
  }

  #isAbsent({ bytes }: Step, term: ContentTerm, end: number): boolean {
    const { low, high } = this.#window(term, end);
    if (term.endsWith && high < this.#buffer.length) return true;
    const at = this.#next(term, bytes, low, high);
    // Suricata looks at the first place alone, and compares its end with the length of the window.
    return at === -1 || (term.endsWith && at + bytes.length !== high - low);
  }

  #window(term: ContentTerm, end: number): { low: number; high: number } {
    const { length } = this.#buffer;
    if (term.distance !== null || term.within !== null) {
      const distance = number(term.distance ?? 0);
      const low = Math.max(0, end + distance);
      const limit = term.within === null ? length : end + distance + number(term.within);
      // A limit before the buffer's start is none: Suricata's number for it has no sign.
      const high = limit < 0 ? length : Math.min(length, limit);
      return { low, high };
    }
    const low = number(term.offset ?? 0);
    const depth = term.startsWith ? term.bytes.length : term.depth === null ? length : number(term.depth);
    return { low, high: Math.min(length, low + depth) };
  }

  #next({ nocase }: ContentTerm, bytes: Uint8Array, from: number, high: number): number {
    if (from + bytes.length > high) return -1;
    if (nocase) this.#lower ??= Buffer.from(lowered(this.#buffer));
    return (nocase ? this.#lower! : this.#buffer).subarray(0, high).indexOf(bytes, from);
  }
}

/** ASCII letters alone. */
function lowered(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));
}

function number(amount: number | string): number {
  if (typeof amount === 'string') throw new TypeError(`the variable ${amount} has no value here`);
  return amount;
}
