/**
 * The root of a batch's tree with four hashes side by side: a quarter of what one call for each hash takes. The tree is that
 * of merkle.ts, level by level: an odd node at a level's end is the next level's as it is, which is the largest power of two on the
 * left.
 */
import { leafHash } from './merkle.ts';
import { AT_MESSAGE, AT_STATE, INITIAL, LANES, type Sha256Lanes, sha256Lanes } from './sha256-module.ts';

const HASH_WORDS = 8;
const HASH_BYTES = 4 * HASH_WORDS;
const BLOCK_WORDS = 16;
const MESSAGE = (LANES * AT_MESSAGE) / 4;
const STATE = (LANES * AT_STATE) / 4;
/** A node's message: its first byte, two hashes, the bit behind them, and the length. */
const NODE_BLOCKS = 2;
const NODE_BITS = 8 * (1 + 2 * HASH_BYTES);

export class MerkleLanes {
  readonly #module: Sha256Lanes = sha256Lanes();

  /** There is at least one entry. */
  root(entries: readonly Uint8Array[]): Uint8Array {
    const hashes = new Int32Array(HASH_WORDS * entries.length);
    this.#leaves(entries, hashes);
    for (let count = entries.length; count > 1; count = (count + 1) >>> 1) this.#nodes(hashes, count);
    const root = Buffer.alloc(HASH_BYTES);
    for (let i = 0; i < HASH_WORDS; i++) root.writeInt32BE(hashes[i]!, 4 * i);
    return root;
  }

  #leaves(entries: readonly Uint8Array[], hashes: Int32Array): void {
    for (let from = 0; from < entries.length; from += LANES) {
      const lanes = Math.min(LANES, entries.length - from);
      const blocks = blocksOf(entries[from]!.length);
      let isEven = blocks <= this.#module.blocksMax;
      for (let lane = 1; lane < lanes; lane++) if (blocksOf(entries[from + lane]!.length) !== blocks) isEven = false;
      if (isEven) {
        for (let lane = 0; lane < lanes; lane++) this.#putLeaf(entries[from + lane]!, blocks, lane);
        this.#run(blocks, hashes, HASH_WORDS * from, lanes);
      } else {
        for (let i = from; i < from + lanes; i++) {
          const leaf = leafHash(entries[i]!);
          for (let w = 0; w < HASH_WORDS; w++) hashes[HASH_WORDS * i + w] = leaf.readInt32BE(4 * w);
        }
      }
    }
  }

  /** The next level lies where the first half of this one did. */
  #nodes(hashes: Int32Array, count: number): void {
    const pairs = count >>> 1;
    for (let from = 0; from < pairs; from += LANES) {
      const lanes = Math.min(LANES, pairs - from);
      for (let lane = 0; lane < lanes; lane++) this.#putNode(hashes, 2 * HASH_WORDS * (from + lane), lane);
      this.#run(NODE_BLOCKS, hashes, HASH_WORDS * from, lanes);
    }
    if (count % 2 === 1) hashes.copyWithin(HASH_WORDS * pairs, HASH_WORDS * (count - 1), HASH_WORDS * count);
  }

  #putLeaf(entry: Uint8Array, blocks: number, lane: number): void {
    const { words } = this.#module;
    const end = MESSAGE + LANES * BLOCK_WORDS * blocks + lane;
    let to = MESSAGE + lane;
    // The first byte, which is 0, and three of the entry; from then on whole words.
    let at = -1;
    for (const whole = entry.length - 3; at < whole; at += 4, to += LANES)
      words[to] = ((entry[at] ?? 0) << 24) | (entry[at + 1]! << 16) | (entry[at + 2]! << 8) | entry[at + 3]!;
    let word = 0;
    let shift = 24;
    for (; at < entry.length; at++, shift -= 8) word |= (entry[at] ?? 0) << shift;
    words[to] = word | (0x80 << shift);
    for (to += LANES; to < end; to += LANES) words[to] = 0;
    words[end - LANES] = (1 + entry.length) << 3;
  }

  /** Two hashes one behind the other, moved by the first byte, which is 1. */
  #putNode(hashes: Int32Array, from: number, lane: number): void {
    const { words } = this.#module;
    let before = 1;
    let to = MESSAGE + lane;
    for (let i = from; i < from + 2 * HASH_WORDS; i++, to += LANES) {
      const word = hashes[i]!;
      words[to] = (before << 24) | (word >>> 8);
      before = word;
    }
    words[to] = (before << 24) | (0x80 << 16);
    const end = MESSAGE + LANES * BLOCK_WORDS * NODE_BLOCKS + lane;
    for (to += LANES; to < end; to += LANES) words[to] = 0;
    words[end - LANES] = NODE_BITS;
  }

  #run(blocks: number, hashes: Int32Array, to: number, lanes: number): void {
    const { words } = this.#module;
    for (let i = 0; i < HASH_WORDS; i++) words.fill(INITIAL[i]! | 0, STATE + LANES * i, STATE + LANES * (i + 1));
    this.#module.compress(blocks);
    for (let lane = 0; lane < lanes; lane++)
      for (let i = 0; i < HASH_WORDS; i++) hashes[to + HASH_WORDS * lane + i] = words[STATE + LANES * i + lane]!;
  }
}

/** Of an entry behind the byte in front of it, with the bit that ends it and its length. */
function blocksOf(length: number): number {
  return ((length + 1 + 8) >> 6) + 1;
}
