/** Which device is due first: a binary heap whose entries may be out of date, so that a changed time is one more entry. */
export class DueQueue {
  readonly #times: number[] = [];
  readonly #keyIds: number[] = [];

  /** Infinity where nothing is due. */
  get firstAt(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.#times.length;
  }

  clear(): void {
    this.#times.length = 0;
    this.#keyIds.length = 0;
  }

  push(at: number, keyId: number): void {
    if (at === Number.POSITIVE_INFINITY) return;
    const times = this.#times;
    let place = times.length;
    times.push(at);
    this.#keyIds.push(keyId);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (times[parent]! <= times[place]!) break;
      this.#swap(place, parent);
      place = parent;
    }
  }

  /** The key id of the first entry; only where there is one. */
  pop(): number {
    const first = this.#keyIds[0]!;
    const last = this.#times.length - 1;
    this.#swap(0, last);
    this.#times.pop();
    this.#keyIds.pop();
    const times = this.#times;
    for (let place = 0; ; ) {
      const left = 2 * place + 1;
      const right = left + 1;
      let least = place;
      if (left < last && times[left]! < times[least]!) least = left;
      if (right < last && times[right]! < times[least]!) least = right;
      if (least === place) return first;
      this.#swap(place, least);
      place = least;
    }
  }

  #swap(a: number, b: number): void {
    const [times, keyIds] = [this.#times, this.#keyIds];
    [times[a], times[b]] = [times[b]!, times[a]!];
    [keyIds[a], keyIds[b]] = [keyIds[b]!, keyIds[a]!];
  }
}
