/** Names of parties as dense numbers, which come back when nobody holds them any more: what a graph's arrays are indexed by. */
export class Names {
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #free: number[] = [];
  #holders = new Uint32Array(64);

  /** Ids are below it. */
  get end(): number {
    return this.#names.length;
  }

  /** -1: nobody holds it. */
  find(name: string): number {
    return this.#ids.get(name) ?? -1;
  }

  of(id: number): string {
    return this.#names[id]!;
  }

  /** One more holder. */
  hold(name: string): number {
    let id = this.find(name);
    if (id < 0) {
      id = this.#free.pop() ?? this.#names.length;
      this.#ids.set(name, id);
      this.#names[id] = name;
      if (id >= this.#holders.length) {
        const grown = new Uint32Array(2 * this.#holders.length);
        grown.set(this.#holders);
        this.#holders = grown;
      }
    }
    this.#holders[id] = this.#holders[id]! + 1;
    return id;
  }

  /** One holder less; with the last the id may become another name's. */
  release(id: number): void {
    this.#holders[id] = this.#holders[id]! - 1;
    if (this.#holders[id] !== 0) return;
    this.#ids.delete(this.#names[id]!);
    this.#names[id] = '';
    this.#free.push(id);
  }
}
