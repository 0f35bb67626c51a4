/**
 * Which pages of a store differ from its local copy on the disk. A page is a run of slots, so that a change dirties some
 * tens of KiB and not the whole state.
 */
const PAGE_BYTES = 32 * 1024;

export class DirtyPages {
  readonly #shift: number;
  #isDirty = new Uint8Array(64);
  #pages: number[] = [];

  /** `slotBytes`: about what one slot takes in the copy. */
  constructor(slotBytes: number) {
    this.#shift = Math.max(0, Math.floor(Math.log2(PAGE_BYTES / slotBytes)));
  }

  get slotsPerPage(): number {
    return 1 << this.#shift;
  }

  get count(): number {
    return this.#pages.length;
  }

  add(slot: number): void {
    this.addPage(slot >> this.#shift);
  }

  addPage(page: number): void {
    if (page >= this.#isDirty.length) this.#grow(page);
    if (this.#isDirty[page] === 1) return;
    this.#isDirty[page] = 1;
    this.#pages.push(page);
  }

  /** The dirty pages; from now on none is. */
  take(): readonly number[] {
    const pages = this.#pages;
    this.#pages = [];
    for (const page of pages) this.#isDirty[page] = 0;
    return pages;
  }

  #grow(page: number): void {
    const grown = new Uint8Array(Math.max(this.#isDirty.length * 2, page + 1));
    grown.set(this.#isDirty);
    this.#isDirty = grown;
  }
}
