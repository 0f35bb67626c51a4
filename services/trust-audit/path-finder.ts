/**
 * The hashes beside one leaf's way up a tree that is seen leaf by leaf: in the memory of the tree's own peaks, however many
 * leaves there are.
 */
import { nodeHash } from '../../schemas/envelope/index.ts';
import { peaksOf } from '../../schemas/trust-log/index.ts';

interface Subtree {
  /** 2^level leaves. */
  readonly level: number;
  readonly hash: Uint8Array;
  readonly hasLeaf: boolean;
}

export class PathFinder {
  readonly #index: number;
  readonly #subtrees: Subtree[] = [];
  readonly #path: Uint8Array[] = [];
  #size = 0;

  /** `size` and `peaks`: of a tree that goes on here, and ends before the leaf. */
  constructor(index: number, size = 0, peaks: readonly Uint8Array[] = []) {
    this.#index = index;
    this.#size = size;
    if (peaks.length !== peaksOf(size)) return;
    let rest = size;
    for (const hash of peaks) {
      const level = Math.floor(Math.log2(rest));
      this.#subtrees.push({ level, hash, hasLeaf: false });
      rest -= 2 ** level;
    }
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Uint8Array): void {
    let right: Subtree = { level: 0, hash: leaf, hasLeaf: this.#size === this.#index };
    this.#size++;
    for (let left = this.#subtrees.at(-1); left?.level === right.level; left = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      right = this.#joined(left, right);
    }
    this.#subtrees.push(right);
  }

  /** With the tree as it is now, in which the leaf is. */
  path(): readonly Uint8Array[] {
    const path = [...this.#path];
    let [right, ...lefts] = this.#subtrees.toReversed();
    for (const left of lefts) {
      if (left.hasLeaf) path.push(right!.hash);
      else if (right!.hasLeaf) path.push(left.hash);
      right = {
        level: left.level + 1,
        hash: nodeHash(left.hash, right!.hash),
        hasLeaf: left.hasLeaf || right!.hasLeaf,
      };
    }
    return path;
  }

  #joined(left: Subtree, right: Subtree): Subtree {
    if (left.hasLeaf) this.#path.push(right.hash);
    else if (right.hasLeaf) this.#path.push(left.hash);
    return {
      level: left.level + 1,
      hash: nodeHash(left.hash, right.hash),
      hasLeaf: left.hasLeaf || right.hasLeaf,
    };
  }
}
