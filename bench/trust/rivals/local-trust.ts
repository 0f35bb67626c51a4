/** Who trusts whom, as a sparse matrix that grows: rows are peers who judge, columns those who are judged. */
export class LocalTrust {
  readonly #index = new Map<string, number>();
  readonly names: string[] = [];
  readonly rows: Map<number, number>[] = [];

  peer(name: string): number {
    let index = this.#index.get(name);
    if (index === undefined) {
      index = this.names.length;
      this.#index.set(name, index);
      this.names.push(name);
      this.rows.push(new Map());
    }
    return index;
  }

  has(name: string): boolean {
    return this.#index.has(name);
  }

  set(from: number, to: number, value: number): void {
    this.rows[from]!.set(to, value);
  }

  get size(): number {
    return this.names.length;
  }
}
