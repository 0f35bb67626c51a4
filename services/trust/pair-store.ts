/**
 * The pairs of one service: what a trustor has told of a provider, found by both, and chained by each of the two. A pair is
 * PAIR_BYTES of one memory, a line of the processor's cache, since questions come to pairs in no order; 8 to 16 more are
 * the index's.
 *
 *   0 trustor i32 · 4 provider i32 · 8 next of the row i32 · 12 next of the column i32 · 16 T f32 · 20 μ of the small window f32 ·
 *   24 μ of the big one f32 · 28 interactions u32 · 32 W of the small window f64 · 40 W of the big one f64 · 48 newest, ms f64 ·
 *   56 previous of the row i32 · 60 previous of the column i32
 *
 * Both W are as of the graph's epoch. Invariant: a slot is in the index, in its trustor's row and in its provider's column, or
 * it is free. Chains begin with the pair that came last.
 */
import type { Opinion } from '../../actors/trust/index.ts';
import { grown } from './columns.ts';

export const NONE = -1;
export const PAIR_BYTES = 64;

const WORDS = PAIR_BYTES / 4;
const DOUBLES = PAIR_BYTES / 8;
const TRUSTOR = 0;
const PROVIDER = 1;
const ROW_NEXT = 2;
const COLUMN_NEXT = 3;
const TRUST = 4;
const RECENT = 5;
const LASTING = 6;
const INTERACTIONS = 7;
const NOW = 4;
const EVER = 5;
const AT_MS = 6;
const ROW_PREVIOUS = 14;
const COLUMN_PREVIOUS = 15;

const SLOTS_FIRST = 256;

export class PairStore {
  size = 0;
  /** Slots are below it; those that are free have no provider. */
  end = 0;
  #room = SLOTS_FIRST;
  #integers = new Int32Array(SLOTS_FIRST * WORDS);
  #floats = new Float32Array(this.#integers.buffer);
  #doubles = new Float64Array(this.#integers.buffer);
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

  rowNext(slot: number): number {
    return this.#integers[slot * WORDS + ROW_NEXT]!;
  }

  columnNext(slot: number): number {
    return this.#integers[slot * WORDS + COLUMN_NEXT]!;
  }

  trustor(slot: number): number {
    return this.#integers[slot * WORDS + TRUSTOR]!;
  }

  /** NONE of a free slot. */
  provider(slot: number): number {
    return this.#integers[slot * WORDS + PROVIDER]!;
  }

  trust(slot: number): number {
    return this.#floats[slot * WORDS + TRUST]!;
  }

  recent(slot: number): number {
    return this.#floats[slot * WORDS + RECENT]!;
  }

  lasting(slot: number): number {
    return this.#floats[slot * WORDS + LASTING]!;
  }

  interactions(slot: number): number {
    return this.#integers[slot * WORDS + INTERACTIONS]! >>> 0;
  }

  now(slot: number): number {
    return this.#doubles[slot * DOUBLES + NOW]!;
  }

  ever(slot: number): number {
    return this.#doubles[slot * DOUBLES + EVER]!;
  }

  atMs(slot: number): number {
    return this.#doubles[slot * DOUBLES + AT_MS]!;
  }

  write(slot: number, { trust, recent, lasting, atMs }: Opinion, interactions: number): void {
    const word = slot * WORDS;
    this.#floats[word + TRUST] = trust;
    this.#floats[word + RECENT] = recent;
    this.#floats[word + LASTING] = lasting;
    this.#integers[word + INTERACTIONS] = interactions;
    this.#doubles[slot * DOUBLES + AT_MS] = atMs;
  }

  weigh(slot: number, now: number, ever: number): void {
    this.#doubles[slot * DOUBLES + NOW] = now;
    this.#doubles[slot * DOUBLES + EVER] = ever;
  }

  /** NONE where they have nothing to do with each other. */
  find(trustor: number, provider: number): number {
    const mask = this.#index.length - 1;
    for (let at = hash(trustor, provider) & mask; ; at = (at + 1) & mask) {
      const slot = this.#index[at]! - 1;
      if (slot < 0) return NONE;
      if (this.trustor(slot) === trustor && this.provider(slot) === provider) return slot;
    }
  }

  /** Of a pair that is not there yet: without trust and without weight. */
  insert(trustor: number, provider: number): number {
    const slot = this.#take();
    this.#integers.fill(0, slot * WORDS, (slot + 1) * WORDS);
    this.#integers[slot * WORDS + TRUSTOR] = trustor;
    this.#integers[slot * WORDS + PROVIDER] = provider;
    this.#floats[slot * WORDS + TRUST] = Number.NaN;
    this.size++;
    if (2 * this.size > this.#index.length) this.#rehash(2 * this.#index.length);
    else this.#enter(slot);
    this.#rowHead = headsFor(this.#rowHead, trustor);
    this.#columnHead = headsFor(this.#columnHead, provider);
    this.#chain(slot, trustor, this.#rowHead, ROW_NEXT, ROW_PREVIOUS);
    this.#chain(slot, provider, this.#columnHead, COLUMN_NEXT, COLUMN_PREVIOUS);
    return slot;
  }

  remove(slot: number): void {
    this.#leave(slot);
    this.#unchain(slot, this.trustor(slot), this.#rowHead, ROW_NEXT, ROW_PREVIOUS);
    this.#unchain(slot, this.provider(slot), this.#columnHead, COLUMN_NEXT, COLUMN_PREVIOUS);
    this.size--;
    this.#integers[slot * WORDS + PROVIDER] = NONE;
    this.#integers[slot * WORDS + ROW_NEXT] = this.#free;
    this.#free = slot;
  }

  #take(): number {
    if (this.#free !== NONE) {
      const slot = this.#free;
      this.#free = this.rowNext(slot);
      return slot;
    }
    if (this.end === this.#room) {
      this.#room *= 2;
      this.#integers = grown(this.#integers, this.#room * WORDS);
      this.#floats = new Float32Array(this.#integers.buffer);
      this.#doubles = new Float64Array(this.#integers.buffer);
    }
    return this.end++;
  }

  #rehash(length: number): void {
    this.#index = new Int32Array(length);
    for (let slot = 0; slot < this.end; slot++) if (this.provider(slot) !== NONE) this.#enter(slot);
  }

  #enter(slot: number): void {
    const mask = this.#index.length - 1;
    let at = hash(this.trustor(slot), this.provider(slot)) & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = slot + 1;
  }

  /** What was pushed on by it moves back, so that no search ends too early. */
  #leave(slot: number): void {
    const mask = this.#index.length - 1;
    let hole = hash(this.trustor(slot), this.provider(slot)) & mask;
    while (this.#index[hole] !== slot + 1) hole = (hole + 1) & mask;
    this.#index[hole] = 0;
    for (let at = (hole + 1) & mask; this.#index[at] !== 0; at = (at + 1) & mask) {
      const other = this.#index[at]! - 1;
      const home = hash(this.trustor(other), this.provider(other)) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#index[hole] = other + 1;
      this.#index[at] = 0;
      hole = at;
    }
  }

  #chain(slot: number, of: number, heads: Int32Array, next: number, previous: number): void {
    const head = heads[of]!;
    this.#integers[slot * WORDS + next] = head;
    this.#integers[slot * WORDS + previous] = NONE;
    if (head !== NONE) this.#integers[head * WORDS + previous] = slot;
    heads[of] = slot;
  }

  #unchain(slot: number, of: number, heads: Int32Array, next: number, previous: number): void {
    const before = this.#integers[slot * WORDS + previous]!;
    const after = this.#integers[slot * WORDS + next]!;
    if (before === NONE) heads[of] = after;
    else this.#integers[before * WORDS + next] = after;
    if (after !== NONE) this.#integers[after * WORDS + previous] = before;
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
