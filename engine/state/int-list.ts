/** A list of 32-bit integers in memory that is kept when it is emptied: an array would be made anew each time. */
export class IntList {
  length = 0;
  #items = new Int32Array(16);

  push(item: number): void {
    if (this.length === this.#items.length) {
      const grown = new Int32Array(this.length * 2);
      grown.set(this.#items);
      this.#items = grown;
    }
    this.#items[this.length++] = item;
  }

  /** The last one; there must be one. */
  pop(): number {
    return this.#items[--this.length];
  }

  /** `index` is below `length`. */
  at(index: number): number {
    return this.#items[index];
  }

  clear(): void {
    this.length = 0;
  }
}
