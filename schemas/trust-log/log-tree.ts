/**
 * A Merkle tree that only grows (RFC 9162, 2.1), in constant memory: of n leaves the roots of the whole subtrees that n
 * is the sum of, one for each bit of n. The hashes lie in memory that the caller gives, such as a row of keyed state.
 */
import { nodeHash } from '../envelope/index.ts';

export const HASH_BYTES = 32;
/** Sizes are safe integers, and nobody appends 2^48 entries. */
export const LEVELS_MAX = 48;
export const TREE_BYTES: number = LEVELS_MAX * HASH_BYTES;

export interface TreeMemory {
  /** The hash of level `level` lies at `at + level * HASH_BYTES`. */
  readonly bytes: Uint8Array;
  readonly at: number;
}

const isSet = (size: number, level: number): boolean => Math.floor(size / 2 ** level) % 2 === 1;

/** Which level the next leaf of a tree of `size` goes up to: the one place that `appendLeaf` writes to. */
export function levelOf(size: number): number {
  let level = 0;
  while (isSet(size, level)) level++;
  return level;
}

/** Writes one hash, that of `levelOf(size)`, which it returns. The tree has `size + 1` leaves then. */
export function appendLeaf({ bytes, at }: TreeMemory, size: number, leaf: Uint8Array): void {
  const level = levelOf(size);
  let hash = leaf;
  for (let below = 0; below < level; below++) hash = nodeHash(hashAt(bytes, at, below), hash);
  bytes.set(hash, at + level * HASH_BYTES);
}

/** Of at least one leaf. */
export function treeRoot(memory: TreeMemory, size: number): Uint8Array {
  return rootOfPeaks(treePeaks(memory, size));
}

/** Own copies, the largest subtree first. */
export function treePeaks({ bytes, at }: TreeMemory, size: number): Uint8Array[] {
  const peaks: Uint8Array[] = [];
  for (let level = LEVELS_MAX - 1; level >= 0; level--)
    if (isSet(size, level)) peaks.push(hashAt(bytes, at, level).slice());
  return peaks;
}

/** There is at least one. */
export function rootOfPeaks(peaks: readonly Uint8Array[]): Uint8Array {
  return peaks.reduceRight((root, peak) => nodeHash(peak, root));
}

/** How many peaks a tree of this size has. */
export function peaksOf(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** A tree that others may grow on from its peaks, or from nothing. */
export class LogTree {
  size = 0;
  readonly #memory: TreeMemory = { bytes: new Uint8Array(TREE_BYTES), at: 0 };

  /** As many peaks as a tree of this size has. */
  static from(size: number, peaks: readonly Uint8Array[]): LogTree {
    const tree = new LogTree();
    tree.size = size;
    let next = 0;
    for (let level = LEVELS_MAX - 1; level >= 0; level--)
      if (isSet(size, level)) tree.#memory.bytes.set(peaks[next++]!, level * HASH_BYTES);
    return tree;
  }

  append(leaf: Uint8Array): void {
    appendLeaf(this.#memory, this.size, leaf);
    this.size++;
  }

  /** Of at least one leaf. */
  root(): Uint8Array {
    return treeRoot(this.#memory, this.size);
  }

  peaks(): Uint8Array[] {
    return treePeaks(this.#memory, this.size);
  }
}

function hashAt(bytes: Uint8Array, at: number, level: number): Uint8Array {
  return bytes.subarray(at + level * HASH_BYTES, at + (level + 1) * HASH_BYTES);
}
