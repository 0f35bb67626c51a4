/**
 * The addresses of one frame, kept only while it is decoded, to count each once. `clear` wipes them: an address must
 * not outlive its frame anywhere in the process. Open addressing; the table grows with the longest frame seen.
 */
export class AddressSet {
  /** Row + 1 for each slot, 0 where free. */
  #slots = new Uint32Array(128);
  #rows = new Uint8Array(64 * 6);
  #count = 0;

  /** The row of the address; a new one equals the count so far. */
  rowOf(mac: Uint8Array): number {
    if (this.#count * 2 >= this.#slots.length) this.#grow();
    const slot = this.#slotOf(mac, 0);
    const known = this.#slots[slot];
    if (known !== 0) return known - 1;
    const row = this.#count++;
    for (let i = 0; i < 6; i++) this.#rows[row * 6 + i] = mac[i];
    this.#slots[slot] = row + 1;
    return row;
  }

  clear(): void {
    if (this.#count === 0) return;
    this.#slots.fill(0);
    this.#rows.fill(0, 0, this.#count * 6);
    this.#count = 0;
  }

  /** The slot that holds the six bytes at `from`, or the free one where they belong. */
  #slotOf(source: Uint8Array, from: number): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < 6; i++) hash = Math.imul(hash ^ source[from + i], 0x01000193);
    const mask = this.#slots.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot];
      if (row === 0 || this.#isRow(row - 1, source, from)) return slot;
    }
  }

  #isRow(row: number, source: Uint8Array, from: number): boolean {
    for (let i = 0; i < 6; i++) if (this.#rows[row * 6 + i] !== source[from + i]) return false;
    return true;
  }

  #grow(): void {
    const rows = new Uint8Array(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows.fill(0);
    this.#rows = rows;
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let row = 0; row < this.#count; row++) this.#slots[this.#slotOf(rows, row * 6)] = row + 1;
  }
}
