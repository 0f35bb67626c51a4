/**
 * Interns key bytes: each distinct key gets a small dense number, so that state lives in arrays. Open addressing over
 * one byte arena; keys come from devices, so the hash is keyed (a murmur with a seed has collisions that no seed
 * removes) and keys that nobody retains give their id and bytes back in `sweep`.
 */
import { type Random, systemRandom } from '../base/index.ts';
import type { RecordPlaces } from './record-places.ts';

const CAPACITY_MIN = 64;
const ARENA_BYTES_MIN = 4096;
const FREE = -1;
const BLOCK_BYTES = 32;
const CHAIN_ROW = BLOCK_BYTES * 256;
/** What `tabulationHash` needs of secret words. */
export const TABULATION_WORDS: number = CHAIN_ROW + 4 * 256;
/** Places for ids that were asked for of late, as powers of two: twice as many as there are keys, within these. */
const RECENT_BITS_MIN = 12;
const RECENT_BITS_MAX = 16;

export class KeyTable {
  /** The bytes of every key; replaced when it grows or is compacted, so read it again after `intern` or `sweep`. */
  arena: Uint8Array = new Uint8Array(ARENA_BYTES_MIN);

  readonly #words: Int32Array;
  #arenaView = new DataView(this.arena.buffer);
  /** What keys were last looked for in, and a view of it: four bytes at a time are read by far faster. */
  #bytes: Uint8Array = this.arena;
  #view = this.#arenaView;
  /**
   * id + 1 by a hash without a secret: a good guess that costs little, and is compared. Who aims at one place of it only
   * has his own keys looked up the longer way.
   */
  #recent = new Int32Array(2 ** RECENT_BITS_MIN);
  /** How far a hash is shifted to be a place of it. */
  #recentShift = 32 - RECENT_BITS_MIN;
  /** id + 1, or 0 for an empty slot; a power of two, at most half full. */
  #slots = new Int32Array(CAPACITY_MIN * 2);
  #hashes = new Int32Array(CAPACITY_MIN);
  #starts = new Int32Array(CAPACITY_MIN);
  #ends = new Int32Array(CAPACITY_MIN);
  /** How often an id is retained; FREE where it is not in use, then #starts holds the next free id, or -1. */
  #references = new Int32Array(CAPACITY_MIN);
  #arenaUsed = 0;
  #arenaLive = 0;
  #idsUsed = 0;
  #idFree = -1;
  #size = 0;
  #unretained = 0;

  constructor(random: Random = systemRandom) {
    this.#words = new Int32Array(random.bytes(4 * TABULATION_WORDS).slice().buffer);
  }

  /** Keys that have an id. */
  get size(): number {
    return this.#size;
  }

  /** How many of them the next `sweep` would drop. */
  get unretained(): number {
    return this.#unretained;
  }

  /** Every id is below this: the length that arrays indexed by id need. */
  get idsEnd(): number {
    return this.#idsUsed;
  }

  /** Memory held, in bytes. */
  get byteLength(): number {
    return (
      this.arena.length +
      this.#recent.byteLength +
      this.#words.byteLength +
      this.#slots.byteLength +
      4 * this.#hashes.byteLength
    );
  }

  /**
   * The id of the key bytes[start, end), the same until a `sweep` finds it without references. A new key starts with
   * none: who keeps the id beyond the batch at hand retains it.
   */
  intern(bytes: Uint8Array, start: number, end: number): number {
    this.#lookIn(bytes);
    const place = this.#recentPlace(start, end);
    const recent = this.#recent[place]! - 1;
    if (recent >= 0 && this.#isKey(recent, start, end)) return recent;
    const id = this.#find(bytes, start, end);
    this.#recent[place] = id + 1;
    return id;
  }

  /** The id of a key that has one; -1 where it has none. */
  find(bytes: Uint8Array, start: number, end: number): number {
    this.#lookIn(bytes);
    const recent = this.#recent[this.#recentPlace(start, end)]! - 1;
    if (recent >= 0 && this.#isKey(recent, start, end)) return recent;
    const hash = tabulationHash(this.#view, start, end, this.#words);
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot]! - 1;
      if (id < 0 || (this.#hashes[id] === hash && this.#isKey(id, start, end))) return id;
    }
  }

  /**
   * `intern` for the records [from, to) of `places`, as `keyIds`; a null key is taken for an empty one. Stops before
   * the first record that has no value; gives where it stopped.
   */
  internEach(bytes: Uint8Array, places: RecordPlaces, from: number, to: number): number {
    const { keyIds, keyStarts, keyEnds, valueStarts } = places;
    this.#lookIn(bytes);
    const view = this.#view;
    let recents = this.#recent;
    let shift = this.#recentShift;
    for (let index = from; index < to; index++) {
      if (valueStarts[index]! < 0) return index;
      const start = keyStarts[index]!;
      const length = keyEnds[index]! - start;
      if (length < 4 || length > 16) {
        keyIds[index] = start < 0 ? this.intern(bytes, 0, 0) : this.intern(bytes, start, start + length);
        continue;
      }
      // Four words that overlap cover a key of 4 to 16 bytes, whatever its length.
      const last = length - 4;
      const second = Math.min(last, 4);
      const third = Math.min(last, 8);
      const word0 = view.getInt32(start);
      const word1 = view.getInt32(start + second);
      const word2 = view.getInt32(start + third);
      const word3 = view.getInt32(start + last);
      const place =
        Math.imul(word3 ^ Math.imul(word2 ^ Math.imul(word1, 0x85ebca6b), 0xc2b2ae35), 0x9e3779b1) >>> shift;
      const id = recents[place]! - 1;
      if (id >= 0) {
        const arena = this.#arenaView;
        const keyAt = this.#starts[id]!;
        if (
          this.#ends[id]! - keyAt === length &&
          arena.getInt32(keyAt) === word0 &&
          arena.getInt32(keyAt + second) === word1 &&
          arena.getInt32(keyAt + third) === word2 &&
          arena.getInt32(keyAt + last) === word3
        ) {
          keyIds[index] = id;
          continue;
        }
      }
      const found = this.#find(bytes, start, start + length);
      keyIds[index] = found;
      if (recents === this.#recent) recents[place] = found + 1;
      else {
        recents = this.#recent;
        shift = this.#recentShift;
      }
    }
    return to;
  }

  #lookIn(bytes: Uint8Array): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Of the last bytes, in which keys mostly differ. */
  #recentPlace(start: number, end: number): number {
    const view = this.#view;
    const length = end - start;
    if (length < 4) return length;
    const last = view.getInt32(end - 4);
    const before = length < 8 ? length : view.getInt32(end - 8);
    return Math.imul(last ^ Math.imul(before, 0x85ebca6b), 0x9e3779b1) >>> this.#recentShift;
  }

  #find(bytes: Uint8Array, start: number, end: number): number {
    const hash = tabulationHash(this.#view, start, end, this.#words);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const id = slots[slot]! - 1;
      if (id < 0) return this.#add(bytes, start, end, hash, slot);
      if (this.#hashes[id] === hash && this.#isKey(id, start, end)) return id;
      slot = (slot + 1) & mask;
    }
  }

  startOf(id: number): number {
    return this.#starts[id]!;
  }

  endOf(id: number): number {
    return this.#ends[id]!;
  }

  /** A copy, owned by the caller. */
  bytesOf(id: number): Uint8Array {
    return this.arena.slice(this.#starts[id]!, this.#ends[id]!);
  }

  retain(id: number): void {
    if (this.#references[id]!++ === 0) this.#unretained--;
  }

  /** Undoes one `retain`. The id stays valid until the next `sweep`. */
  release(id: number): void {
    if (--this.#references[id]! === 0) this.#unretained++;
  }

  /**
   * Takes back every id without references, and memory that is mostly unused; gives how many. Call it between batches,
   * once `unretained` is a good part of `size`: it costs a pass over the whole table.
   */
  sweep(): number {
    const freed = this.#unretained;
    if (freed === 0) return 0;
    this.#freeIds();
    this.#recent.fill(0);
    this.#size -= freed;
    this.#unretained = 0;
    this.#resizeIds();
    this.#compactArena();
    this.#rebuildSlots();
    return freed;
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    let id = this.#idFree;
    if (id >= 0) this.#idFree = this.#starts[id]!;
    else {
      id = this.#idsUsed;
      if (id === this.#hashes.length) this.#setIdCapacity(id * 2);
      this.#idsUsed++;
    }
    const length = end - start;
    if (this.#arenaUsed + length > this.arena.length) this.#moveArena(this.#arenaUsed + length);
    const at = this.#arenaUsed;
    for (let i = 0; i < length; i++) this.arena[at + i] = bytes[start + i]!;
    this.#arenaUsed = at + length;
    this.#arenaLive += length;
    this.#starts[id] = at;
    this.#ends[id] = at + length;
    this.#hashes[id] = hash;
    this.#references[id] = 0;
    this.#unretained++;
    this.#slots[slot] = id + 1;
    if (++this.#size * 2 > this.#slots.length) this.#rebuildSlots();
    return id;
  }

  #isKey(id: number, start: number, end: number): boolean {
    const view = this.#view;
    const arena = this.#arenaView;
    let keyAt = this.#starts[id]!;
    if (this.#ends[id]! - keyAt !== end - start) return false;
    let at = start;
    for (; at + 4 <= end; at += 4, keyAt += 4) if (arena.getInt32(keyAt) !== view.getInt32(at)) return false;
    for (; at < end; at++, keyAt++) if (arena.getUint8(keyAt) !== view.getUint8(at)) return false;
    return true;
  }

  /** Marks what nobody retains, and links all free ids anew, the lowest first, so that ids stay dense. */
  #freeIds(): void {
    let idsUsed = 0;
    for (let id = 0; id < this.#idsUsed; id++) {
      if (this.#references[id]! > 0) idsUsed = id + 1;
      else if (this.#references[id] === 0) {
        this.#arenaLive -= this.#ends[id]! - this.#starts[id]!;
        this.#references[id] = FREE;
      }
    }
    this.#idsUsed = idsUsed;
    this.#idFree = -1;
    for (let id = idsUsed - 1; id >= 0; id--) {
      if (this.#references[id] !== FREE) continue;
      this.#starts[id] = this.#idFree;
      this.#idFree = id;
    }
  }

  #resizeIds(): void {
    if (this.#idsUsed * 4 > this.#hashes.length) return;
    this.#setIdCapacity(Math.max(CAPACITY_MIN, this.#idsUsed * 2));
  }

  #setIdCapacity(capacity: number): void {
    this.#hashes = resized(this.#hashes, capacity);
    this.#starts = resized(this.#starts, capacity);
    this.#ends = resized(this.#ends, capacity);
    this.#references = resized(this.#references, capacity);
  }

  #compactArena(): void {
    const isSparse = this.#arenaLive * 2 < this.#arenaUsed;
    const isOversized = this.arena.length > ARENA_BYTES_MIN && this.#arenaLive * 4 < this.arena.length;
    if (isSparse || isOversized) this.#moveArena(this.#arenaLive);
  }

  /** Copies the keys that live into an arena with room for `needed` bytes and as many again. */
  #moveArena(needed: number): void {
    const from = this.arena;
    const to = new Uint8Array(Math.max(ARENA_BYTES_MIN, needed * 2));
    let at = 0;
    for (let id = 0; id < this.#idsUsed; id++) {
      if (this.#references[id] === FREE) continue;
      const start = this.#starts[id]!;
      const end = this.#ends[id]!;
      to.set(from.subarray(start, end), at);
      this.#starts[id] = at;
      at += end - start;
      this.#ends[id] = at;
    }
    this.arena = to;
    this.#arenaView = new DataView(to.buffer);
    this.#arenaUsed = at;
  }

  /** Who has many keys, each as often as the others, would find few of them again in a small table. */
  #growRecent(): void {
    const bits = Math.min(RECENT_BITS_MAX, 33 - Math.clz32(this.#size));
    if (bits <= 32 - this.#recentShift) return;
    this.#recent = new Int32Array(2 ** bits);
    this.#recentShift = 32 - bits;
  }

  #rebuildSlots(): void {
    this.#growRecent();
    let length = CAPACITY_MIN * 2;
    while (length < this.#size * 4) length *= 2;
    const slots = new Int32Array(length);
    const mask = length - 1;
    for (let id = 0; id < this.#idsUsed; id++) {
      if (this.#references[id] === FREE) continue;
      let slot = this.#hashes[id]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
  }
}

function resized(from: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(capacity);
  to.set(from.subarray(0, capacity));
  return to;
}

/**
 * Simple tabulation (Zobrist; Pătraşcu and Thorup, "The power of simple tabulation hashing"): a secret random word for
 * each position and byte, combined by exclusive or, so that who does not know the words cannot aim at a slot. After 32
 * bytes the sum so far enters the next block as four more bytes.
 */
export function tabulationHash(bytes: DataView, start: number, end: number, words: Int32Array): number {
  let hash = 0;
  let at = start;
  for (;;) {
    const blockEnd = end - at > BLOCK_BYTES ? at + BLOCK_BYTES : end;
    let row = 0;
    for (; at + 4 <= blockEnd; at += 4, row += 1024) {
      const four = bytes.getInt32(at);
      hash ^=
        words[row + (four >>> 24)]! ^
        words[row + 256 + ((four >>> 16) & 0xff)]! ^
        words[row + 512 + ((four >>> 8) & 0xff)]! ^
        words[row + 768 + (four & 0xff)]!;
    }
    for (; at < blockEnd; row += 256) hash ^= words[row + bytes.getUint8(at++)]!;
    if (at === end) return hash;
    hash =
      words[CHAIN_ROW + (hash & 0xff)]! ^
      words[CHAIN_ROW + 256 + ((hash >>> 8) & 0xff)]! ^
      words[CHAIN_ROW + 512 + ((hash >>> 16) & 0xff)]! ^
      words[CHAIN_ROW + 768 + (hash >>> 24)]!;
  }
}
