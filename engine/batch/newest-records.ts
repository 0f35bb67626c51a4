/**
 * Which records are the newest of their keys, for compaction. Records are numbered as they come; when a key comes again, the
 * record before is marked, so that none of them has to be looked up a second time. Keys are looked up a stretch of records at
 * a time, in three passes: what a lookup will need is read for all of them before the first is answered, so that they wait for
 * memory together and not one after the other. Keys are compared whole: no hash decides.
 *
 *   index = pairs of i32 hash · i32 id + 1 (0: empty); a power of two of them, at most half full
 *   entry = i32 where the key begins in the arena · i32 its length · f64 number of its newest record
 */
import { type Random, systemRandom } from '../base/index.ts';
import { TABULATION_WORDS, tabulationHash } from './key-table.ts';

const INDEX_MIN = 1024;
const ENTRIES_MIN = 512;
const ENTRY_WORDS = 4;
const AT_LENGTH = 1;
/** In doubles of the entry. */
const AT_NEWEST = 1;
const ARENA_BYTES_MIN = 4096;
const SUPERSEDED_MIN = 1024;

/** Keys of records, as places in bytes; a start below 0 is no key. */
export interface KeyPlaces {
  readonly keyStarts: Int32Array;
  readonly keyEnds: Int32Array;
}

export class NewestRecords {
  /** Keeps what is read ahead from being left out. */
  touched = 0;
  readonly #words: Int32Array;
  #index = new Int32Array(2 * INDEX_MIN);
  #entries = new Int32Array(ENTRIES_MIN * ENTRY_WORDS);
  #newest = new Float64Array(this.#entries.buffer);
  /** A bit for each record. */
  #superseded = new Uint8Array(SUPERSEDED_MIN);
  #records = 0;
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

  /** Records that were taken: the number of the next one. */
  get records(): number {
    return this.#records;
  }

  /** The records [from, to), in their order. */
  take(bytes: Uint8Array, places: KeyPlaces, from: number, to: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const { keyStarts, keyEnds } = places;
    this.#readAhead(view, places, from, to);
    this.#growSuperseded(this.#records + to - from);
    const hashes = this.#hashes;
    for (let i = from; i < to; i++) {
      const record = this.#records++;
      const start = keyStarts[i]!;
      if (start < 0) continue;
      let id = this.#find(view, start, keyEnds[i]!, hashes[i - from]!);
      if (id < 0) id = this.#add(bytes, start, keyEnds[i]!, hashes[i - from]!);
      else this.#supersede(this.#newest[2 * id + AT_NEWEST]!);
      this.#newest[2 * id + AT_NEWEST] = record;
    }
  }

  /** Whether the record of that number is not the newest of its key. */
  isSuperseded(record: number): boolean {
    return ((this.#superseded[record >>> 3]! >>> (record & 7)) & 1) === 1;
  }

  /** Whether there was a record of the key of each of the records [from, to), into the same places of `isKnown`: 1 or 0. */
  findEach(bytes: Uint8Array, places: KeyPlaces, from: number, to: number, isKnown: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const { keyStarts, keyEnds } = places;
    this.#readAhead(view, places, from, to);
    for (let i = from; i < to; i++) {
      const start = keyStarts[i]!;
      isKnown[i] = start >= 0 && this.#find(view, start, keyEnds[i]!, this.#hashes[i - from]!) >= 0 ? 1 : 0;
    }
  }

  #supersede(record: number): void {
    const at = record >>> 3;
    this.#superseded[at] = this.#superseded[at]! | (1 << (record & 7));
  }

  #growSuperseded(records: number): void {
    if (records <= 8 * this.#superseded.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#superseded.length, Math.ceil(records / 8)));
    grown.set(this.#superseded);
    this.#superseded = grown;
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
    this.#newest = new Float64Array(grown.buffer);
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
