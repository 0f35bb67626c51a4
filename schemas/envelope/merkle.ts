/**
 * The tree over a batch's entries, and over those of a log (schemas/trust-log): hashes, root and paths of RFC 9162, 2.1.
 * Leaves and nodes are told apart by their first byte, so that no node passes as a leaf; the place of a leaf is part of
 * what a path proves.
 */
import { hash } from 'node:crypto';

const HASH_BYTES = 32;
let scratch = Buffer.alloc(1 + 2 * HASH_BYTES);

export function leafHash(entry: Uint8Array): Buffer {
  return prefixed(0, entry, null);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return prefixed(1, left, right);
}

function prefixed(prefix: number, first: Uint8Array, second: Uint8Array | null): Buffer {
  const length = 1 + first.length + (second?.length ?? 0);
  if (length > scratch.length) scratch = Buffer.alloc(2 * length);
  scratch[0] = prefix;
  scratch.set(first, 1);
  if (second !== null) scratch.set(second, 1 + first.length);
  return hash('sha256', scratch.subarray(0, length), 'buffer');
}

/** The largest power of two below n; n is at least 2. */
function split(n: number): number {
  return 1 << (31 - Math.clz32(n - 1));
}

/** Of leaf hashes [from, to); there is at least one. */
export function merkleRoot(leaves: readonly Uint8Array[], from = 0, to = leaves.length): Uint8Array {
  if (to - from === 1) return leaves[from]!;
  const middle = from + split(to - from);
  return nodeHash(merkleRoot(leaves, from, middle), merkleRoot(leaves, middle, to));
}

/** The hashes beside the way from a leaf to the root, the lowest first: at most 12 for 4,096 leaves. */
export function merklePath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  const path: Uint8Array[] = [];
  let [from, to] = [0, leaves.length];
  while (to - from > 1) {
    const middle = from + split(to - from);
    if (index < middle) {
      path.unshift(merkleRoot(leaves, middle, to));
      to = middle;
    } else {
      path.unshift(merkleRoot(leaves, from, middle));
      from = middle;
    }
  }
  return path;
}

/** The root that the path leads to (RFC 9162, 2.1.3.2); null where it is too short or too long for this place. */
export function rootOfPath(
  leaf: Uint8Array,
  index: number,
  leaves: number,
  path: readonly Uint8Array[],
): Uint8Array | null {
  if (index >= leaves) return null;
  let [place, last] = [index, leaves - 1];
  let hash = leaf;
  for (const beside of path) {
    if (last === 0) return null;
    if (place % 2 === 1 || place === last) {
      hash = nodeHash(beside, hash);
      while (place % 2 === 0 && place !== 0) {
        place >>>= 1;
        last >>>= 1;
      }
    } else hash = nodeHash(hash, beside);
    place >>>= 1;
    last >>>= 1;
  }
  return last === 0 ? hash : null;
}
