/**
 * Which interactions were counted of late, with what each said: so that the same again is ignored, and other content under
 * the same id corrects. They lie in chunks, in the order in which they came, a row of the store each; an index beside it
 * finds them, and is made anew from the rows. A chunk is forgotten when everything in it is older than the horizon, or when
 * more is known than may be; what is older than `floor` can no longer be told from a repetition.
 *
 *   chunk = f64 entries · f64 newest time · f64 newest receipt · f64 floor when it was begun · 4 unused, then entries of
 *           f64 time · f64 satisfaction · f64 weight · u32 id high · u32 id low · u32 pair · u32 distance to the pair's last
 *
 * An entry's number counts all that ever were; a chunk's `sub` is its number.
 */
import type { RowStore } from '../../engine/index.ts';

const CHUNK_ENTRIES = 64;
const HEAD_DOUBLES = 8;
const ENTRY_DOUBLES = 5;
const CHUNK_DOUBLES = HEAD_DOUBLES + CHUNK_ENTRIES * ENTRY_DOUBLES;
export const CHUNK_BYTES: number = CHUNK_DOUBLES * 8;
const BLOCK_DOUBLES = 8;

const AT_COUNT = 0;
const AT_NEWEST = 1;
const AT_RECEIVED = 2;
const AT_FLOOR = 3;

const AT_TIME = 0;
const AT_SATISFACTION = 1;
const AT_WEIGHT = 2;
/** In words of 32 bits. */
const AT_HIGH = 6;
const AT_LOW = 7;
const AT_PAIR = 8;
const AT_DISTANCE = 9;

/** Numbers are told apart by their lowest bits: far fewer are known at once. */
const NUMBERS = 2 ** 31;
const INDEX_MIN = 1024;

export interface KnownIdsOptions {
  /** How long after its time an interaction is known. */
  readonly horizonMs: number;
  /** So many are known at once, about; a whole number of chunks. */
  readonly idsMax: number;
}

/** What is to be known of an interaction. */
export interface KnownContent {
  time: number;
  satisfaction: number;
  weight: number;
}

export class KnownIds {
  /** Keeps what is read ahead from being left out. */
  touched = 0;
  /** Of the chunk at hand. */
  readonly #hashes = new Int32Array(CHUNK_ENTRIES);
  readonly #rows: RowStore;
  readonly #options: KnownIdsOptions;
  /** Row of each chunk known, by its number, in a ring. */
  #chunks = new Int32Array(16);
  #firstChunk = 0;
  #nextChunk = 0;
  /** Entries in the last chunk. */
  #inLast = 0;
  /** Older ones are not known any more, because there were too many. */
  #raisedFloor = Number.NEGATIVE_INFINITY;
  /** Pairs of words, hash and number + 1; 0 for an empty place. A power of two of them, at most half full. */
  #index = new Int32Array(2 * INDEX_MIN);

  constructor(rows: RowStore, options: KnownIdsOptions) {
    this.#rows = rows;
    this.#options = options;
    this.rebuild();
  }

  get size(): number {
    return this.#nextChunk === this.#firstChunk ? 0 : this.#next - this.#first;
  }

  /** Beside the rows. */
  get indexBytes(): number {
    return this.#index.byteLength + this.#chunks.byteLength;
  }

  /** After a restore or a rollback. */
  rebuild(): void {
    const store = this.#rows;
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (const row of store.rows()) {
      const chunk = store.subOf(row);
      if (chunk < first) first = chunk;
      if (chunk > last) last = chunk;
    }
    this.#raisedFloor = Number.NEGATIVE_INFINITY;
    this.#inLast = 0;
    this.#firstChunk = last < first ? 0 : first;
    this.#nextChunk = last < first ? 0 : last + 1;
    this.#growRing(this.#nextChunk - this.#firstChunk);
    for (const row of store.rows()) this.#chunks[store.subOf(row) & (this.#chunks.length - 1)] = row;
    this.#index.fill(0);
    for (let chunk = this.#firstChunk; chunk < this.#nextChunk; chunk++) {
      const head = this.#rowOf(chunk) * CHUNK_DOUBLES;
      this.#inLast = store.f64[head + AT_COUNT]!;
      this.#raisedFloor = Math.max(this.#raisedFloor, store.f64[head + AT_FLOOR]!);
    }
    this.#reindex(this.#index.length / 2);
  }

  /** Whether an interaction of that time may have been counted and forgotten. `watermark`: how far event time has come. */
  isForgotten(time: number, watermark: number): boolean {
    return time < watermark - this.#options.horizonMs || time < this.#raisedFloor;
  }

  /** The number of the entry; -1 where it is not known, or only by an entry that is too old by now. */
  find(pair: number, high: number, low: number, watermark: number): number {
    const index = this.#index;
    const mask = index.length / 2 - 1;
    const hash = hashOf(pair, low);
    const words = this.#rows.i32;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const stored = index[2 * at + 1]!;
      if (stored === 0) return -1;
      if (index[2 * at] !== hash) continue;
      const number = this.#numberOf(stored);
      const entry = this.#at(number);
      const at32 = 2 * entry;
      const isSame = words[at32 + AT_PAIR] === pair && words[at32 + AT_HIGH] === high && words[at32 + AT_LOW] === low;
      if (isSame && !this.isForgotten(this.#rows.f64[entry + AT_TIME]!, watermark)) return number;
    }
  }

  /** Reads the places at which ids will be looked for, so that they are near; what it gives says nothing. */
  look(pairs: Int32Array, lows: Int32Array, from: number, to: number): number {
    const index = this.#index;
    const mask = index.length / 2 - 1;
    let all = 0;
    for (let i = from; i < to; i++) all |= index[2 * (hashOf(pairs[i]!, lows[i]!) & mask)]!;
    return all;
  }

  /**
   * Adds what was not known; `last` is the number of the pair's last entry, -1 for none. `receivedMs` is the time of its
   * record, `keyId` any key of the record at hand. Gives the number.
   */
  add(
    keyId: number,
    pair: number,
    last: number,
    high: number,
    low: number,
    content: KnownContent,
    receivedMs: number,
    watermark: number,
  ): number {
    if (this.#nextChunk === this.#firstChunk || this.#inLast === CHUNK_ENTRIES) this.#begin(keyId, watermark);
    const chunk = this.#nextChunk - 1;
    const number = chunk * CHUNK_ENTRIES + this.#inLast;
    const row = this.#rowOf(chunk);
    const inRow = HEAD_DOUBLES + this.#inLast * ENTRY_DOUBLES;
    this.#inLast++;
    this.#touch(row, 0);
    this.#touch(row, inRow);
    this.#touch(row, inRow + ENTRY_DOUBLES - 1);
    const doubles = this.#rows.f64;
    const words = this.#rows.u32;
    const head = row * CHUNK_DOUBLES;
    doubles[head + AT_COUNT] = this.#inLast;
    if (content.time > doubles[head + AT_NEWEST]!) doubles[head + AT_NEWEST] = content.time;
    if (receivedMs > doubles[head + AT_RECEIVED]!) doubles[head + AT_RECEIVED] = receivedMs;
    const entry = head + inRow;
    doubles[entry + AT_TIME] = content.time;
    doubles[entry + AT_SATISFACTION] = content.satisfaction;
    doubles[entry + AT_WEIGHT] = content.weight;
    words[2 * entry + AT_HIGH] = high;
    words[2 * entry + AT_LOW] = low;
    words[2 * entry + AT_PAIR] = pair;
    words[2 * entry + AT_DISTANCE] = last < this.#first ? 0 : number - last;
    if (4 * this.size > this.#index.length) this.#reindex(this.#index.length);
    else this.#link(hashOf(pair, low), number);
    return number;
  }

  read(number: number, into: KnownContent): void {
    const doubles = this.#rows.f64;
    const entry = this.#at(number);
    into.time = doubles[entry + AT_TIME]!;
    into.satisfaction = doubles[entry + AT_SATISFACTION]!;
    into.weight = doubles[entry + AT_WEIGHT]!;
  }

  correct(number: number, content: KnownContent): void {
    const chunk = Math.floor(number / CHUNK_ENTRIES);
    const row = this.#rowOf(chunk);
    const inRow = HEAD_DOUBLES + (number - chunk * CHUNK_ENTRIES) * ENTRY_DOUBLES;
    this.#touch(row, 0);
    this.#touch(row, inRow);
    this.#touch(row, inRow + ENTRY_DOUBLES - 1);
    const doubles = this.#rows.f64;
    const head = row * CHUNK_DOUBLES;
    if (content.time > doubles[head + AT_NEWEST]!) doubles[head + AT_NEWEST] = content.time;
    doubles[head + inRow + AT_TIME] = content.time;
    doubles[head + inRow + AT_SATISFACTION] = content.satisfaction;
    doubles[head + inRow + AT_WEIGHT] = content.weight;
  }

  /** Of the same pair, the one before; -1 where none is known any more. */
  before(number: number): number {
    const distance = this.#rows.u32[2 * this.#at(number) + AT_DISTANCE]!;
    return distance === 0 || number - distance < this.#first ? -1 : number - distance;
  }

  /** The number whose lowest 32 bits are given, of an entry of that pair; -1 where none is known any more. */
  numberOf(lowest: number, pair: number): number {
    const first = this.#first;
    const behind = (lowest - (first >>> 0)) >>> 0;
    if (behind >= this.size) return -1;
    const number = first + behind;
    return this.#rows.u32[2 * this.#at(number) + AT_PAIR] === pair ? number : -1;
  }

  get #first(): number {
    return this.#firstChunk * CHUNK_ENTRIES;
  }

  get #next(): number {
    return (this.#nextChunk - 1) * CHUNK_ENTRIES + this.#inLast;
  }

  #begin(keyId: number, watermark: number): void {
    const store = this.#rows;
    const expired = watermark - this.#options.horizonMs;
    while (this.#firstChunk < this.#nextChunk) {
      const head = this.#rowOf(this.#firstChunk) * CHUNK_DOUBLES;
      const isOver = store.f64[head + AT_NEWEST]! < expired;
      if (!isOver && this.size + CHUNK_ENTRIES <= this.#options.idsMax) break;
      // Of clocks that are ahead none may say how much is forgotten.
      if (!isOver)
        this.#raisedFloor = Math.max(
          this.#raisedFloor,
          Math.min(store.f64[head + AT_NEWEST]!, store.f64[head + AT_RECEIVED]!) + 1,
        );
      this.#forgetFirst();
    }
    const row = store.create(keyId, this.#nextChunk);
    this.#nextChunk++;
    this.#growRing(this.#nextChunk - this.#firstChunk);
    this.#chunks[(this.#nextChunk - 1) & (this.#chunks.length - 1)] = row;
    this.#inLast = 0;
    this.#touch(row, 0);
    const head = row * CHUNK_DOUBLES;
    store.f64[head + AT_NEWEST] = Number.NEGATIVE_INFINITY;
    store.f64[head + AT_RECEIVED] = Number.NEGATIVE_INFINITY;
    store.f64[head + AT_FLOOR] = this.#raisedFloor;
  }

  #forgetFirst(): void {
    const row = this.#rowOf(this.#firstChunk);
    const words = this.#rows.u32;
    const count = this.#rows.f64[row * CHUNK_DOUBLES + AT_COUNT]!;
    const hashes = this.#hashes;
    const index = this.#index;
    const mask = index.length / 2 - 1;
    // Their places are read before the first is emptied: so they wait for memory together.
    for (let i = 0; i < count; i++) {
      const entry = 2 * (row * CHUNK_DOUBLES + HEAD_DOUBLES + i * ENTRY_DOUBLES);
      hashes[i] = hashOf(words[entry + AT_PAIR]!, words[entry + AT_LOW]!);
    }
    let all = 0;
    for (let i = 0; i < count; i++) all |= index[2 * (hashes[i]! & mask)]!;
    this.touched = all;
    for (let i = 0; i < count; i++) this.#unlink(hashes[i]!, this.#first + i);
    this.#rows.remove(row);
    this.#firstChunk++;
  }

  #touch(row: number, double: number): void {
    this.#rows.touch(row, Math.floor(double / BLOCK_DOUBLES));
  }

  #rowOf(chunk: number): number {
    return this.#chunks[chunk & (this.#chunks.length - 1)]!;
  }

  /** Of an entry, in doubles of the store. */
  #at(number: number): number {
    const chunk = Math.floor(number / CHUNK_ENTRIES);
    return this.#rowOf(chunk) * CHUNK_DOUBLES + HEAD_DOUBLES + (number - chunk * CHUNK_ENTRIES) * ENTRY_DOUBLES;
  }

  #numberOf(stored: number): number {
    const first = this.#first;
    const behind = (stored - 1 - (first % NUMBERS) + NUMBERS) % NUMBERS;
    return first + behind;
  }

  #link(hash: number, number: number): void {
    const index = this.#index;
    const mask = index.length / 2 - 1;
    let at = hash & mask;
    while (index[2 * at + 1] !== 0) at = (at + 1) & mask;
    index[2 * at] = hash;
    index[2 * at + 1] = (number % NUMBERS) + 1;
  }

  /** The rest of its run moves up (Knuth, vol. 3, 6.4, algorithm R). */
  #unlink(hash: number, number: number): void {
    const index = this.#index;
    const mask = index.length / 2 - 1;
    const stored = (number % NUMBERS) + 1;
    let hole = hash & mask;
    while (index[2 * hole + 1] !== stored) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; index[2 * at + 1] !== 0; at = (at + 1) & mask) {
      if (((at - index[2 * at]!) & mask) < ((at - hole) & mask)) continue;
      index[2 * hole] = index[2 * at]!;
      index[2 * hole + 1] = index[2 * at + 1]!;
      hole = at;
    }
    index[2 * hole + 1] = 0;
  }

  /** Of `places` at least, and twice as many as there are entries. */
  #reindex(places: number): void {
    let length = places;
    while (length < 2 * this.size) length *= 2;
    this.#index = new Int32Array(2 * length);
    const words = this.#rows.u32;
    for (let number = this.#first; number < this.#first + this.size; number++) {
      const entry = 2 * this.#at(number);
      this.#link(hashOf(words[entry + AT_PAIR]!, words[entry + AT_LOW]!), number);
    }
  }

  #growRing(chunks: number): void {
    if (chunks <= this.#chunks.length) return;
    let length = this.#chunks.length;
    while (length < chunks) length *= 2;
    const grown = new Int32Array(length);
    for (let chunk = this.#firstChunk; chunk < this.#nextChunk; chunk++)
      grown[chunk & (length - 1)] = this.#rowOf(chunk);
    this.#chunks = grown;
  }
}

function hashOf(pair: number, low: number): number {
  const h = Math.imul(pair ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
  return h ^ (h >>> 15);
}
