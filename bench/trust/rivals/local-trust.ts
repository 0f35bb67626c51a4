/** Who trusts whom, as a sparse matrix that grows: rows are peers who judge, columns those who are judged. */

/** The positive part of a row, divided by its sum. */
export interface Shares {
  readonly to: Int32Array;
  readonly share: Float64Array;
}

export class LocalTrust {
  readonly #index = new Map<string, number>();
  readonly names: string[] = [];
  readonly #rows: Map<number, number>[] = [];
  /** Worked out when asked for; undefined where the row has changed since. */
  readonly #shares: (Shares | null | undefined)[] = [];

  peer(name: string): number {
    let index = this.#index.get(name);
    if (index === undefined) {
      index = this.names.length;
      this.#index.set(name, index);
      this.names.push(name);
      this.#rows.push(new Map());
      this.#shares.push(null);
    }
    return index;
  }

  has(name: string): boolean {
    return this.#index.has(name);
  }

  set(from: number, to: number, value: number): void {
    const row = this.#rows[from]!;
    if (row.get(to) === value) return;
    row.set(to, value);
    this.#shares[from] = undefined;
  }

  /** null where a peer trusts nobody. */
  shares(from: number): Shares | null {
    let shares = this.#shares[from];
    if (shares === undefined) {
      shares = normalised(this.#rows[from]!);
      this.#shares[from] = shares;
    }
    return shares;
  }

  /** One step of the walk: next[to] += share · values[from]; the values of those who trust nobody are summed and returned. */
  step(values: Float64Array, next: Float64Array): number {
    let undecided = 0;
    for (let from = 0; from < values.length; from++) {
      const shares = this.shares(from);
      const own = values[from]!;
      if (shares === null) {
        undecided += own;
        continue;
      }
      const { to, share } = shares;
      for (let i = 0; i < to.length; i++) next[to[i]!] = next[to[i]!]! + own * share[i]!;
    }
    return undecided;
  }

  get size(): number {
    return this.names.length;
  }
}

function normalised(row: ReadonlyMap<number, number>): Shares | null {
  const positive = [...row].filter(([, value]) => value > 0);
  const sum = positive.reduce((total, [, value]) => total + value, 0);
  if (sum === 0) return null;
  return {
    to: Int32Array.from(positive, ([to]) => to),
    share: Float64Array.from(positive, ([, value]) => value / sum),
  };
}
