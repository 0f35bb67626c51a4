/**
 * Runs the program of an expression on bytes, going back as PCRE does. What it costs is bounded twice: by PCRE's match
 * limit, which Suricata sets and beyond which there is no match, and by the steps of one search.
 *
 * The stack has four numbers an entry: what, and three operands. It holds the places to go back to and, between them, the
 * values that registers had; whoever goes back puts those in again on the way.
 */

import { isWord } from '../../rules/regex/byte-sets.ts';
import { FOLD, LiteralSearch } from '../literal-search.ts';
import { ASSERTIONS, OP, type Program } from './program.ts';

/** Suricata's default for PCRE's match limit; each attempt from one place has it anew. */
const MATCH_LIMIT = 3500;
/** Steps of one search: some milliseconds. PCRE has no bound of this kind. */
const STEPS_MAX = 1_000_000;
const STACK_MAX = 4 * 250_000;

const ENTRY = 4;
const CHOICE = 0;
const UNDO = 1;
const GREEDY = 2;
const LAZY = 3;

const UNSET = [-1, -1] as const;
const NO_MATCH = -1;
const GIVEN_UP = -2;

const [SUBJECT_START, LINE_START, SUBJECT_END, LINE_END, END_OR_LAST_NEWLINE, WORD_BOUNDARY, NOT_WORD_BOUNDARY] =
  ASSERTIONS.map((_, i) => i);

const WORD = Uint8Array.from({ length: 256 }, (_, byte) => (isWord(byte) ? 1 : 0));

/** Shared by all expressions of a worker: none runs inside of another. */
let stack = new Int32Array(ENTRY * 1024);

export class Machine {
  /** Where the last match lies. */
  start = 0;
  end = 0;
  /** A bound ended the last search. */
  hasGivenUp = false;
  readonly #program: Program;
  readonly #code: Int32Array;
  readonly #registers: Int32Array;
  readonly #prefix: LiteralSearch | null;
  #buffer: Uint8Array = new Uint8Array();
  #subject = 0;
  #from = 0;
  #top = 0;
  #left = 0;
  #steps = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#code = program.code;
    this.#registers = new Int32Array(program.registers);
    this.#prefix = program.prefix === null ? null : new LiteralSearch(program.prefix.bytes, program.prefix.isFolded);
  }

  /** The first match at `from` or behind it, in a subject that begins at `subject` and ends with the buffer. */
  find(buffer: Uint8Array, subject: number, from: number, stepsMax = STEPS_MAX): boolean {
    this.#buffer = buffer;
    this.#subject = subject;
    this.#from = from;
    this.#steps = stepsMax;
    this.hasGivenUp = false;
    const { first, isAnchored } = this.#program;
    const { length } = buffer;
    this.#registers.fill(-1);
    for (let at = from; at <= length; at += 1) {
      if (this.#prefix !== null) {
        at = this.#prefix.next(buffer, at, length);
        if (at === -1) return false;
      } else if (first !== null) {
        while (at < length && first[buffer[at]!] === 0) at += 1;
        if (at === length) return false;
      }
      // A try that fails leaves the registers as they were.
      this.#registers[0] = at;
      this.#top = 0;
      this.#left = MATCH_LIMIT;
      const end = this.#run(0, at, 0);
      if (end >= 0) {
        this.start = this.#registers[0]!;
        this.end = end;
        return true;
      }
      if (end === GIVEN_UP || this.#steps <= 0) {
        // PCRE looks beforehand for a byte that it needs, and then has no attempt to give up.
        this.hasGivenUp = this.#mayMatch(at);
        return false;
      }
      if (isAnchored) return false;
    }
    return false;
  }

  #mayMatch(from: number): boolean {
    const { required } = this.#program;
    if (required === null) return true;
    for (let at = from; at < this.#buffer.length; at += 1) if (required[this.#buffer[at]!] === 1) return true;
    return false;
  }

  /** What the last search left of its steps. */
  get stepsLeft(): number {
    return this.#steps;
  }

  /** Where a group lies in the last match; -1, -1: it is not set. */
  group(index: number): readonly [number, number] {
    if (index > this.#program.captures) return UNSET;
    return [this.#registers[2 * index]!, this.#registers[2 * index + 1]!];
  }

  /** From an instruction and a position to DONE: the position there. Entries under `base` are the caller's. */
  #run(entry: number, position: number, base: number): number {
    let pc = entry;
    let at = position;
    const code = this.#code;
    const buffer = this.#buffer;
    const { length } = buffer;
    const { sets } = this.#program;
    const registers = this.#registers;
    for (;;) {
      let isFailed = false;
      this.#steps -= 1;
      switch (code[pc]) {
        case OP.DONE:
          return at;
        case OP.BYTE:
          if (at < length && buffer[at] === code[pc + 1]) at += 1;
          else isFailed = true;
          pc += 2;
          break;
        case OP.FOLDED:
          if (at < length && FOLD[buffer[at]!] === code[pc + 1]) at += 1;
          else isFailed = true;
          pc += 2;
          break;
        case OP.SET:
          if (at < length && sets[code[pc + 1]!]![buffer[at]!] === 1) at += 1;
          else isFailed = true;
          pc += 2;
          break;
        case OP.JUMP:
          pc = code[pc + 1]!;
          break;
        case OP.SPLIT:
          if (!this.#push(CHOICE, code[pc + 2]!, at, 0)) return GIVEN_UP;
          pc = code[pc + 1]!;
          break;
        case OP.SAVE: {
          const register = code[pc + 1]!;
          if (!this.#push(UNDO, register, registers[register]!, 0)) return GIVEN_UP;
          registers[register] = at;
          pc += 2;
          break;
        }
        case OP.CLOSE: {
          const start = 2 * code[pc + 1]!;
          if (!this.#push(UNDO, start, registers[start]!, 0)) return GIVEN_UP;
          if (!this.#push(UNDO, start + 1, registers[start + 1]!, 0)) return GIVEN_UP;
          registers[start] = registers[code[pc + 2]!]!;
          registers[start + 1] = at;
          pc += 3;
          break;
        }
        case OP.GREEDY:
        case OP.POSSESSIVE: {
          const set = sets[code[pc + 1]!]!;
          const most = code[pc + 3]!;
          const limit = most === -1 || most > length - at ? length : at + most;
          let to = at;
          while (to < limit && set[buffer[to]!] === 1) to += 1;
          this.#steps -= (to - at) >> 2;
          const least = at + code[pc + 2]!;
          if (to < least) isFailed = true;
          else {
            this.#left -= 1;
            if (this.#left <= 0) return GIVEN_UP;
            if (code[pc] === OP.GREEDY && to > least && !this.#push(GREEDY, pc, to, least)) return GIVEN_UP;
            at = to;
          }
          pc += 6;
          break;
        }
        case OP.LAZY: {
          const set = sets[code[pc + 1]!]!;
          const least = code[pc + 2]!;
          let to = at;
          while (to < length && to - at < least && set[buffer[to]!] === 1) to += 1;
          if (to - at < least) isFailed = true;
          else {
            this.#left -= 1;
            if (this.#left <= 0) return GIVEN_UP;
            const most = code[pc + 3]!;
            if (!this.#push(LAZY, pc, to, most === -1 ? length : Math.min(length, at + most))) return GIVEN_UP;
            at = to;
          }
          pc += 6;
          break;
        }
        case OP.ASSERT:
          isFailed = !this.#holds(code[pc + 1]!, at);
          pc += 2;
          break;
        case OP.BACK: {
          const taken = this.#back(code[pc + 1]!, code[pc + 2] === 1, at);
          if (taken === -1) isFailed = true;
          else at += taken;
          pc += 3;
          break;
        }
        case OP.CALL: {
          const to = this.#call(pc, at);
          if (to === GIVEN_UP) return GIVEN_UP;
          if (to === NO_MATCH) isFailed = true;
          else at = to;
          pc = code[pc + 1]!;
          break;
        }
        case OP.IF_SET:
          pc = registers[2 * code[pc + 1]! + 1] === -1 ? code[pc + 2]! : pc + 3;
          break;
        case OP.IF_MOVED:
          pc = registers[code[pc + 1]!] === at ? code[pc + 2]! : pc + 3;
          break;
        case OP.COUNT:
          this.#left -= 2;
          if (this.#left <= 0) return GIVEN_UP;
          pc += 1;
          break;
        default:
          isFailed = true;
      }
      if (!isFailed) continue;
      if (this.#steps <= 0) return GIVEN_UP;
      // Back to the last place that leaves a choice.
      for (;;) {
        if (this.#top === base) return NO_MATCH;
        const top = this.#top - ENTRY;
        const what = stack[top]!;
        if (what === UNDO) {
          registers[stack[top + 1]!] = stack[top + 2]!;
          this.#top = top;
          continue;
        }
        if (what === CHOICE) {
          pc = stack[top + 1]!;
          at = stack[top + 2]!;
          this.#top = top;
          break;
        }
        const again = what === GREEDY ? this.#less(top) : this.#more(top);
        if (again === NO_MATCH) continue;
        if (again === GIVEN_UP) return GIVEN_UP;
        pc = stack[top + 1]! + 6;
        at = again;
        break;
      }
    }
  }

  /** Gives back bytes of the greedy repetition on top, to where what follows can begin. */
  #less(top: number): number {
    const pc = stack[top + 1]!;
    const least = stack[top + 3]!;
    const follow = this.#code[pc + 4]!;
    let at = stack[top + 2]! - 1;
    if (follow !== -1) {
      const set = this.#program.sets[follow]!;
      const buffer = this.#buffer;
      const before = at;
      while (at >= least && set[buffer[at]!] === 0) at -= 1;
      this.#steps -= (before - at) >> 2;
      // Where anything may be repeated, PCRE counts every byte.
      if (this.#code[pc + 5] === 1) this.#left -= before - at;
    }
    if (at <= least) this.#top = top;
    else stack[top + 2] = at;
    if (at < least) return this.#left <= 0 ? GIVEN_UP : NO_MATCH;
    this.#left -= 1;
    return this.#left <= 0 ? GIVEN_UP : at;
  }

  /** Takes bytes for the lazy repetition on top, up to where what follows can begin; each one counts. */
  #more(top: number): number {
    const pc = stack[top + 1]!;
    const most = stack[top + 3]!;
    const buffer = this.#buffer;
    const { sets } = this.#program;
    const set = sets[this.#code[pc + 1]!]!;
    const follow = this.#code[pc + 4]!;
    const next = follow === -1 ? null : sets[follow]!;
    const from = stack[top + 2]!;
    let at = from;
    let isThere = false;
    while (!isThere && at < most && set[buffer[at]!] === 1) {
      at += 1;
      isThere = next === null || (at < buffer.length && next[buffer[at]!] === 1);
    }
    this.#steps -= (at - from) >> 2;
    this.#left -= at - from;
    if (this.#left <= 0) return GIVEN_UP;
    if (isThere) stack[top + 2] = at;
    else this.#top = top;
    return isThere ? at : NO_MATCH;
  }

  /** A part that is decided once: the places to go back to inside of it are dropped, the registers' values stay known. */
  #call(pc: number, at: number): number {
    const isNegated = this.#code[pc + 2] === 1;
    const back = this.#code[pc + 3]!;
    const from = back === -1 ? at : at - back;
    if (from < this.#subject) return isNegated ? at : NO_MATCH;
    const base = this.#top;
    const to = this.#run(pc + 4, from, base);
    if (to === GIVEN_UP) return GIVEN_UP;
    if (isNegated) {
      for (let top = this.#top - ENTRY; top >= base; top -= ENTRY)
        if (stack[top] === UNDO) this.#registers[stack[top + 1]!] = stack[top + 2]!;
      this.#top = base;
      return to === NO_MATCH ? at : NO_MATCH;
    }
    if (to === NO_MATCH) return NO_MATCH;
    let kept = base;
    for (let entry = base; entry < this.#top; entry += ENTRY) {
      if (stack[entry] !== UNDO) continue;
      stack.copyWithin(kept, entry, entry + ENTRY);
      kept += ENTRY;
    }
    this.#top = kept;
    return back === -1 ? to : at;
  }

  #push(what: number, a: number, b: number, c: number): boolean {
    const top = this.#top;
    if (top >= STACK_MAX) return false;
    if (top === stack.length) {
      const larger = new Int32Array(stack.length * 2);
      larger.set(stack);
      stack = larger;
    }
    stack[top] = what;
    stack[top + 1] = a;
    stack[top + 2] = b;
    stack[top + 3] = c;
    this.#top = top + ENTRY;
    return true;
  }

  #holds(what: number, at: number): boolean {
    const buffer = this.#buffer;
    const { length } = buffer;
    switch (what) {
      case SUBJECT_START:
        return at === this.#subject;
      case LINE_START:
        return at === this.#subject || (at < length && buffer[at - 1] === 10);
      case SUBJECT_END:
        return at === length;
      case LINE_END:
        return at === length || buffer[at] === 10;
      case END_OR_LAST_NEWLINE:
        return at === length || (at === length - 1 && buffer[at] === 10);
      case WORD_BOUNDARY:
      case NOT_WORD_BOUNDARY: {
        const before = at > this.#subject ? WORD[buffer[at - 1]!]! : 0;
        const after = at < length ? WORD[buffer[at]!]! : 0;
        return (before !== after) === (what === WORD_BOUNDARY);
      }
      default:
        return at === this.#from;
    }
  }

  /** The bytes that repeat a group here; -1: it is not set, or they are others. */
  #back(group: number, isFolded: boolean, at: number): number {
    const start = this.#registers[2 * group]!;
    const end = this.#registers[2 * group + 1]!;
    if (end === -1) return -1;
    const buffer = this.#buffer;
    if (at + end - start > buffer.length) return -1;
    for (let i = 0; i < end - start; i += 1) {
      const [a, b] = [buffer[start + i]!, buffer[at + i]!];
      if (isFolded ? FOLD[a] !== FOLD[b] : a !== b) return -1;
    }
    this.#steps -= (end - start) >> 2;
    return end - start;
  }
}
