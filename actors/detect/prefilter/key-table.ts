/** From a key of some bytes to the patterns that have it: open addressing, half full at most. */
export class KeyTable {
  readonly firsts: Int32Array;
  /** By pattern: the next one with the same key, and the bytes from the pattern's start to the key's end. */
  readonly nexts: Int32Array;
  readonly offsets: Uint16Array;
  /** The scan in which all patterns of a place were found. */
  readonly doneIn: Uint32Array;
  readonly #keys: Int32Array;
  readonly #shared: Uint16Array;
  readonly #shift: number;
  readonly #mask: number;

  /** `keys`: how many will be added at most. */
  constructor(keys: number, patterns: number) {
    const bits = Math.max(4, Math.ceil(Math.log2(2 * keys + 1)));
    this.#shift = 32 - bits;
    this.#mask = (1 << bits) - 1;
    this.#keys = new Int32Array(1 << bits);
    this.#shared = new Uint16Array(1 << bits);
    this.firsts = new Int32Array(1 << bits).fill(-1);
    this.doneIn = new Uint32Array(1 << bits);
    this.nexts = new Int32Array(patterns).fill(-1);
    this.offsets = new Uint16Array(patterns);
  }

  /** -1: no pattern has it. */
  placeOf(key: number): number {
    const place = this.#slot(key);
    return this.firsts[place] === -1 ? -1 : place;
  }

  sharedBy(key: number): number {
    return this.#shared[this.#slot(key)]!;
  }

  add(key: number, pattern: number, offset: number): void {
    const place = this.#slot(key);
    this.#keys[place] = key;
    this.nexts[pattern] = this.firsts[place]!;
    this.firsts[place] = pattern;
    this.offsets[pattern] = offset;
    if (this.#shared[place]! < 0xffff) this.#shared[place]! += 1;
  }

  #slot(key: number): number {
    // Another factor than the filter's: what shares a place there is spread here.
    let place = Math.imul(key, 0x85ebca6b) >>> this.#shift;
    while (this.firsts[place] !== -1 && this.#keys[place] !== key) place = (place + 1) & this.#mask;
    return place;
  }
}
