/** An expression as a program: numbers in one array, an instruction's code and its operands one after another. */

import { areApart, isFull, singleByte } from '../../rules/regex/byte-sets.ts';
import type { ByteSet, Expression, Node } from '../../rules/regex/nodes.ts';
import { canBeEmpty, fixedLength } from '../../rules/regex/nodes.ts';
import { beginsAtStart, firstOf, mustBegin, type Prefix, prefixOf, requiredOf } from './beginnings.ts';

/** Instructions with their operands. Places in the program are absolute. */
export const OP = {
  /** The match, or the part that was called, is complete. */
  DONE: 0,
  /** byte */
  BYTE: 1,
  /** byte in lower case */
  FOLDED: 2,
  /** set */
  SET: 3,
  /** place */
  JUMP: 4,
  /** first place, then the other one */
  SPLIT: 5,
  /** register: the position goes there */
  SAVE: 6,
  /** register, set, min, max (-1: without end), set of what follows (-1: not known), whether places are counted */
  GREEDY: 7,
  LAZY: 8,
  POSSESSIVE: 9,
  /** which */
  ASSERT: 10,
  /** group, folded */
  BACK: 11,
  /** place behind; the part between is called: whether it is negated, bytes to step back first (-1: it is no look) */
  CALL: 12,
  /** group, register that holds where it began */
  CLOSE: 17,
  /** group, place where it is not set */
  IF_SET: 13,
  /** register, place: goes on there only if the position has moved since the register was set */
  IF_MOVED: 14,
  /** counts one turn of a group */
  COUNT: 15,
  FAIL: 16,
} as const;

export const ASSERTIONS = [
  'subjectStart',
  'lineStart',
  'subjectEnd',
  'lineEnd',
  'endOrLastNewline',
  'wordBoundary',
  'notWordBoundary',
  'searchStart',
] as const;

export interface Program {
  readonly code: Int32Array;
  /** How many groups there are. */
  readonly captures: number;
  readonly sets: readonly ByteSet[];
  /** Two for each group, the whole match first; then those of loops. */
  readonly registers: number;
  readonly isAnchored: boolean;
  /** Bytes that a match can begin with; null: any, or none is needed. */
  readonly first: ByteSet | null;
  /** What every match begins with, in lower case where it is folded; null: nothing. */
  readonly prefix: Prefix | null;
  /** Bytes of which every match has one; null: not known. */
  readonly required: ByteSet | null;
}

export function programOf({ node, captures, isAnchored }: Expression): Program {
  const writer = new Writer(2 * (captures + 1));
  writer.node(node, null);
  writer.emit(OP.DONE);
  const isFixed = isAnchored || beginsAtStart(node);
  return {
    code: Int32Array.from(writer.code),
    captures,
    sets: writer.sets,
    registers: writer.registers,
    isAnchored: isFixed,
    first: isFixed ? null : firstOf(node),
    prefix: isFixed ? null : prefixOf(node),
    required: requiredOf(node),
  };
}

class Writer {
  readonly code: number[] = [];
  readonly sets: ByteSet[] = [];
  registers: number;

  constructor(registers: number) {
    this.registers = registers;
  }

  emit(...values: readonly number[]): number {
    const at = this.code.length;
    for (const value of values) this.code.push(value);
    return at;
  }

  /** `next`: the bytes of which one must follow the node; null: not known. */
  node(node: Node, next: ByteSet | null): void {
    switch (node.kind) {
      case 'byte':
        this.emit(node.isFolded ? OP.FOLDED : OP.BYTE, node.byte);
        break;
      case 'set':
        this.emit(OP.SET, this.#set(node.set));
        break;
      case 'sequence':
        for (const [i, one] of node.nodes.entries())
          this.node(one, i + 1 < node.nodes.length ? mustBegin(node.nodes, i + 1) : next);
        break;
      case 'choice':
        this.#choice(node.nodes, next);
        break;
      case 'repeat':
        this.#repeat(node, next);
        break;
      case 'capture':
        this.#capture(node, next);
        break;
      case 'atomic':
        this.#call(node.node, 0, -1);
        break;
      case 'look':
        this.#look(node);
        break;
      case 'assert':
        this.emit(OP.ASSERT, ASSERTIONS.indexOf(node.what));
        break;
      case 'back':
        this.emit(OP.BACK, node.index, node.isFolded ? 1 : 0);
        break;
      case 'condition':
        this.#condition(node, next);
        break;
      case 'keep':
        this.emit(OP.SAVE, 0);
        break;
    }
  }

  /** The group is what it was until it is complete: a reference to it from inside means the turn before. */
  #capture({ index, node }: Extract<Node, { kind: 'capture' }>, next: ByteSet | null): void {
    const opened = this.registers++;
    this.emit(OP.SAVE, opened);
    this.node(node, next);
    this.emit(OP.CLOSE, index, opened);
  }

  #set(set: ByteSet): number {
    const known = this.sets.indexOf(set);
    return known === -1 ? this.sets.push(set) - 1 : known;
  }

  #choice(nodes: readonly Node[], next: ByteSet | null): void {
    const ends: number[] = [];
    for (const [i, one] of nodes.entries()) {
      if (i === nodes.length - 1) {
        this.node(one, next);
        break;
      }
      const split = this.emit(OP.SPLIT, 0, 0);
      this.code[split + 1] = this.code.length;
      this.node(one, next);
      ends.push(this.emit(OP.JUMP, 0));
      this.code[split + 2] = this.code.length;
    }
    for (const end of ends) this.code[end + 1] = this.code.length;
  }

  #repeat(repeat: Extract<Node, { kind: 'repeat' }>, next: ByteSet | null): void {
    const { node, min, max, mode } = repeat;
    if (max === 0) return;
    const one = singleSet(node);
    if (one !== null) {
      const op = { greedy: OP.GREEDY, lazy: OP.LAZY, possessive: OP.POSSESSIVE }[mode];
      // What follows can never be among what is taken: to give back is of no use.
      const isFinal = mode === 'greedy' && next !== null && areApart(next, one);
      const counted = isFull(one) ? 1 : 0;
      const follow = next === null ? -1 : this.#set(next);
      const most = max === Number.POSITIVE_INFINITY ? -1 : max;
      this.emit(isFinal ? OP.POSSESSIVE : op, this.#set(one), min, most, follow, counted);
      return;
    }
    if (mode === 'possessive') {
      this.#call({ ...repeat, mode: 'greedy' }, 0, -1);
      return;
    }
    const isEndless = max === Number.POSITIVE_INFINITY;
    for (let i = 0; i < (isEndless ? min - 1 : min); i += 1) this.node(node, null);
    if (isEndless) this.#loop(node, mode === 'lazy', min === 0);
    else this.#optional(node, max - min, mode === 'lazy');
  }

  #optional(node: Node, times: number, isLazy: boolean): void {
    const splits: number[] = [];
    for (let i = 0; i < times; i += 1) {
      const split = this.emit(OP.SPLIT, 0, 0);
      splits.push(split);
      this.code[split + (isLazy ? 2 : 1)] = this.code.length;
      this.node(node, null);
    }
    for (const split of splits) this.code[split + (isLazy ? 1 : 2)] = this.code.length;
  }

  /** Once or more often; with `canSkip` also never. A turn that takes nothing is the last one. */
  #loop(node: Node, isLazy: boolean, canSkip: boolean): void {
    const skip = canSkip ? this.emit(OP.SPLIT, 0, 0) : -1;
    if (canSkip) this.code[skip + (isLazy ? 2 : 1)] = this.code.length;
    const isEmptyTurn = canBeEmpty(node);
    const register = isEmptyTurn ? this.registers++ : -1;
    const start = this.code.length;
    if (isEmptyTurn) this.emit(OP.SAVE, register);
    this.node(node, null);
    this.emit(OP.COUNT);
    const moved = isEmptyTurn ? this.emit(OP.IF_MOVED, register, 0) : -1;
    const split = this.emit(OP.SPLIT, 0, 0);
    this.code[split + (isLazy ? 2 : 1)] = start;
    this.code[split + (isLazy ? 1 : 2)] = this.code.length;
    if (isEmptyTurn) this.code[moved + 2] = this.code.length;
    if (canSkip) this.code[skip + (isLazy ? 1 : 2)] = this.code.length;
  }

  #call(node: Node, isNegated: number, back: number): void {
    const call = this.emit(OP.CALL, 0, isNegated, back);
    this.node(node, null);
    this.emit(OP.DONE);
    this.code[call + 1] = this.code.length;
  }

  #look({ branches, isBehind, isNegated }: Extract<Node, { kind: 'look' }>): void {
    if (!isBehind) this.#call({ kind: 'choice', nodes: branches }, isNegated ? 1 : 0, 0);
    // Each branch has a length of its own: one that must not be there asks all, the other one is a choice that ends with the first.
    else if (isNegated) for (const branch of branches) this.#call(branch, 1, fixedLength(branch)!);
    else if (branches.length === 1) this.#call(branches[0]!, 0, fixedLength(branches[0]!)!);
    else {
      const looks = branches.map((branch): Node => ({ kind: 'look', isBehind, isNegated, branches: [branch] }));
      this.#call({ kind: 'choice', nodes: looks }, 0, 0);
    }
  }

  #condition({ test, yes, no }: Extract<Node, { kind: 'condition' }>, next: ByteSet | null): void {
    const fork = this.emit(OP.IF_SET, test, 0);
    this.node(yes, next);
    const end = this.emit(OP.JUMP, 0);
    this.code[fork + 2] = this.code.length;
    this.node(no, next);
    this.code[end + 1] = this.code.length;
  }
}

/** The set of a node that takes one byte. */
function singleSet(node: Node): ByteSet | null {
  if (node.kind === 'set') return node.set;
  return node.kind === 'byte' ? singleByte(node.byte, node.isFolded) : null;
}
