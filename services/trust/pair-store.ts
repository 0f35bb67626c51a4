/**
 * The pairs of one service: what a trustor has told of a provider, found by both, and chained by each of the two. All of
 * it lies in arrays: PAIR_BYTES a pair, and 8 to 16 of the index.
 *
 * Invariant: a slot is in the index, in its trustor's row and in its provider's column, or it is free. Chains begin with the
 * pair that came last.
 */
import { grown } from './columns.ts';

export const NONE = -1;
export const PAIR_BYTES = 7 * 4 + 3 * 4 + 3 * 8;

const SLOTS_FIRST = 256;

export class PairStore {
  trustor = new Int32Array(SLOTS_FIRST);
  provider = new Int32Array(SLOTS_FIRST);
  rowNext = new Int32Array(SLOTS_FIRST);
  columnNext = new Int32Array(SLOTS_FIRST);
  interactions = new Uint32Array(SLOTS_FIRST);
  /** As `Opinion` of the model has them. */
  trust = new Float32Array(SLOTS_FIRST);
  recent = new Float32Array(SLOTS_FIRST);
  lasting = new Float32Array(SLOTS_FIRST);
  /** W of the small window and of the big one, as of the graph's epoch. */
  now = new Float64Array(SLOTS_FIRST);
  ever = new Float64Array(SLOTS_FIRST);
  atMs = new Float64Array(SLOTS_FIRST);
  size = 0;
  /** Slots are below it; those that are free have no provider. */
  end = 0;
  #rowPrevious = new Int32Array(SLOTS_FIRST);
  #columnPrevious = new Int32Array(SLOTS_FIRST);
  #rowHead = new Int32Array(0);
  #columnHead = new Int32Array(0);
  #free: number = NONE;
  /** Slots, one more than they are; 0: nobody's. A power of two, at most half full. */
  #index = new Int32Array(2 * SLOTS_FIRST);

  rowHead(trustor: number): number {
    return trustor < this.#rowHead.length ? this.#rowHead[trustor]! : NONE;
  }

  columnHead(provider: number): number {
    return provider < this.#columnHead.length ? this.#columnHead[provider]! : NONE;
  }

  /** NONE where they have nothing to do with each other. */
  find(trustor: number, provider: number): number {
    const mask = this.#index.length - 1;
    for (let at = hash(trustor, provider) & mask; ; at = (at + 1) & mask) {
      const slot = this.#index[at]! - 1;
      if (slot < 0) return NONE;
      if (this.trustor[slot] === trustor && this.provider[slot] === provider) return slot;
    }
  }

  /** Of a pair that is not there yet; its numbers are the caller's to set. */
  insert(trustor: number, provider: number): number {
    const slot = this.#take();
    this.trustor[slot] = trustor;
    this.provider[slot] = provider;
    this.size++;
    if (2 * this.size > this.#index.length) this.#rehash(2 * this.#index.length);
    else this.#enter(slot);
    this.#rowHead = headsFor(this.#rowHead, trustor);
    this.#columnHead = headsFor(this.#columnHead, provider);
    chain(slot, trustor, this.#rowHead, this.rowNext, this.#rowPrevious);
    chain(slot, provider, this.#columnHead, this.columnNext, this.#columnPrevious);
    return slot;
  }

  remove(slot: number): void {
    this.#leave(slot);
    unchain(slot, this.trustor[slot]!, this.#rowHead, this.rowNext, this.#rowPrevious);
    unchain(slot, this.provider[slot]!, this.#columnHead, this.columnNext, this.#columnPrevious);
    this.size--;
    this.provider[slot] = NONE;
    this.rowNext[slot] = this.#free;
    this.#free = slot;
  }

  #take(): number {
    if (this.#free !== NONE) {
      const slot = this.#free;
      this.#free = this.rowNext[slot]!;
      return slot;
    }
    if (this.end === this.trustor.length) this.#grow(2 * this.end);
    return this.end++;
  }

  #grow(slots: number): void {
    this.trustor = grown(this.trustor, slots);
    this.provider = grown(this.provider, slots);
    this.rowNext = grown(this.rowNext, slots);
    this.columnNext = grown(this.columnNext, slots);
    this.#rowPrevious = grown(this.#rowPrevious, slots);
    this.#columnPrevious = grown(this.#columnPrevious, slots);
    this.interactions = grown(this.interactions, slots);
    this.trust = grown(this.trust, slots);
    this.recent = grown(this.recent, slots);
    this.now = grown(this.now, slots);
    this.lasting = grown(this.lasting, slots);
    this.ever = grown(this.ever, slots);
    this.atMs = grown(this.atMs, slots);
  }

  #rehash(length: number): void {
    this.#index = new Int32Array(length);
    for (let slot = 0; slot < this.end; slot++) if (this.provider[slot] !== NONE) this.#enter(slot);
  }

  #enter(slot: number): void {
    const mask = this.#index.length - 1;
    let at = hash(this.trustor[slot]!, this.provider[slot]!) & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = slot + 1;
  }

  /** What was pushed on by it moves back, so that no search ends too early. */
  #leave(slot: number): void {
    const mask = this.#index.length - 1;
    let hole = hash(this.trustor[slot]!, this.provider[slot]!) & mask;
    while (this.#index[hole] !== slot + 1) hole = (hole + 1) & mask;
    this.#index[hole] = 0;
    for (let at = (hole + 1) & mask; this.#index[at] !== 0; at = (at + 1) & mask) {
      const other = this.#index[at]! - 1;
      const home = hash(this.trustor[other]!, this.provider[other]!) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#index[hole] = other + 1;
      this.#index[at] = 0;
      hole = at;
    }
  }
}

function hash(trustor: number, provider: number): number {
  let mixed = Math.imul(trustor, 0x9e3779b1) ^ Math.imul(provider + 1, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

function headsFor(heads: Int32Array<ArrayBuffer>, id: number): Int32Array<ArrayBuffer> {
  return id < heads.length ? heads : grown(heads, Math.max(64, 2 * heads.length, id + 1), NONE);
}

function chain(slot: number, of: number, heads: Int32Array, next: Int32Array, previous: Int32Array): void {
  const head = heads[of]!;
  next[slot] = head;
  previous[slot] = NONE;
  if (head !== NONE) previous[head] = slot;
  heads[of] = slot;
}

function unchain(slot: number, of: number, heads: Int32Array, next: Int32Array, previous: Int32Array): void {
  if (previous[slot] === NONE) heads[of] = next[slot]!;
  else next[previous[slot]!] = next[slot]!;
  if (next[slot] !== NONE) previous[next[slot]!] = previous[slot]!;
}
