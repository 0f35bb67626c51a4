/**
 * The newest offset of each key, for compaction. Keys are looked up a stretch of records at a time, in three passes: what a
 * lookup will need is read for all of them before the first is answered, so that they wait for memory together and not one
 * after the other. Keys are compared whole: no hash decides.
 *
 *   index = pairs of i32 hash · i32 id + 1 (0: empty); a power of two of them, at most half full
 *   entry = i32 where the key begins in the arena · i32 its length · f64 offset
 */
import { type Random, systemRandom } from '../base/index.ts';
import { TABULATION_WORDS, tabulationHash } from './key-table.ts';

const INDEX_MIN = 1024;
const ENTRIES_MIN = 512;
const ENTRY_WORDS = 4;
const AT_LENGTH = 1;
/** In doubles of the entry. */
const AT_OFFSET = 1;
const ARENA_BYTES_MIN = 4096;

/** Keys of records, as places in bytes; a start below 0 is no key. */
export interface KeyPlaces {
  readonly keyStarts: Int32Array;
  readonly keyEnds: Int32Array;
}

export class NewestOffsets {
  /** Keeps what is read ahead from being left out. */
  touched = 0;
  readonly #words: Int32Array;
  #index = new Int32Array(2 * INDEX_MIN);
  #entries = new Int32Array(ENTRIES_MIN * ENTRY_WORDS);
  #offsets = new Float64Array(this.#entries.buffer);
  #arena = new Uint8Array(ARENA_BYTES_MIN);
  #arenaView = new DataView(this.#arena.buffer);
  #arenaUsed = 0;
  #size = 0;
  /** Of the stretch at hand. */
  #hashes = new Int32Array(0);
  #ids = new Int32Array(0);

  constructor(random: Random = systemRandom) {
    this.#words = new Int32Array(random.bytes(4 * TABULATION_WORDS).slice().buffer);
  }

  /** Keys. */
  get size(): number {
    return this.#size;
  }

  /** Of the records [from, to), which come in the order of their offsets: `base` and their delta. */
  take(bytes: Uint8Array, places: KeyPlaces, deltas: Int32Array, base: number, from: number, to: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const { keyStarts, keyEnds } = places;
    this.#readAhead(view, places, from, to);
    const hashes = this.#hashes;
    for (let i = from; i < to; i++) {
      const start = keyStarts[i]!;
      if (start < 0) continue;
      let id = this.#find(view, start, keyEnds[i]!, hashes[i - from]!);
      if (id < 0) id = this.#add(bytes, start, keyEnds[i]!, hashes[i - from]!);
      this.#offsets[2 * id + AT_OFFSET] = base + deltas[i]!;
    }
  }

  /** The newest offset of the key of each record [from, to), into the same places of `newest`; -1 where none is known. */
  findEach(bytes: Uint8Array, places: KeyPlaces, from: number, to: number, newest: Float64Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const { keyStarts, keyEnds } = places;
    this.#readAhead(view, places, from, to);
    for (let i = from; i < to; i++) {
      const start = keyStarts[i]!;
      const id = start < 0 ? -1 : this.#find(view, start, keyEnds[i]!, this.#hashes[i - from]!);
      newest[i] = id < 0 ? -1 : this.#offsets[2 * id + AT_OFFSET]!;
    }
  }

  /** Hashes them, and reads what the lookups will look at; what it finds is no answer. */
  #readAhead(view: DataView, { keyStarts, keyEnds }: KeyPlaces, from: number, to: number): void {
    if (to - from > this.#hashes.length) {
      this.#hashes = new Int32Array(to - from);
      this.#ids = new Int32Array(to - from);
    }
    const hashes = this.#hashes;
    const ids = this.#ids;
    const index = this.#index;
    const mask = index.length / 2 - 1;
    const words = this.#words;
    for (let i = from; i < to; i++) {
      const start = keyStarts[i]!;
      hashes[i - from] = start < 0 ? 0 : tabulationHash(view, start, keyEnds[i]!, words);
    }
    const count = to - from;
    for (let i = 0; i < count; i++) {
      const at = 2 * (hashes[i]! & mask);
      ids[i] = index[at] === hashes[i] ? index[at + 1]! - 1 : -1;
    }
    const entries = this.#entries;
    for (let i = 0; i < count; i++) if (ids[i]! >= 0) ids[i] = entries[ids[i]! * ENTRY_WORDS]!;
    const arena = this.#arena;
    let all = 0;
    for (let i = 0; i < count; i++) if (ids[i]! >= 0) all |= arena[ids[i]!]!;
    this.touched = all;
  }

  #find(view: DataView, start: number, end: number, hash: number): number {
    const index = this.#index;
    const mask = index.length / 2 - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const id = index[2 * at + 1]! - 1;
      if (id < 0 || (index[2 * at] === hash && this.#isKey(id, view, start, end))) return id;
    }
  }

  #isKey(id: number, view: DataView, start: number, end: number): boolean {
    const arena = this.#arenaView;
    let keyAt = this.#entries[id * ENTRY_WORDS]!;
    if (this.#entries[id * ENTRY_WORDS + AT_LENGTH] !== end - start) return false;
    let at = start;
    for (; at + 4 <= end; at += 4, keyAt += 4) if (arena.getInt32(keyAt) !== view.getInt32(at)) return false;
    for (; at < end; at++, keyAt++) if (arena.getUint8(keyAt) !== view.getUint8(at)) return false;
    return true;
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const id = this.#size++;
    if (id * ENTRY_WORDS === this.#entries.length) this.#growEntries();
    const length = end - start;
    if (this.#arenaUsed + length > this.#arena.length) this.#growArena(this.#arenaUsed + length);
    const arena = this.#arena;
    let at = this.#arenaUsed;
    this.#entries[id * ENTRY_WORDS] = at;
    this.#entries[id * ENTRY_WORDS + AT_LENGTH] = length;
    for (let i = start; i < end; i++) arena[at++] = bytes[i]!;
    this.#arenaUsed = at;
    if (4 * this.#size > this.#index.length) this.#growIndex();
    link(this.#index, hash, id);
    return id;
  }

  #growEntries(): void {
    const grown = new Int32Array(2 * this.#entries.length);
    grown.set(this.#entries);
    this.#entries = grown;
    this.#offsets = new Float64Array(grown.buffer);
  }

  #growArena(needed: number): void {
    const grown = new Uint8Array(2 * needed);
    grown.set(this.#arena);
    this.#arena = grown;
    this.#arenaView = new DataView(grown.buffer);
  }

  /** Hashes stand in it: no key is hashed again. */
  #growIndex(): void {
    const before = this.#index;
    const grown = new Int32Array(2 * before.length);
    for (let at = 0; at < before.length; at += 2)
      if (before[at + 1] !== 0) link(grown, before[at]!, before[at + 1]! - 1);
    this.#index = grown;
  }
}

function link(index: Int32Array, hash: number, id: number): void {
  const mask = index.length / 2 - 1;
  let at = hash & mask;
  while (index[2 * at + 1] !== 0) at = (at + 1) & mask;
  index[2 * at] = hash;
  index[2 * at + 1] = id + 1;
}
