/** Numbers for the names that rules give to what they remember, so that a flow holds numbers alone. */
export class Names {
  readonly #bits = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  readonly #addressBits = new Map<string, number>();

  bit(name: string): number {
    return idIn(this.#bits, name);
  }

  number(name: string): number {
    return idIn(this.#numbers, name);
  }

  addressBit(name: string): number {
    return idIn(this.#addressBits, name);
  }
}

function idIn(map: Map<string, number>, name: string): number {
  const known = map.get(name);
  if (known !== undefined) return known;
  map.set(name, map.size);
  return map.size - 1;
}
