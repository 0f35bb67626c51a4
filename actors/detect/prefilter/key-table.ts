/**
 * From a key of some bytes to the patterns that have it: open addressing, half full at most. What is asked of a place lies
 * side by side, so that a look costs one line of the cache.
 */

const KEY = 0;
/** The first with the key; -1: the place is free. */
const FIRST = 1;
/** The scan in which all patterns of the place were found. */
const DONE = 2;
const STRIDE = 4;

export class KeyTable {
  /** Of what was added, in turn: the next with the same key, whose key it is, and the bytes from that pattern's start to the key's end. */
  readonly nexts: Int32Array;
  readonly patterns: Int32Array;
  readonly offsets: Uint16Array;
  #count = 0;
  readonly #places: Int32Array;
  readonly #shared: Uint16Array;
  readonly #shift: number;
  readonly #mask: number;

  /** `keys`: how many will be added at most. */
  constructor(keys: number) {
    const bits = Math.max(4, Math.ceil(Math.log2(2 * keys + 1)));
    this.#shift = 32 - bits;
    this.#mask = (1 << bits) - 1;
    this.#places = new Int32Array(STRIDE << bits);
    for (let i = 0; i < this.#places.length; i += STRIDE) this.#places[i + FIRST] = -1;
    this.#shared = new Uint16Array(1 << bits);
    this.nexts = new Int32Array(keys);
    this.patterns = new Int32Array(keys);
    this.offsets = new Uint16Array(keys);
  }

  /** -1: no pattern has it. */
  placeOf(key: number): number {
    const place = this.#slot(key);
    return this.#places[place + FIRST] === -1 ? -1 : place;
  }

  firstOf(place: number): number {
    return this.#places[place + FIRST]!;
  }

  isDone(place: number, scan: number): boolean {
    return this.#places[place + DONE] === scan;
  }

  setDone(place: number, scan: number): void {
    this.#places[place + DONE] = scan;
  }

  sharedBy(key: number): number {
    return this.#shared[this.#slot(key) / STRIDE]!;
  }

  add(key: number, pattern: number, offset: number): void {
    const place = this.#slot(key);
    const places = this.#places;
    places[place + KEY] = key;
    const added = this.#count++;
    this.nexts[added] = places[place + FIRST]!;
    places[place + FIRST] = added;
    this.patterns[added] = pattern;
    this.offsets[added] = offset;
    const index = place / STRIDE;
    if (this.#shared[index]! < 0xffff) this.#shared[index]! += 1;
  }

  #slot(key: number): number {
    const places = this.#places;
    // Another factor than the filter's: what shares a place there is spread here.
    let place = Math.imul(key, 0x85ebca6b) >>> this.#shift;
    while (places[place * STRIDE + FIRST] !== -1 && places[place * STRIDE + KEY] !== key)
      place = (place + 1) & this.#mask;
    return place * STRIDE;
  }
}
