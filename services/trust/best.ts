/** The best so many of a walk, kept in order; of equals, who came first stays before. */
export class Best {
  readonly #index: Int32Array;
  readonly #value: Float64Array;
  readonly #room: number;
  size = 0;

  constructor(room: number) {
    this.#room = room;
    this.#index = new Int32Array(room);
    this.#value = new Float64Array(room);
  }

  /** What is not more than it has no place. */
  get least(): number {
    return this.size < this.#room ? Number.NEGATIVE_INFINITY : this.#value[this.size - 1]!;
  }

  offer(index: number, value: number): void {
    if (this.size === this.#room && !(value > this.#value[this.size - 1]!)) return;
    let at = this.size < this.#room ? this.size++ : this.size - 1;
    for (; at > 0 && value > this.#value[at - 1]!; at--) {
      this.#value[at] = this.#value[at - 1]!;
      this.#index[at] = this.#index[at - 1]!;
    }
    this.#value[at] = value;
    this.#index[at] = index;
  }

  indexAt(place: number): number {
    return this.#index[place]!;
  }
}
