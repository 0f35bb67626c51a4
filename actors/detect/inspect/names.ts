/** Numbers for the names that rules give to what they remember, so that a flow holds numbers alone. */
export class Names {
  readonly #bits = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  readonly #addressBits = new Map<string, number>();
  readonly #texts = new Map<string, number>();
  readonly #textNames: string[] = [];
  readonly #bitNames: string[] = [];
  readonly #numberNames: string[] = [];
  readonly #addressBitNames: string[] = [];

  bit(name: string): number {
    return idIn(this.#bits, name, this.#bitNames);
  }

  number(name: string): number {
    return idIn(this.#numbers, name, this.#numberNames);
  }

  addressBit(name: string): number {
    return idIn(this.#addressBits, name, this.#addressBitNames);
  }

  text(name: string): number {
    return idIn(this.#texts, name, this.#textNames);
  }

  textName(id: number): string {
    return this.#textNames[id]!;
  }

  bitName(id: number): string {
    return this.#bitNames[id]!;
  }

  addressBitName(id: number): string {
    return this.#addressBitNames[id]!;
  }

  numberName(id: number): string {
    return this.#numberNames[id]!;
  }
}

function idIn(map: Map<string, number>, name: string, names: string[]): number {
  const known = map.get(name);
  if (known !== undefined) return known;
  const id = map.size;
  map.set(name, id);
  names.push(name);
  return id;
}
