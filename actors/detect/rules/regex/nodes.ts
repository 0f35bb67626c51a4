/** A regular expression as it was understood, byte by byte: PCRE's constructs, as far as they are run. */

/** 256 entries, 1 for each byte that belongs to it. */
export type ByteSet = Uint8Array;

export type Assertion =
  | 'subjectStart'
  | 'lineStart'
  | 'subjectEnd'
  | 'lineEnd'
  | 'endOrLastNewline'
  | 'wordBoundary'
  | 'notWordBoundary'
  | 'searchStart';

export type Node =
  | { readonly kind: 'byte'; readonly byte: number; readonly isFolded: boolean }
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'choice'; readonly nodes: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly node: Node;
      readonly min: number;
      /** Infinity: without end. */
      readonly max: number;
      readonly mode: 'greedy' | 'lazy' | 'possessive';
    }
  | { readonly kind: 'capture'; readonly index: number; readonly node: Node }
  | { readonly kind: 'atomic'; readonly node: Node }
  /** The branches of one that looks behind have a length each. */
  | {
      readonly kind: 'look';
      readonly isBehind: boolean;
      readonly isNegated: boolean;
      readonly branches: readonly Node[];
    }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'back'; readonly index: number; readonly isFolded: boolean }
  /** `test`: a group that must be set. */
  | { readonly kind: 'condition'; readonly test: number; readonly yes: Node; readonly no: Node }
  /** The match begins here. */
  | { readonly kind: 'keep' };

export const EMPTY: Node = { kind: 'sequence', nodes: [] };

export interface Expression {
  readonly node: Node;
  readonly captures: number;
  /** Only where the search begins. */
  readonly isAnchored: boolean;
}

/** The bytes that a node takes, if it is always as many; null: it is not. */
export function fixedLength(node: Node): number | null {
  switch (node.kind) {
    case 'byte':
    case 'set':
      return 1;
    case 'sequence':
      return node.nodes.reduce<number | null>((sum, one) => plus(sum, fixedLength(one)), 0);
    case 'choice': {
      const lengths = new Set(node.nodes.map(fixedLength));
      return lengths.size === 1 ? [...lengths][0]! : null;
    }
    case 'repeat': {
      const one = fixedLength(node.node);
      return one === null || node.min !== node.max ? null : one * node.min;
    }
    case 'capture':
    case 'atomic':
      return fixedLength(node.node);
    case 'look':
    case 'assert':
    case 'keep':
      return 0;
    case 'back':
      return null;
    case 'condition': {
      const [yes, no] = [fixedLength(node.yes), fixedLength(node.no)];
      return yes === no ? yes : null;
    }
  }
}

const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

/** Whether it can match without taking a byte. In doubt yes. */
export function canBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case 'byte':
    case 'set':
      return false;
    case 'sequence':
      return node.nodes.every(canBeEmpty);
    case 'choice':
      return node.nodes.some(canBeEmpty);
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.node);
    case 'capture':
    case 'atomic':
      return canBeEmpty(node.node);
    case 'condition':
      return canBeEmpty(node.yes) || canBeEmpty(node.no);
    default:
      return true;
  }
}
