/** The rules that are to be asked, each once and in the order of the rules. Reused for every packet and transaction. */
export class Candidates {
  count = 0;
  readonly #marks: Uint32Array;
  readonly #excluded: Uint32Array;
  readonly #orders: Uint32Array;
  #generation = 0;
  #isSorted = true;

  constructor(size: number) {
    this.#marks = new Uint32Array(size);
    this.#excluded = new Uint32Array(size);
    this.#orders = new Uint32Array(size);
  }

  reset(): void {
    this.count = 0;
    this.#isSorted = true;
    this.#generation = (this.#generation + 1) >>> 0;
    if (this.#generation !== 0) return;
    this.#marks.fill(0);
    this.#excluded.fill(0);
    this.#generation = 1;
  }

  add(order: number): void {
    if (this.#marks[order] === this.#generation) return;
    this.#marks[order] = this.#generation;
    if (this.count > 0 && this.#orders[this.count - 1]! > order) this.#isSorted = false;
    this.#orders[this.count++] = order;
  }

  /** What must not be there was found: the rule is not asked, wherever it was. */
  exclude(order: number): void {
    this.#excluded[order] = this.#generation;
  }

  isExcluded(order: number): boolean {
    return this.#excluded[order] === this.#generation;
  }

  /** By rising order. */
  sort(): void {
    if (!this.#isSorted) this.#orders.subarray(0, this.count).sort();
    this.#isSorted = true;
  }

  at(index: number): number {
    return this.#orders[index]!;
  }
}
