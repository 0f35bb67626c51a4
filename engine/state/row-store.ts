/**
 * Keyed rows of fixed width in plain memory, for state that changes a million times a second. The actor writes numbers
 * straight into the views; it says `touch` before it changes a block of 64 bytes, which saves the block for the
 * record's undo (once a record) and lists it for the changelog (once a transaction).
 *
 * Where a row is no whole number of blocks, its last block begins 64 bytes before the row's end and shares bytes with
 * the one before. Undo goes backwards, so that what both have saved comes out right.
 */
import { assert } from '../base/index.ts';
import type { KeyTable } from '../batch/index.ts';
import type { ChangeReader, ChangeWriter } from './changes.ts';
import { DirtyPages } from './dirty-pages.ts';
import { Slots } from './slots.ts';

export const BLOCK_BYTES = 64;
const BLOCK_WORDS = BLOCK_BYTES / 4;
/**
 * Large memory begins 16 bytes into a page (glibc keeps its length there): behind so many more, a row of 64 bytes is one line of
 * the processor's cache and not parts of two. Elsewhere it costs nothing.
 */
const ALIGNING_BYTES = BLOCK_BYTES - 16;
/** Rows hold doubles. */
const ROW_BYTES_STEP = 8;
/** Of a block: its content is in the undo log since the present savepoint. */
const SAVED = 1;
/** Of a block: it is listed for the changelog. */
const DIRTY = 2;

export function isRowWidth(rowBytes: number): boolean {
  return rowBytes >= BLOCK_BYTES && rowBytes % ROW_BYTES_STEP === 0;
}

export class RowStore {
  readonly rowBytes: number;
  /** Views over all rows; row r begins at byte r * rowBytes. They are replaced when the store grows: do not keep them. */
  u8: Uint8Array;
  i16: Int16Array;
  i32: Int32Array;
  u32: Uint32Array;
  f64: Float64Array;
  readonly #slots: Slots;
  readonly #blocksPerRow: number;
  #capacity = 64;
  readonly #rowWords: number;
  readonly #lastBlock: number;
  /** Within the row. */
  readonly #lastBlockWords: number;
  /** SAVED and DIRTY of each block. Both are listed, too, and taken away by going through the lists. */
  #flags: Uint8Array;
  #undoBlocks = new Int32Array(64);
  #undoWords = new Int32Array(64 * BLOCK_WORDS);
  #undoLength = 0;
  /** What was saved from here on counts as saved: a savepoint wants it saved once more. */
  #undoFrom = 0;
  /** Blocks, in memory that is used again: an array that is emptied for each transaction would be garbage each time. */
  #dirty = new Int32Array(64);
  #dirtyLength = 0;
  #sweepNext = 0;
  /** Null where no local copy is kept. */
  #pages: DirtyPages | null = null;
  readonly #keys: KeyTable;

  constructor(keys: KeyTable, rowBytes: number) {
    assert(isRowWidth(rowBytes), 'a row is a block of 64 bytes at least, and a whole number of doubles');
    this.#keys = keys;
    this.#slots = new Slots(keys);
    this.rowBytes = rowBytes;
    this.#blocksPerRow = Math.ceil(rowBytes / BLOCK_BYTES);
    this.#rowWords = rowBytes / 4;
    this.#lastBlock = this.#blocksPerRow - 1;
    this.#lastBlockWords = this.#rowWords - BLOCK_WORDS;
    const bytes = this.#capacity * rowBytes;
    const memory = new ArrayBuffer(ALIGNING_BYTES + bytes);
    this.u8 = new Uint8Array(memory, ALIGNING_BYTES, bytes);
    this.i16 = new Int16Array(memory, ALIGNING_BYTES, bytes / 2);
    this.i32 = new Int32Array(memory, ALIGNING_BYTES, bytes / 4);
    this.u32 = new Uint32Array(memory, ALIGNING_BYTES, bytes / 4);
    this.f64 = new Float64Array(memory, ALIGNING_BYTES, bytes / 8);
    this.#flags = new Uint8Array(this.#capacity * this.#blocksPerRow);
  }

  /** Live rows. */
  get size(): number {
    return this.#slots.live;
  }

  get bytes(): number {
    return this.u8.byteLength;
  }

  /** The row of (key id, sub), -1 where there is none. `sub` tells several rows of a key apart, e.g. by window. */
  find(keyId: number, sub = 0): number {
    return this.#slots.find(keyId, sub);
  }

  /** `find` under sub[0] for each of keyIds[from, to), into the same places of `rows`. */
  findEach(keyIds: Int32Array, from: number, to: number, sub: Float64Array, rows: Int32Array): void {
    this.#slots.findEach(keyIds, from, to, sub, rows);
  }

  /** `find` of keyIds[i] under subs[i] for i in [from, to), into the same places of `rows`; a key id below 0 has none. */
  findPairs(keyIds: Int32Array, subs: Float64Array, from: number, to: number, rows: Int32Array): void {
    this.#slots.findPairs(keyIds, subs, from, to, rows);
  }

  /** A new row, all zero; the pair must not exist. */
  create(keyId: number, sub = 0): number {
    return this.#cleared(this.#slots.create(keyId, sub));
  }

  /** `create` under sub[0]: an array, so that no double is boxed. */
  createUnder(keyId: number, sub: Float64Array): number {
    return this.#cleared(this.#slots.createUnder(keyId, sub));
  }

  #cleared(row: number): number {
    if (row >= this.#capacity) this.#grow(row);
    this.u8.fill(0, row * this.rowBytes, (row + 1) * this.rowBytes);
    return row;
  }

  remove(row: number): void {
    this.#slots.remove(row);
  }

  keyIdOf(row: number): number {
    return this.#slots.keyIds[row];
  }

  subOf(row: number): number {
    return this.#slots.subs[row];
  }

  isLive(row: number): boolean {
    return this.#slots.isLive(row);
  }

  /** Every live row, in no promised order. */
  *rows(): Generator<number> {
    for (let row = 0; row < this.#slots.used; row++) if (this.#slots.isLive(row)) yield row;
  }

  /** Must be called before block `block` (of 64 bytes, within the row) is written to. */
  touch(row: number, block: number): void {
    const at = row * this.#blocksPerRow + block;
    if ((this.#flags[at] & SAVED) === 0) this.#saveBlock(at, row, block);
  }

  /** As `touchAll`, for each of rows[from, to) that is one. */
  touchEach(rows: Int32Array, from: number, to: number): void {
    const flags = this.#flags;
    const blocks = this.#blocksPerRow;
    for (let i = from; i < to; i++) {
      const row = rows[i]!;
      if (row < 0) continue;
      const first = row * blocks;
      for (let block = 0; block < blocks; block++)
        if ((flags[first + block]! & SAVED) === 0) this.#saveBlock(first + block, row, block);
    }
  }

  #saveBlock(at: number, row: number, block: number): void {
    const flags = this.#flags[at];
    this.#flags[at] = SAVED | DIRTY;
    if (this.#undoLength === this.#undoBlocks.length) this.#growUndo();
    this.#undoBlocks[this.#undoLength] = at;
    const words = this.i32;
    const saved = this.#undoWords;
    let from = this.#wordsAt(row, block);
    let to = this.#undoLength * BLOCK_WORDS;
    for (let i = 0; i < BLOCK_WORDS; i++) saved[to++] = words[from++];
    this.#undoLength++;
    if ((flags & DIRTY) === 0) {
      if (this.#dirtyLength === this.#dirty.length) this.#growDirty();
      this.#dirty[this.#dirtyLength++] = at;
    }
  }

  /** Where the block begins, in words of the store. */
  #wordsAt(row: number, block: number): number {
    return row * this.#rowWords + (block === this.#lastBlock ? this.#lastBlockWords : block * BLOCK_WORDS);
  }

  /** As `touch`, for all blocks of the row. */
  touchAll(row: number): void {
    for (let block = 0; block < this.#blocksPerRow; block++) this.touch(row, block);
  }

  /** A savepoint: two numbers to hand to `rollback`. */
  get slotsMark(): number {
    return this.#slots.undoLength;
  }

  get blocksMark(): number {
    this.#forgetSaved();
    return this.#undoLength;
  }

  /** Blocks that a rollback would copy back. */
  get undoLength(): number {
    return this.#undoLength;
  }

  rollback(slotsMark: number, blocksMark: number): void {
    while (this.#undoLength > blocksMark) {
      this.#undoLength--;
      const at = this.#undoBlocks[this.#undoLength];
      this.#flags[at] &= ~SAVED;
      const row = (at / this.#blocksPerRow) | 0;
      let from = this.#undoLength * BLOCK_WORDS;
      let to = this.#wordsAt(row, at - row * this.#blocksPerRow);
      for (let i = 0; i < BLOCK_WORDS; i++) this.i32[to++] = this.#undoWords[from++];
    }
    this.#forgetSaved();
    this.#slots.rollback(slotsMark);
  }

  settle(): void {
    // What was saved is gone: the next change of the same block must be saved anew.
    this.#forgetSaved();
    this.#undoLength = 0;
    this.#undoFrom = 0;
    this.#slots.settle();
  }

  /** From now on what is collected or restored is noted by page. */
  trackPages(): DirtyPages {
    this.#pages = new DirtyPages(this.rowBytes);
    return this.#pages;
  }

  /** The live rows of the page. */
  writePage(changes: ChangeWriter, page: number): void {
    const { slotsPerPage } = this.#pages as DirtyPages;
    const end = Math.min((page + 1) * slotsPerPage, this.#slots.used);
    for (let row = page * slotsPerPage; row < end; row++) if (this.#slots.isLive(row)) this.#writeRow(changes, row);
  }

  /** Writes what the transaction changed, then starts the next one. */
  collect(changes: ChangeWriter): void {
    const slots = this.#slots;
    if (this.#pages !== null) this.#notePages(this.#pages);
    const { removed, created } = slots;
    for (let i = 0; i < removed.length; i++) changes.removed(removed.at(i));
    for (let i = 0; i < created.length; i++) if (slots.isLive(created.at(i))) this.#writeRow(changes, created.at(i));
    for (let i = 0; i < this.#dirtyLength; i++) {
      const at = this.#dirty[i];
      this.#flags[at] &= ~DIRTY;
      const row = (at / this.#blocksPerRow) | 0;
      if (!slots.isLive(row) || slots.isNew(row)) continue;
      const block = at - row * this.#blocksPerRow;
      changes.block(row, block, this.i32, this.#wordsAt(row, block));
    }
    slots.beginTransaction();
    this.#dirtyLength = 0;
  }

  /** Writes whole rows from where the last call ended until `bytesMax` or the last row; true when the round is done. */
  sweep(changes: ChangeWriter, bytesMax: number): boolean {
    const limit = changes.bytes + bytesMax;
    while (this.#sweepNext < this.#slots.used) {
      const row = this.#sweepNext++;
      if (this.#slots.isLive(row)) this.#writeRow(changes, row);
      if (changes.bytes >= limit && this.#sweepNext < this.#slots.used) return false;
    }
    this.#sweepNext = 0;
    return true;
  }

  /** Before many rows are restored: memory for `slots` of them at once. */
  reserve(slots: number): void {
    if (slots > this.#capacity) this.#grow(slots - 1);
  }

  get slotsUsed(): number {
    return this.#slots.used;
  }

  restore(changes: ChangeReader): void {
    while (changes.next()) {
      const row = changes.slot;
      this.#pages?.add(row);
      if (changes.kind === 'removed') this.#slots.restoreRemoval(row);
      else if (changes.kind === 'row') {
        this.#slots.restore(row, changes.internKey(this.#keys), changes.sub);
        if (row >= this.#capacity) this.#grow(row);
        this.u8.set(changes.content(this.rowBytes), row * this.rowBytes);
      } else if (this.#slots.isLive(row)) {
        this.u8.set(changes.content(BLOCK_BYTES), 4 * this.#wordsAt(row, changes.block));
      }
    }
  }

  forget(): void {
    this.#slots.forget();
  }

  endRestore(): void {
    this.#slots.endRestore();
    this.#slots.beginTransaction();
  }

  #notePages(pages: DirtyPages): void {
    const { removed, created } = this.#slots;
    for (let i = 0; i < removed.length; i++) pages.add(removed.at(i));
    for (let i = 0; i < created.length; i++) pages.add(created.at(i));
    for (let i = 0; i < this.#dirtyLength; i++) pages.add((this.#dirty[i] / this.#blocksPerRow) | 0);
  }

  #forgetSaved(): void {
    for (let i = this.#undoFrom; i < this.#undoLength; i++) this.#flags[this.#undoBlocks[i]] &= ~SAVED;
    this.#undoFrom = this.#undoLength;
  }

  #writeRow(changes: ChangeWriter, row: number): void {
    changes.rowOfWords(row, this.#keys, this.#slots, this.i32, row * this.#rowWords, this.#rowWords);
  }

  #grow(row: number): void {
    while (this.#capacity <= row) this.#capacity *= 2;
    const bytes = this.#capacity * this.rowBytes;
    const memory = new ArrayBuffer(ALIGNING_BYTES + bytes);
    const u8 = new Uint8Array(memory, ALIGNING_BYTES, bytes);
    u8.set(this.u8);
    this.u8 = u8;
    this.i16 = new Int16Array(memory, ALIGNING_BYTES, bytes / 2);
    this.i32 = new Int32Array(memory, ALIGNING_BYTES, bytes / 4);
    this.u32 = new Uint32Array(memory, ALIGNING_BYTES, bytes / 4);
    this.f64 = new Float64Array(memory, ALIGNING_BYTES, bytes / 8);
    const flags = new Uint8Array(this.#capacity * this.#blocksPerRow);
    flags.set(this.#flags);
    this.#flags = flags;
  }

  #growDirty(): void {
    const dirty = new Int32Array(this.#dirty.length * 2);
    dirty.set(this.#dirty);
    this.#dirty = dirty;
  }

  #growUndo(): void {
    const blocks = new Int32Array(this.#undoBlocks.length * 2);
    blocks.set(this.#undoBlocks);
    this.#undoBlocks = blocks;
    const words = new Int32Array(this.#undoWords.length * 2);
    words.set(this.#undoWords);
    this.#undoWords = words;
  }
}
