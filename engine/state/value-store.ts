/**
 * Keyed values of any type that has a codec, for state that is read as objects. A value handed out must not be changed:
 * change a copy and `set` it, or undo and changelog will not know.
 */
import { ByteWriter, type Codec } from '../base/index.ts';
import type { KeyTable } from '../batch/index.ts';
import type { ChangeReader, ChangeWriter } from './changes.ts';
import { DirtyPages } from './dirty-pages.ts';
import { Slots } from './slots.ts';

const VALUE_BYTES_GUESSED = 64;

export class ValueStore<V> {
  readonly #codec: Codec<V>;
  readonly #keys: KeyTable;
  readonly #slots: Slots;
  readonly #scratch = new ByteWriter(256);
  readonly #values: (V | undefined)[] = [];
  /** Slots and the values that they had before, in turn. */
  readonly #undo: { slot: number; before: V | undefined }[] = [];
  readonly #dirty = new Set<number>();
  #sweepNext = 0;
  /** Null where no local copy is kept. */
  #pages: DirtyPages | null = null;

  constructor(keys: KeyTable, codec: Codec<V>) {
    this.#keys = keys;
    this.#codec = codec;
    this.#slots = new Slots(keys);
  }

  get size(): number {
    return this.#slots.live;
  }

  /** A guess: what the codec would need is not kept. */
  get bytes(): number {
    return this.#slots.live * VALUE_BYTES_GUESSED;
  }

  get(keyId: number, sub = 0): Readonly<V> | undefined {
    const slot = this.#slots.find(keyId, sub);
    return slot < 0 ? undefined : this.#values[slot];
  }

  set(keyId: number, value: V, sub = 0): void {
    let slot = this.#slots.find(keyId, sub);
    if (slot < 0) slot = this.#slots.create(keyId, sub);
    this.#undo.push({ slot, before: this.#values[slot] });
    this.#values[slot] = value;
    this.#dirty.add(slot);
  }

  delete(keyId: number, sub = 0): boolean {
    const slot = this.#slots.find(keyId, sub);
    if (slot < 0) return false;
    this.#undo.push({ slot, before: this.#values[slot] });
    this.#values[slot] = undefined;
    this.#slots.remove(slot);
    return true;
  }

  /** Every (key id, sub, value), in no promised order. */
  *entries(): Generator<{ keyId: number; sub: number; value: Readonly<V> }> {
    for (let slot = 0; slot < this.#slots.used; slot++) {
      if (!this.#slots.isLive(slot)) continue;
      yield { keyId: this.#slots.keyIds[slot], sub: this.#slots.subs[slot], value: this.#values[slot] as V };
    }
  }

  get slotsMark(): number {
    return this.#slots.undoLength;
  }

  get blocksMark(): number {
    return this.#undo.length;
  }

  get undoLength(): number {
    return this.#undo.length;
  }

  rollback(slotsMark: number, blocksMark: number): void {
    while (this.#undo.length > blocksMark) {
      const { slot, before } = this.#undo.pop() as { slot: number; before: V | undefined };
      this.#values[slot] = before;
    }
    this.#slots.rollback(slotsMark);
  }

  settle(): void {
    if (this.#undo.length > 0) this.#undo.length = 0;
    this.#slots.settle();
  }

  /** From now on what is collected or restored is noted by page. */
  trackPages(): DirtyPages {
    this.#pages = new DirtyPages(VALUE_BYTES_GUESSED);
    return this.#pages;
  }

  /** The live values of the page. */
  writePage(changes: ChangeWriter, page: number): void {
    const { slotsPerPage } = this.#pages as DirtyPages;
    const end = Math.min((page + 1) * slotsPerPage, this.#slots.used);
    for (let slot = page * slotsPerPage; slot < end; slot++) if (this.#slots.isLive(slot)) this.#write(changes, slot);
  }

  collect(changes: ChangeWriter): void {
    const slots = this.#slots;
    if (this.#pages !== null) {
      for (let i = 0; i < slots.removed.length; i++) this.#pages.add(slots.removed.at(i));
      for (let i = 0; i < slots.created.length; i++) this.#pages.add(slots.created.at(i));
      for (const slot of this.#dirty) this.#pages.add(slot);
    }
    for (let i = 0; i < slots.removed.length; i++) changes.removed(slots.removed.at(i));
    for (const slot of this.#dirty) if (slots.isLive(slot)) this.#write(changes, slot);
    slots.beginTransaction();
    this.#dirty.clear();
  }

  sweep(changes: ChangeWriter, bytesMax: number): boolean {
    const limit = changes.bytes + bytesMax;
    while (this.#sweepNext < this.#slots.used) {
      const slot = this.#sweepNext++;
      if (this.#slots.isLive(slot)) this.#write(changes, slot);
      if (changes.bytes >= limit && this.#sweepNext < this.#slots.used) return false;
    }
    this.#sweepNext = 0;
    return true;
  }

  get slotsUsed(): number {
    return this.#slots.used;
  }

  /** Nothing to do: values lie where they are made. */
  reserve(_slots: number): void {}

  restore(changes: ChangeReader): void {
    while (changes.next()) {
      this.#pages?.add(changes.slot);
      if (changes.kind === 'removed') {
        this.#slots.restoreRemoval(changes.slot);
        this.#values[changes.slot] = undefined;
        continue;
      }
      this.#slots.restore(changes.slot, changes.internKey(this.#keys), changes.sub);
      // An own copy: a codec may keep a view of what it decodes, and the changelog's buffer is used again.
      const content = changes.content().slice();
      this.#values[changes.slot] = this.#codec.decode(content, 0, content.length);
    }
  }

  forget(): void {
    this.#slots.forget();
    this.#values.length = 0;
  }

  endRestore(): void {
    this.#slots.endRestore();
    this.#slots.beginTransaction();
  }

  #write(changes: ChangeWriter, slot: number): void {
    this.#scratch.clear();
    this.#codec.encode(this.#values[slot] as V, this.#scratch);
    const { bytes, position } = this.#scratch;
    changes.row(slot, this.#keys, this.#slots, bytes, 0, position);
  }
}
