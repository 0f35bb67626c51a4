/** The newest items of an endless sequence, bounded. */
export class Ring<T> {
  readonly #items: (T | undefined)[];
  #next = 0;
  /** Items ever added. */
  total = 0;

  constructor(capacity: number) {
    this.#items = new Array<T | undefined>(capacity);
  }

  add(item: T): void {
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#items.length;
    this.total++;
  }

  /** Newest first, at most `limit`. */
  newest(limit = this.#items.length): T[] {
    const size = Math.min(limit, this.total, this.#items.length);
    const found: T[] = [];
    for (let i = 1; i <= size; i++) {
      found.push(this.#items[(this.#next - i + this.#items.length) % this.#items.length] as T);
    }
    return found;
  }
}
