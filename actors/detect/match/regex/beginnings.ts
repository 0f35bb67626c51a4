/** What every match of an expression begins with, and a byte that it has: where it cannot begin, it is not tried. */
import { isFull, noBytes, setOf, singleByte, union } from '../../rules/regex/byte-sets.ts';
import type { ByteSet, Node } from '../../rules/regex/nodes.ts';

export interface Prefix {
  readonly bytes: Uint8Array;
  readonly isFolded: boolean;
}

interface Beginning {
  readonly set: ByteSet;
  /** It may take nothing: what follows counts, too. */
  readonly isEmpty: boolean;
}

const NOTHING: Beginning = { set: noBytes(), isEmpty: true };
const ANYTHING: Beginning = { set: setOf(() => true), isEmpty: true };

function beginning(node: Node): Beginning {
  switch (node.kind) {
    case 'byte':
      return { set: singleByte(node.byte, node.isFolded), isEmpty: false };
    case 'set':
      return { set: node.set, isEmpty: false };
    case 'sequence':
      return sequence(node.nodes, 0);
    case 'choice': {
      const all = node.nodes.map(beginning);
      return { set: all.map(({ set }) => set).reduce(union), isEmpty: all.some(({ isEmpty }) => isEmpty) };
    }
    case 'repeat': {
      if (node.max === 0) return NOTHING;
      const one = beginning(node.node);
      return { set: one.set, isEmpty: one.isEmpty || node.min === 0 };
    }
    case 'capture':
    case 'atomic':
      return beginning(node.node);
    case 'look':
    case 'assert':
    case 'keep':
      return NOTHING;
    case 'back':
    case 'condition':
      return ANYTHING;
  }
}

function sequence(nodes: readonly Node[], from: number): Beginning {
  let all = NOTHING;
  for (let i = from; i < nodes.length; i += 1) {
    const one = beginning(nodes[i]!);
    if (one !== NOTHING) all = { set: all === NOTHING ? one.set : union(all.set, one.set), isEmpty: one.isEmpty };
    if (!one.isEmpty) return all;
  }
  return all;
}

/** The bytes of which one must come where nodes[from] begins; null: that is not known. */
export function mustBegin(nodes: readonly Node[], from: number): ByteSet | null {
  const { set, isEmpty } = sequence(nodes, from);
  return isEmpty ? null : set;
}

export function firstOf(node: Node): ByteSet | null {
  const { set, isEmpty } = beginning(node);
  return isEmpty || isFull(set) ? null : set;
}

/** Whether it can only match where the subject, or the search, begins. */
export function beginsAtStart(node: Node): boolean {
  switch (node.kind) {
    case 'assert':
      return node.what === 'subjectStart' || node.what === 'searchStart';
    case 'sequence':
      return node.nodes.length > 0 && beginsAtStart(node.nodes[0]!);
    case 'choice':
      return node.nodes.every(beginsAtStart);
    case 'capture':
    case 'atomic':
      return beginsAtStart(node.node);
    default:
      return false;
  }
}

export function prefixOf(node: Node): Prefix | null {
  const bytes: number[] = [];
  let isFolded: boolean | null = null;
  for (const one of flat(node)) {
    if (one.kind !== 'byte') break;
    const isLetter = one.isFolded || (one.byte >= 0x41 && one.byte <= 0x5a) || (one.byte >= 0x61 && one.byte <= 0x7a);
    if (isLetter && isFolded !== null && isFolded !== one.isFolded) break;
    if (isLetter) isFolded = one.isFolded;
    bytes.push(one.byte);
  }
  return bytes.length < 2 ? null : { bytes: Uint8Array.from(bytes), isFolded: isFolded === true };
}

/** The bytes of which every match has one, the last such in the expression; null: not known. */
export function requiredOf(node: Node): ByteSet | null {
  switch (node.kind) {
    case 'byte':
      return singleByte(node.byte, node.isFolded);
    case 'sequence':
      for (let i = node.nodes.length - 1; i >= 0; i -= 1) {
        const found = requiredOf(node.nodes[i]!);
        if (found !== null) return found;
      }
      return null;
    case 'repeat':
      return node.min > 0 ? requiredOf(node.node) : null;
    case 'capture':
    case 'atomic':
      return requiredOf(node.node);
    default:
      return null;
  }
}

const flat = (node: Node): readonly Node[] => (node.kind === 'sequence' ? node.nodes : [node]);
