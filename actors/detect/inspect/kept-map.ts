/** A map whose changes can be followed: whoever keeps a copy of it elsewhere is told what to write, and nothing else. */
export class KeptMap<V> extends Map<string, V> {
  /** Keys that have changed, and whether they have begun anew, behind all others; null: nobody follows. */
  #changed: Map<string, boolean> | null = null;

  override set(key: string, value: V): this {
    if (!this.has(key)) {
      // Of several that begin anew the last to begin comes last here, too.
      this.#changed?.delete(key);
      this.#changed?.set(key, true);
    } else this.touch(key);
    return super.set(key, value);
  }

  override delete(key: string): boolean {
    if (this.#changed !== null && this.has(key) && !this.#changed.has(key)) this.#changed.set(key, false);
    return super.delete(key);
  }

  /** Its value has changed within itself. */
  touch(key: string): void {
    if (this.#changed !== null && this.has(key) && !this.#changed.has(key)) this.#changed.set(key, false);
  }

  /** From now on `changes` gives what has changed since. */
  follow(): void {
    this.#changed = new Map();
  }

  /** Value null: it is gone. What is called again before the next change gives nothing. */
  *changes(): Generator<{ readonly key: string; readonly value: V | null; readonly isNew: boolean }> {
    if (this.#changed === null || this.#changed.size === 0) return;
    const changed = this.#changed;
    this.#changed = new Map();
    for (const [key, isNew] of changed) yield { key, value: this.get(key) ?? null, isNew };
  }
}
